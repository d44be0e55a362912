"""Mistakes of typing: a neighbouring key, letters exchanged, one left out or twice."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from luthier.data.augment.pieces import how_many, is_ideograph, is_negation, pieces, units

_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


def _neighbours() -> dict[str, str]:
    """Letter to the letters around it on a QWERTY keyboard, each row half a key further right."""
    found: dict[str, str] = {}
    for number, row in enumerate(_ROWS):
        for column, letter in enumerate(row):
            above = _ROWS[number - 1][column : column + 2] if number else ""
            start = max(0, column - 1)
            below = _ROWS[number + 1][start : column + 1] if number + 1 < len(_ROWS) else ""
            found[letter] = row[start:column] + row[column + 1 : column + 2] + above + below
    return found


NEIGHBOURS = _neighbours()


def typos(text: str, random: Random, strength: float) -> str:
    """The text with one mistake in some of its words; numbers and negations stay as they are.

    In Chinese a character is exchanged with the next, left out or doubled.

    Args:
        text: Of any language.
        random: What chance decides with.
        strength: Share of the words.
    """
    parts = pieces(text)
    places = units(parts)
    free = [place for place in places if _may_change(parts[place])]
    for place in random.sample(free, min(how_many(strength, len(places)), len(free))):
        if is_ideograph(parts[place]):
            _mistake_character(parts, place, random, alone=len(places) == 1)
        else:
            parts[place] = _mistake_word(parts[place], random)
    return "".join(parts)


def _may_change(piece: str) -> bool:
    if is_negation(piece):
        return False
    return is_ideograph(piece) or (len(piece) > 2 and piece.isalpha())


def _mistake_word(word: str, random: Random) -> str:
    # The first letter carries most of a word's look, and people seldom get it wrong.
    place = random.randrange(1, len(word))
    return random.choice(_KINDS)(word, place, random)


def _other_key(word: str, place: int, random: Random) -> str:
    letter = word[place]
    near = NEIGHBOURS.get(letter.lower())
    if near is None:
        return _doubled(word, place, random)
    typed = random.choice(near)
    return word[:place] + (typed.upper() if letter.isupper() else typed) + word[place + 1 :]


def _exchanged(word: str, place: int, random: Random) -> str:
    first = min(place, len(word) - 2)
    return word[:first] + word[first + 1] + word[first] + word[first + 2 :]


def _left_out(word: str, place: int, random: Random) -> str:
    return word[:place] + word[place + 1 :]


def _doubled(word: str, place: int, random: Random) -> str:
    return word[: place + 1] + word[place:]


_KINDS: tuple[Callable[[str, int, Random], str], ...] = (
    _other_key, _exchanged, _left_out, _doubled,
)  # fmt: skip


def _mistake_character(parts: list[str], place: int, random: Random, *, alone: bool) -> None:
    after = parts[place + 1] if place + 1 < len(parts) else ""
    kind = random.choice(("exchange", "omit", "double"))
    if kind == "exchange" and is_ideograph(after) and not is_negation(after):
        parts[place], parts[place + 1] = after, parts[place]
    elif kind == "double" or alone:
        parts[place] *= 2
    else:
        parts[place] = ""
