"""Stems of English words: Porter's algorithm (1980) with the extensions of NLTK, as in ROUGE."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise

VOWELS = frozenset("aeiou")
IRREGULAR = {
    "sky": "sky", "skies": "sky", "dying": "die", "lying": "lie", "tying": "tie", "news": "news",
    "innings": "inning", "inning": "inning", "outings": "outing", "outing": "outing",
    "cannings": "canning", "canning": "canning", "howe": "howe", "proceed": "proceed",
    "exceed": "exceed", "succeed": "succeed",
}  # fmt: skip
PLURAL = (("sses", "ss"), ("ies", "i"), ("ss", "ss"), ("s", ""))
DERIVED = (
    ("ational", "ate"), ("tional", "tion"), ("enci", "ence"), ("anci", "ance"), ("izer", "ize"),
    ("bli", "ble"), ("alli", "al"), ("entli", "ent"), ("eli", "e"), ("ousli", "ous"),
    ("ization", "ize"), ("ation", "ate"), ("ator", "ate"), ("alism", "al"), ("iveness", "ive"),
    ("fulness", "ful"), ("ousness", "ous"), ("aliti", "al"), ("iviti", "ive"), ("biliti", "ble"),
    ("fulli", "ful"),
)  # fmt: skip
FURTHER = (
    ("icate", "ic"), ("ative", ""), ("alize", "al"), ("iciti", "ic"), ("ical", "ic"), ("ful", ""),
    ("ness", ""),
)  # fmt: skip
LAST = tuple(
    (ending, "")
    for ending in (
        "al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ion",
        "ou", "ism", "ate", "iti", "ous", "ive", "ize",
    )
)  # fmt: skip


@lru_cache(maxsize=2**16)
def stem(word: str) -> str:
    """The stem of a word in small letters."""
    if word in IRREGULAR:
        return IRREGULAR[word]
    if len(word) <= 2:
        return word
    for step in (_plural, _past, _y, _derived, _further, _last, _e, _ll):
        word = step(word)
    return word


def _replaced(
    word: str, rules: Sequence[tuple[str, str]], holds: Callable[[str, str], bool]
) -> str:
    """The word with the first ending of the rules that it has replaced, if that holds for it.

    Args:
        word: What is shortened.
        rules: Ending and what comes in its place.
        holds: Told what stands before the ending, and the ending.
    """
    for ending, other in rules:
        if word.endswith(ending):
            before = word.removesuffix(ending)
            return before + other if holds(before, ending) else word
    return word


def _plural(word: str) -> str:
    if word.endswith("ies") and len(word) == 4:
        return word[:-1]
    return _replaced(word, PLURAL, lambda _before, _ending: True)


def _past(word: str) -> str:
    if word.endswith("ied"):
        return word[:-1] if len(word) == 4 else word[:-2]
    if word.endswith("eed"):
        return word[:-1] if _measure(word[:-3]) > 0 else word
    for ending in ("ed", "ing"):
        before = word.removesuffix(ending)
        if before != word and not all(_consonants(before)):
            return _completed(before)
    return word


def _completed(word: str) -> str:
    """What is left of a past form or a participle, as its infinitive is written."""
    if word.endswith(("at", "bl", "iz")):
        return word + "e"
    if len(word) >= 2 and word[-1] == word[-2] and _consonants(word)[-1]:
        return word if word[-1] in "lsz" else word[:-1]
    return word + "e" if _measure(word) == 1 and _ends_short(word) else word


def _y(word: str) -> str:
    before = word.removesuffix("y")
    return before + "i" if before != word and len(before) > 1 and _consonants(before)[-1] else word


def _derived(word: str) -> str:
    if word.endswith("alli") and _measure(word[:-4]) > 0:
        return _derived(word[:-2])
    if word.endswith("logi"):
        return word[:-1] if _measure(word[:-3]) > 0 else word
    return _replaced(word, DERIVED, lambda before, _ending: _measure(before) > 0)


def _further(word: str) -> str:
    return _replaced(word, FURTHER, lambda before, _ending: _measure(before) > 0)


def _last(word: str) -> str:
    return _replaced(
        word,
        LAST,
        lambda before, ending: (
            _measure(before) > 1 and (ending != "ion" or before.endswith(("s", "t")))
        ),
    )


def _e(word: str) -> str:
    before = word.removesuffix("e")
    measure = _measure(before)
    short = measure > 1 or (measure == 1 and not _ends_short(before))
    return before if short else word


def _ll(word: str) -> str:
    return word[:-1] if word.endswith("ll") and _measure(word[:-1]) > 1 else word


def _consonants(word: str) -> list[bool]:
    """Whether each letter is one; ``y`` is after a vowel and at the beginning."""
    found: list[bool] = []
    for letter in word:
        found.append(letter not in VOWELS and (letter != "y" or not found or not found[-1]))
    return found


def _measure(word: str) -> int:
    """How often a consonant follows a vowel."""
    return sum(not one and other for one, other in pairwise(_consonants(word)))


def _ends_short(word: str) -> bool:
    """Whether it ends in consonant, vowel, consonant, or is a vowel and a consonant."""
    *_, one, two, three = [False, False, False, *_consonants(word)]
    if len(word) == 2:
        return not two and three
    return len(word) > 2 and one and not two and three and word[-1] not in "wxy"
