"""Noise of writing: upper and lower case, and punctuation (Karimi et al. 2021, AEDA)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random

from luthier.data.augment.pieces import (
    free,
    how_many,
    is_figure,
    is_ideograph,
    is_kept,
    is_unit,
    pieces,
    reached,
    units,
    would_join,
)

MARKS = (".", ",", ";", ":", "!", "?")
FULL_MARKS = ("。", "，", "；", "：", "！", "？")

_MARK = re.compile(r"[.,;:!?](?=\s|$)|[。，；：！？、]")
"""Marks between words; not the point of ``3.5``."""


def case(text: str, random: Random, strength: float) -> str:
    """The text with some words in lower case, capitals, or with another first letter.

    Args:
        text: In a script with two cases; others stay as they are.
        random: What chance decides with.
        strength: Share of the words.
    """
    parts = pieces(text)
    able = [place for place in free(parts) if parts[place].swapcase() != parts[place]]
    count = min(how_many(strength, len(units(parts))), len(able))
    for place in random.sample(able, count):
        word = parts[place]
        ways = (word.lower(), word.upper(), word[:1].swapcase() + word[1:])
        parts[place] = random.choice([other for other in ways if other != word])
    return "".join(parts)


def punctuation(text: str, random: Random, strength: float) -> str:
    """The text with some marks left out, or some put after words.

    Marks around negations and between figures stay: ``no, good`` is not ``no good``.

    Args:
        text: Of any language; between ideographs the marks are full-width.
        random: What chance decides with.
        strength: Marks that are changed, as a share of the words.
    """
    parts = pieces(text)
    count = how_many(strength, len(units(parts)))
    found = _marks(parts)
    if found and random.random() < 0.5:
        gone = set(random.sample(found, min(count, len(found))))
        return "".join(letter for place, letter in enumerate(text) if place not in gone)
    return _with_marks(parts, random, count)


def _marks(parts: Sequence[str]) -> list[int]:
    """Where in the text a mark stands that may go."""
    negated = reached(parts)
    able: set[int] = set()
    end = 0
    for place, piece in enumerate(parts):
        start, end = end, end + len(piece)
        beside = parts[max(0, place - 1) : place + 2 : 2]
        if is_unit(piece) or is_kept(piece) or place in negated or all(map(is_figure, beside)):
            continue
        if len(piece) > 1 or len(beside) < 2 or not would_join(*beside):
            able.update(range(start, end))
    found = (mark.start() for mark in _MARK.finditer("".join(parts)))
    return [place for place in found if place in able]


def _with_marks(parts: list[str], random: Random, count: int) -> str:
    able = [place for place in free(parts) if _ends_here(parts, place)]
    for place in random.sample(able, min(count, len(able))):
        marks = FULL_MARKS if is_ideograph(parts[place]) else MARKS
        parts[place] += random.choice(marks)
    return "".join(parts)


def _ends_here(parts: Sequence[str], place: int) -> bool:
    """Whether a mark may follow: no mark does yet, and no sign that belongs to the word."""
    after = parts[place + 1] if place + 1 < len(parts) else " "
    return after[0].isspace() or (is_ideograph(parts[place]) and is_ideograph(after))
