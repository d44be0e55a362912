"""Words of running text, for tasks that answer word by word."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

HAN = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
CLITIC = r"['’](?:s|re|ve|ll|d|m)\b"
MARKS = (
    r"\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
    r"\u064b-\u065f\u0900-\u0963\u0966-\u0dff\u0e31-\u0e4e"
)
"""Signs on letters, which ``\\w`` leaves out: accents, points, and those of Indic scripts."""
LETTER = rf"(?:[^\W{HAN}]|[{MARKS}])"

WORD = re.compile(
    rf"""
    (?:https?://|www\.)[^\s{HAN}]*[\w/]
    | [\w.+-]+@[\w-]+(?:\.[\w-]+)+
    | (?:[A-Za-z]\.){{2,}} | (?:Mr|Mrs|Ms|Dr|Prof|Jr|Sr|Inc|Ltd|vs|etc)\.
    | n['’]t\b | {CLITIC} | {LETTER}+?(?=n['’]t\b)
    | \d+(?:[.,:/]\d+)*(?!{LETTER})
    | {LETTER}+(?:(?:-|(?!{CLITIC})['’]){LETTER}+)*
    | (?P<han>[{HAN}]+)
    | (?P<sign>[^\w\s])(?P=sign)*
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""Addresses; abbreviations; parts of contractions; numbers; words; Chinese; punctuation."""

SPACED = re.compile(rf"[{HAN}]\s+[{HAN}]")
CHARACTER = re.compile(rf"[{HAN}]")

Place = tuple[int, int]
"""First character of a word, and the one behind its last."""


def split_words(text: str) -> list[str]:
    """Words, numbers and punctuation marks of a text, in order.

    English contractions are parted as in the Penn Treebank and in Universal Dependencies
    (``do n't``, ``she 's``); words with hyphens stay whole. Chinese is parted into characters,
    unless it has spaces: then where these are.
    """
    return [text[start:end] for start, end in word_places(text)]


def word_places(text: str, *, characters: bool = False) -> list[Place]:
    """Where the words of a text stand.

    Args:
        text: As :func:`split_words` parts it.
        characters: Part Chinese into characters even if it has spaces.
    """
    whole = not characters and bool(SPACED.search(text))
    places: list[Place] = []
    for found in WORD.finditer(text):
        start, end = found.span()
        if found["han"] and not whole:
            places += [(place, place + 1) for place in range(start, end)]
        else:
            places.append((start, end))
    return places


def join_words(words: Sequence[str]) -> tuple[str, list[Place]]:
    """Words as a text, and where they stand in it: spaces between all but Chinese characters."""
    text, places = "", []
    for word in words:
        close = CHARACTER.match(word) and CHARACTER.match(text[-1:])
        text += "" if close or not text else " "
        places.append((len(text), len(text) + len(word)))
        text += word
    return text, places


def by_character(words: Iterable[str]) -> bool:
    """Whether Chinese among words is parted into characters, as far as can be seen."""
    lengths = [len(word) for word in words if CHARACTER.match(word)]
    return sum(length == 1 for length in lengths) >= 0.9 * len(lengths)
