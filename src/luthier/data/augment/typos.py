"""Mistakes of typing: a neighbouring key, letters exchanged, one left out or twice."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from luthier.data.augment.pieces import (
    free,
    how_many,
    is_figure,
    is_ideograph,
    is_negation,
    pieces,
    units,
    would_join,
)

_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")

_ALIKE = (
    "的地得", "在再", "做作", "他她它", "那哪", "以已", "己已", "像象", "进近", "带戴", "坐座",
    "须需", "即既", "份分", "和合", "副付幅", "渡度", "历厉", "帐账", "绩迹", "销消", "至致",
    "报抱", "公工", "事是", "性行", "现线", "会汇", "资咨", "长涨", "计记", "元员", "价架", "利力",
    "查察", "反返", "受收", "制治", "由有", "到道", "点店", "其期", "认任", "必毕",
)  # fmt: skip
"""Characters that are typed alike, or nearly, and so taken for each other."""


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


def _homophones() -> dict[str, str]:
    """Character to those that are typed alike."""
    found: dict[str, str] = {}
    for group in _ALIKE:
        for letter in group:
            found[letter] = found.get(letter, "") + group.replace(letter, "")
    return found


NEIGHBOURS = _neighbours()
HOMOPHONES = _homophones()


def typos(text: str, random: Random, strength: float) -> str:
    """The text with one mistake in some of its words; what :func:`free` leaves out stays.

    In Chinese a character becomes one that is typed alike; of others, one is exchanged with the
    next, left out or doubled.

    Args:
        text: Of any language.
        random: What chance decides with.
        strength: Share of the words.
    """
    parts = pieces(text)
    words = len(units(parts))
    able = [place for place in free(parts) if _may_change(parts[place])]
    left = set(able)
    for place in random.sample(able, min(how_many(strength, words), len(able))):
        if place not in left:
            continue
        if is_ideograph(parts[place]):
            needed = words == 1 or _is_between(parts, place)
            _mistake_character(parts, place, left, random, needed=needed)
            words -= not parts[place]
        else:
            parts[place] = _mistake_word(parts[place], random)
    return "".join(parts)


def _may_change(piece: str) -> bool:
    return is_ideograph(piece) or (len(piece) > 2 and piece.isalpha())


def _mistake_word(word: str, random: Random) -> str:
    """The word with a mistake that makes no negation or number of it: ``now`` may become ``no``."""
    # The first letter carries most of a word's look, and people seldom get it wrong.
    place = random.randrange(1, len(word))
    for mistake in random.sample(_KINDS, len(_KINDS)):
        wrong = mistake(word, place, random)
        if wrong != word and not is_negation(wrong) and not is_figure(wrong):
            return wrong
    return word


def _other_key(word: str, place: int, random: Random) -> str:
    letter = word[place]
    near = NEIGHBOURS.get(letter.lower())
    if near is None:
        return word
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


def _is_between(parts: list[str], place: int) -> bool:
    """Whether the pieces beside this one would become one without it, or may."""
    beside = parts[max(0, place - 1) : place + 2 : 2]
    return not all(beside) or (len(beside) == 2 and would_join(*beside))


def _mistake_character(
    parts: list[str], place: int, left: set[int], random: Random, *, needed: bool
) -> None:
    """Make a mistake at a place that is ``left``, and take away what must not change again."""
    left.discard(place)
    if parts[place] in HOMOPHONES:
        parts[place] = random.choice(HOMOPHONES[parts[place]])
        return
    kind = random.choice(("exchange", "omit", "double"))
    after = place + 1
    if kind == "exchange" and after in left and is_ideograph(parts[after]):
        parts[place], parts[after] = parts[after], parts[place]
        left.discard(after)
    elif kind == "double" or needed:
        parts[place] *= 2
    else:
        parts[place] = ""
