"""Words of running text, for tasks that answer word by word."""

from __future__ import annotations

import re

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


def split_words(text: str) -> list[str]:
    """Words, numbers and punctuation marks of a text, in order.

    English contractions are parted as in the Penn Treebank and in Universal Dependencies
    (``do n't``, ``she 's``); words with hyphens stay whole. Chinese is parted into characters,
    unless it has spaces: then where these are.
    """
    spaced = bool(SPACED.search(text))
    words: list[str] = []
    for found in WORD.finditer(text):
        word = found.group()
        words += word if found["han"] and not spaced else [word]
    return words
