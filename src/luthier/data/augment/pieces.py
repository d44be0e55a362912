"""A text as words, Chinese characters and what stands between them; what of it may be changed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

CJK = "\u2e80-\u2fdf\u3005\u3007\u3040-\u30fa\u30fc-\u30ff\u3400-\u4dbf\u4e00-\u9fff" + (
    "\uf900-\ufaff\U00020000-\U0003ffff"
)
"""Han, Hiragana and Katakana: scripts without blanks, in which a character is a piece."""

_MARKS = (
    "\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u064b-\u065f\u0670\u0900-\u0963\u0970-\u0dff\u0e31-\u0e3a"
    "\u0e47-\u0e4e\u0eb1-\u0ecd\u0f71-\u0f84\u102b-\u103e\u17b4-\u17d3\u200c\u200d"
)
"""Accents, vowel signs and joiners that follow a letter; Python's ``\\w`` has none of them."""

_LETTER = rf"(?:(?![{CJK}])\w[{_MARKS}]*)"
_ASCII = "[A-Za-z0-9_]"
_NO_ADDRESS = rf"\s<>\"'\u2018-\u201f\u3000-\u303f\uff00-\uffef{CJK}"
_REST = rf"[^{_NO_ADDRESS}]*[^{_NO_ADDRESS}.,;:!?)\]]"
_WHOLE = "|".join([
    r"\[[A-Z][A-Z_]*\d*\]",
    r"<[A-Za-z]\w*>|\{{1,2}\w+\}{1,2}",
    rf"(?:https?://|www\.){_REST}",
    r"[A-Za-z0-9][\w.+-]{0,63}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+",
    r"[A-Za-z0-9][A-Za-z0-9-]{0,62}(?:\.[A-Za-z0-9-]{1,63}){0,3}\.(?:com|cn|org|net|io|gov|edu)"
    rf"(?!{_ASCII})(?:/{_REST})?",
    rf"[@＠](?:{_ASCII}+|\w{{1,30}})",
    r"#\w+#?",
    rf"\$[A-Za-z]{{1,6}}(?!{_ASCII})",
    rf"(?<!{_ASCII})(?:URL|https?)(?![A-Za-z0-9_-])",
])  # fmt: skip
"""Placeholders of masked data, names of users, topics, tickers, addresses: never changed."""

_SIGNS = r"\[<{@＠#$"
"""What is no letter and yet may begin one of them."""

_PIECE = re.compile(
    rf"{_WHOLE}|[{CJK}]"
    rf"|\d+(?:[.,:/]\d+)+(?:[%％‰]|{_LETTER}+)?"
    rf"|{_LETTER}+(?:['’‑-]{_LETTER}+)*(?:(?<=\d)[%％‰])?"
    rf"|(?:[^\w{CJK}{_SIGNS}]|(?!{_WHOLE})[{_SIGNS}])+"
)
_KEPT = re.compile(_WHOLE)
_IDEOGRAPH = re.compile(rf"[{CJK}]")
_CLAUSE = re.compile(r"[.,;:!?。，；：！？\n]")

NEGATIONS = frozenset(
    ["no", "non", "not", "nor", "none", "never", "neither", "nobody", "nothing", "nowhere", "nope",
     "cannot", "without", "hardly", "scarcely", "barely", "rarely", "seldom", "unable",
     *(f"{verb}nt" for verb in (
         "ai", "are", "ca", "could", "did", "does", "do", "had", "has", "have", "is", "need",
         "should", "was", "were", "wo", "would")),
     *"不没無无非未别莫勿弗毋否甭"]
)  # fmt: skip
"""Words that turn what is said into its opposite, so a label would no longer hold."""

_NUMBERS = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred
hundreds thousand thousands million millions billion billions trillion trillions dozen dozens half
third thirds twice thrice percent
"""
NUMBERS = frozenset([*_NUMBERS.split(), "两", "半", "双"])
"""Numbers written out."""

KNOWN = 1 << 16
"""Pieces of which it is remembered what they are: few are most of a text."""

REACH = 4
"""How far behind a negation words belong to it: a word counts twice, a Chinese character once."""


def pieces(text: str) -> list[str]:
    """The text cut into words and figures, single ideographs, and runs of anything else."""
    return _PIECE.findall(text)


@lru_cache(KNOWN)
def is_unit(piece: str) -> bool:
    """Whether a piece is a word, a figure or an ideograph."""
    return (piece[:1].isalnum() or piece[:1] == "_" or is_ideograph(piece)) and not is_kept(piece)


@lru_cache(KNOWN)
def is_kept(piece: str) -> bool:
    """Whether a piece is a placeholder, a name of a user, a topic, a ticker or an address."""
    return _KEPT.fullmatch(piece) is not None


def is_ideograph(piece: str) -> bool:
    """Whether a piece is one character of a script without blanks."""
    return _IDEOGRAPH.fullmatch(piece) is not None


@lru_cache(KNOWN)
def is_figure(piece: str) -> bool:
    """Whether a piece is or holds a number, e.g. ``3.5%``, ``Q3``, ``三``, ``twenty-five``."""
    if any(letter.isnumeric() for letter in piece):
        return is_unit(piece)
    return any(part in NUMBERS for part in re.split("[-‑]", piece.casefold()))


@lru_cache(KNOWN)
def is_negation(piece: str) -> bool:
    """Whether a piece negates, in English or Chinese, by itself or by a part: ``non-profit``."""
    folded = piece.casefold().replace("’", "'")
    return folded.endswith("n't") or any(part in NEGATIONS for part in re.split("[-‑]", folded))


def units(parts: Sequence[str]) -> list[int]:
    """Places of the words, figures and ideographs among the pieces."""
    return [place for place, piece in enumerate(parts) if is_unit(piece)]


def free(parts: Sequence[str]) -> list[int]:
    """Places of the words and ideographs that may be changed.

    Not so negations and what they are about, figures, and what :func:`is_kept`.
    """
    negated = reached(parts)
    return [place for place in units(parts) if place not in negated and not is_figure(parts[place])]


def reached(parts: Sequence[str]) -> set[int]:
    """Places from each negation on, as far as the words behind it belong to it.

    The mark that ends its clause is the last: ``no, good`` without it says another thing.
    """
    found, left = set(), 0
    for place, piece in enumerate(parts):
        if is_unit(piece) and is_negation(piece):
            left = REACH
        elif left <= 0:
            continue
        elif is_unit(piece):
            left -= 1 if is_ideograph(piece) else 2
        elif _CLAUSE.search(piece) and not is_kept(piece):
            left = 0
        found.add(place)
    return found


def would_join(before: str, after: str) -> bool:
    """Whether two words, figures or the like side by side would be read as others."""
    apart = [before, after]
    return all(is_unit(piece) or is_kept(piece) for piece in apart) and (
        pieces(before + after) != apart
    )


def how_many(strength: float, count: int) -> int:
    """How many of ``count`` units a change of this strength is about: one at least."""
    return min(count, max(1, round(strength * count)))
