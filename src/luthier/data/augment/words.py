"""Random deletion and random swap of words (Wei and Zou 2019, EDA)."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from luthier.data.augment.pieces import free, how_many, is_ideograph, pieces, units, would_join

CLOSING = frozenset(".,;:!?)]}%…。，；：！？、）】》")
"""Marks that stand at the end of the word before them."""

PARTNERS = 20
"""Words that are looked at for one that another may be exchanged with."""


def delete(text: str, random: Random, strength: float) -> str:
    """The text without some of its words; what :func:`free` leaves out stays, as does one word.

    Args:
        text: Of any language; in Chinese characters go, as there are no words without a dictionary.
        random: What chance decides with.
        strength: Share of the words.
    """
    parts = pieces(text)
    places, able = units(parts), free(parts)
    count = min(how_many(strength, len(places)), len(able), len(places) - 1)
    return _without(parts, set(random.sample(able, max(0, count))))


def swap(text: str, random: Random, strength: float) -> str:
    """The text with some of its words in each other's place; Chinese characters with the next.

    Swapping characters over a distance would leave no word whole; next to each other they are
    still read (as letters within a word are). No word moves twice.

    Args:
        text: Of any language.
        random: What chance decides with.
        strength: Share of the words that stand elsewhere afterwards; two at least.
    """
    parts = pieces(text)
    able = free(parts)
    order = random.sample(able, len(able))
    words = [place for place in order if not is_ideograph(parts[place])]
    number = {place: index for index, place in enumerate(words, 1)}
    left = set(able)
    pairs = max(1, round(strength * len(units(parts)) / 2))
    for place in order:
        if pairs == 0:
            break
        near = (
            (place + 1,) if place not in number else words[number[place] : number[place] + PARTNERS]
        )
        other = _partner(parts, place, near, left)
        if other is not None:
            parts[place], parts[other] = parts[other], parts[place]
            left -= {place, other}
            pairs -= 1
    return "".join(parts)


def _partner(parts: list[str], place: int, near: Sequence[int], left: set[int]) -> int | None:
    """The first place near whose piece may come to this one, and this one's there."""
    kind = is_ideograph(parts[place])
    for other in near if place in left else ():
        if other in left and is_ideograph(parts[other]) == kind and parts[other] != parts[place]:
            return other
    return None


def _without(parts: list[str], gone: set[int]) -> str:
    """The pieces joined but for some, with no blank left over where one is gone."""
    text, hole, before = "", False, ""
    for place, piece in enumerate(parts):
        if place in gone:
            hole = True
            continue
        if hole and (not text or text[-1].isspace()):
            if piece[0].isspace():
                piece = piece[1:]
            elif piece[0] in CLOSING:
                text = text[:-1]
        elif hole and would_join(before, piece):
            text += " "
        text, hole, before = text + piece, False, piece
    return text.rstrip() if hole else text
