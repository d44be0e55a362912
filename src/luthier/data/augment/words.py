"""Random deletion and random swap of words (Wei and Zou 2019, EDA)."""

from __future__ import annotations

from random import Random

from luthier.data.augment.pieces import (
    how_many,
    is_ideograph,
    is_negation,
    pieces,
    units,
)

CLOSING = frozenset(".,;:!?)]}%…。，；：！？、）】》")
"""Marks that stand at the end of the word before them."""


def delete(text: str, random: Random, strength: float) -> str:
    """The text without some of its words; negations stay, and so does at least one word.

    Args:
        text: Of any language; in Chinese characters go, as there are no words without a dictionary.
        random: What chance decides with.
        strength: Share of the words.
    """
    parts = pieces(text)
    places = units(parts)
    free = [place for place in places if not is_negation(parts[place])]
    count = min(how_many(strength, len(places)), len(free), len(places) - 1)
    return _without(parts, set(random.sample(free, max(0, count))))


def swap(text: str, random: Random, strength: float) -> str:
    """The text with some of its words in each other's place; Chinese characters with the next.

    Swapping characters over a distance would leave no word whole; next to each other they are
    still read (as letters within a word are). Negations stay where they are.

    Args:
        text: Of any language.
        random: What chance decides with.
        strength: Share of the words that are swapped with another.
    """
    parts = pieces(text)
    places = units(parts)
    free = [place for place in places if not is_negation(parts[place])]
    allowed = set(free)
    words = [place for place in free if not is_ideograph(parts[place])]
    for place in random.sample(free, min(how_many(strength, len(places)), len(free))):
        if is_ideograph(parts[place]):
            after = place + 1
            others = [after] if after in allowed and is_ideograph(parts[after]) else []
        else:
            others = [other for other in words if parts[other] != parts[place]]
        if others:
            other = random.choice(others)
            parts[place], parts[other] = parts[other], parts[place]
    return "".join(parts)


def _without(parts: list[str], gone: set[int]) -> str:
    """The pieces joined but for some, with no blank left over where one is gone."""
    text, hole = "", False
    for place, piece in enumerate(parts):
        if place in gone:
            hole = True
            continue
        if hole and (not text or text[-1].isspace()):
            if piece[0].isspace():
                piece = piece[1:]
            elif piece[0] in CLOSING:
                text = text[:-1]
        text, hole = text + piece, False
    return text.rstrip() if hole else text
