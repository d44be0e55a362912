"""Words replaced by what the base itself would write there (Kobayashi 2018)."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from luthier.data.augment.pieces import how_many, is_ideograph, is_negation, pieces, units
from luthier.data.tools import Guess, Span, Tools

LEAST = 0.02
"""Probability that a word must have to be taken: below it guesses have little to do with the
text."""

TOP = 10


def replace_words(
    texts: Sequence[str], randoms: Sequence[Random], strength: float, tools: Tools
) -> list[str]:
    """Each text with some words replaced by others that the base finds likely in their place.

    One word at a time, so that every guess sees the ones before. Short words, numbers and
    negations stay. A base knows what fits, not what means the same: an opposite may fit too.

    Args:
        texts: In any number.
        randoms: What chance decides with, one a text.
        strength: Share of the words.
        tools: The base.
    """
    done = list(texts)
    rounds = [_how_many(text, strength) for text in texts]
    for number in range(max(rounds, default=0)):
        chosen = {}
        for index, text in enumerate(done):
            span = _span(text, randoms[index]) if number < rounds[index] else None
            if span is not None:
                chosen[index] = span
        if not chosen:
            break
        guesses = tools.fill_mask([done[i] for i in chosen], list(chosen.values()), TOP)
        for (index, span), found in zip(chosen.items(), guesses, strict=True):
            done[index] = _filled(done[index], span, found, randoms[index])
    return done


def _how_many(text: str, strength: float) -> int:
    return how_many(strength, len(units(pieces(text))))


def _span(text: str, random: Random) -> Span | None:
    """Where a word is that may be replaced."""
    parts = pieces(text)
    free = [place for place in units(parts) if _may_change(parts[place])]
    if not free:
        return None
    place = random.choice(free)
    start = sum(map(len, parts[:place]))
    return start, start + len(parts[place])


def _may_change(piece: str) -> bool:
    if is_negation(piece):
        return False
    return is_ideograph(piece) or (len(piece) > 3 and piece.isalpha())


def _filled(text: str, span: Span, guesses: Sequence[Guess], random: Random) -> str:
    """The text with one of the guesses in the span, by their probabilities."""
    word = text[span[0] : span[1]]
    fit = [
        (guess, probability)
        for guess, probability in guesses
        if probability >= LEAST
        and guess.casefold() != word.casefold()
        and is_ideograph(guess) == is_ideograph(word)
        and not is_negation(guess)
    ]
    if not fit:
        return text
    words = [guess for guess, _ in fit]
    (chosen,) = random.choices(words, [probability for _, probability in fit])
    if word.istitle() and len(word) > 1:
        chosen = chosen[:1].upper() + chosen[1:]
    return text[: span[0]] + chosen + text[span[1] :]
