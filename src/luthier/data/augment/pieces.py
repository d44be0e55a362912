"""A text as words, Chinese characters and what stands between them."""

from __future__ import annotations

import re
from collections.abc import Sequence

CJK = "\u2e80-\u2fdf\u3005\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff" + (
    "\U00020000-\U0003ffff"
)
"""Han, Hiragana and Katakana: scripts without blanks, in which a character is a piece."""

_LETTER = rf"(?:(?![{CJK}])\w)"
_WHOLE = r"\[[A-Z][A-Z_]*\d*\]|@\w+|https?://[^\s，。！？；]+"
"""Placeholders of masked personal data, names of users and addresses: never cut or changed."""

_PIECE = re.compile(
    rf"{_WHOLE}|[{CJK}]|\d+(?:[.,:/]\d+)+%?|{_LETTER}+(?:['’]{_LETTER}+)*%?|(?:(?!{_WHOLE})[^\w{CJK}])+"
)
_IDEOGRAPH = re.compile(rf"[{CJK}]")

NEGATIONS = frozenset(
    ["no", "not", "nor", "none", "never", "neither", "nobody", "nothing", "nowhere", "cannot",
     "without", "hardly", "scarcely", *"不没無无非未别莫勿弗毋否"]
)  # fmt: skip
"""Words that turn what is said into its opposite, so a label would no longer hold."""


def pieces(text: str) -> list[str]:
    """The text cut into words and figures, single ideographs, and runs of anything else."""
    return _PIECE.findall(text)


def is_unit(piece: str) -> bool:
    """Whether a piece is a word or an ideograph, not blanks or punctuation."""
    if "://" in piece:
        return False
    return piece[:1].isalnum() or piece[:1] == "_" or is_ideograph(piece)


def is_ideograph(piece: str) -> bool:
    """Whether a piece is one character of a script without blanks."""
    return _IDEOGRAPH.fullmatch(piece) is not None


def is_negation(piece: str) -> bool:
    """Whether a piece negates."""
    folded = piece.casefold().replace("’", "'")
    return folded in NEGATIONS or folded.endswith("n't")


def units(parts: Sequence[str]) -> list[int]:
    """Places of the words and ideographs among the pieces."""
    return [place for place, piece in enumerate(parts) if is_unit(piece)]


def how_many(strength: float, count: int) -> int:
    """How many of ``count`` units a change of this strength is about: one at least."""
    return min(count, max(1, round(strength * count)))
