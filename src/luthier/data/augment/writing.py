"""Noise of writing: upper and lower case, and punctuation (Karimi et al. 2021, AEDA)."""

from __future__ import annotations

import re
from random import Random

from luthier.data.augment.pieces import how_many, is_ideograph, pieces, units

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
    places = [place for place in units(parts) if parts[place].swapcase() != parts[place]]
    for place in random.sample(places, how_many(strength, len(places)) if places else 0):
        word = parts[place]
        ways = (word.lower(), word.upper(), word[:1].swapcase() + word[1:])
        parts[place] = random.choice([other for other in ways if other != word])
    return "".join(parts)


def punctuation(text: str, random: Random, strength: float) -> str:
    """The text with some marks left out, or some put after words.

    Args:
        text: Of any language; between ideographs the marks are full-width.
        random: What chance decides with.
        strength: Marks that are changed, as a share of the words.
    """
    count = how_many(strength, len(units(pieces(text))))
    found = [match.start() for match in _MARK.finditer(text)]
    if found and random.random() < 0.5:
        gone = set(random.sample(found, min(count, len(found))))
        return "".join(letter for place, letter in enumerate(text) if place not in gone)
    return _with_marks(text, random, count)


def _with_marks(text: str, random: Random, count: int) -> str:
    parts = pieces(text)
    free = [place for place in units(parts) if _ends_here(parts, place)]
    for place in random.sample(free, min(count, len(free))):
        marks = FULL_MARKS if is_ideograph(parts[place]) else MARKS
        parts[place] += random.choice(marks)
    return "".join(parts)


def _ends_here(parts: list[str], place: int) -> bool:
    """Whether a mark may follow: no mark does yet, and no sign that belongs to the word."""
    after = parts[place + 1] if place + 1 < len(parts) else " "
    return after[0].isspace() or (is_ideograph(parts[place]) and is_ideograph(after))
