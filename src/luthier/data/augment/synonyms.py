"""Words replaced by what the base itself would write there (Kobayashi 2018)."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from luthier.data.augment.pieces import (
    free,
    how_many,
    is_figure,
    is_ideograph,
    is_kept,
    is_negation,
    pieces,
    units,
)
from luthier.data.tools import Guess, Span, Tools

LEAST = 0.02
"""Probability that a word must have to be taken: below it guesses have little to do with the
text."""

TOP = 10

_OPPOSED = """
above advance advanced advances always bad beat beats below best better boost boosted bottom
bought build buy buying cheap climb climbed climbs close closed closing cold cost costly cut cuts
decline declined declines declining decrease decreased decreases decreasing down downgrade
downgraded drop dropped drops early easy expensive expand expanded fail failed fails fall fallen
falling falls false fast fell few fewer first gain gained gains good great grew grow growing grown
grows growth happy hard hate hated high higher highest hire hired horrible hot improve improved
improves increase increased increases increasing last late lay less like liked lose loses losing
loss losses lost love loved low lower lowered lowest many miss missed misses more narrow narrowed
negative old open opened over plunge plunged poor positive profit profitable profits raise raised
raises right rise risen rises rising rose sad safe sell selling shrank shrink slow slump slumped
small sold strong stronger surge surged terrible top true under unhappy unprofitable up upgrade
upgraded weak weaker widen widened win wins won worse worst wrong young
"""
_OPPOSED_CHARACTERS = (
    "涨跌升降增减高低多少好坏盈亏强弱优劣大小上下进退买卖胜负赢输快慢赚赔喜悲爱恨真假对错新旧"
)

OPPOSED = frozenset(_OPPOSED.split()) | frozenset(_OPPOSED_CHARACTERS)
"""Words whose opposite fits wherever they do, and often carries the label: they stay, and none is
put in."""


def replace_words(
    texts: Sequence[str], randoms: Sequence[Random], strength: float, tools: Tools
) -> list[str]:
    """Each text with some words replaced by others that the base finds likely in their place.

    One word at a time, so that every guess sees the ones before. Words of up to three letters,
    those of ``OPPOSED`` and what :func:`free` leaves out stay. A base knows what fits, not what
    means the same: an opposite that is not among those words may still come in.

    Args:
        texts: In any number.
        randoms: What chance decides with, one a text.
        strength: Share of the words.
        tools: The base.
    """
    split = [pieces(text) for text in texts]
    orders = [
        _places(parts, random, strength) for parts, random in zip(split, randoms, strict=True)
    ]
    for number in range(max(map(len, orders), default=0)):
        turn = [index for index, order in enumerate(orders) if number < len(order)]
        spans = [_span(split[index], orders[index][number]) for index in turn]
        guesses = tools.fill_mask(["".join(split[index]) for index in turn], spans, TOP)
        for index, found in zip(turn, guesses, strict=True):
            place = orders[index][number]
            split[index][place] = _chosen(split[index][place], found, randoms[index])
    return ["".join(parts) for parts in split]


def _places(parts: Sequence[str], random: Random, strength: float) -> list[int]:
    """Which pieces are to be replaced, one after the other."""
    able = [place for place in free(parts) if _may_change(parts[place])]
    return random.sample(able, min(how_many(strength, len(units(parts))), len(able)))


def _may_change(piece: str) -> bool:
    long = is_ideograph(piece) or (len(piece) > 3 and piece.isalpha())
    return long and piece.casefold() not in OPPOSED


def _span(parts: Sequence[str], place: int) -> Span:
    start = sum(map(len, parts[:place]))
    return start, start + len(parts[place])


def _chosen(word: str, guesses: Sequence[Guess], random: Random) -> str:
    """One of the guesses, by their probabilities; the word itself where none will do."""
    fit = [
        (guess, probability)
        for guess, probability in guesses
        if probability >= LEAST and _may_come(guess, word)
    ]
    if not fit:
        return word
    words = [guess for guess, _ in fit]
    (chosen,) = random.choices(words, [probability for _, probability in fit])
    if len(word) > 1 and word.isupper():
        return chosen.upper()
    return chosen[:1].upper() + chosen[1:] if word.istitle() else chosen


def _may_come(guess: str, word: str) -> bool:
    folded = guess.casefold()
    return (
        folded != word.casefold()
        and folded not in OPPOSED
        and is_ideograph(guess) == is_ideograph(word)
        and not (is_negation(guess) or is_figure(guess) or is_kept(guess))
    )
