"""How alike two answers are as texts: SQuAD's definition for English, CMRC 2018's for Chinese."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

ARTICLES = re.compile(r"\b(a|an|the)\b")
PUNCTUATION = frozenset(string.punctuation)

HAN = re.compile("([\u4e00-\u9fa5])")
SIGNS = frozenset("-:_*^/\\~`+=，。：？！“”；’《》·、「」（）－～『』")
"""What CMRC 2018 leaves out of an answer."""

_ALONE = (
    r"\.{2,}|[;@#$%&?!\"()\[\]{}<>«»‘„–—]|,(?!\d)|\.(?=[\])}>\"']*\s*$)"
    r"|(?:n't|'(?:ll|re|ve|[smd]))(?!\w)|(?<!\S)'|'(?!\S)"
)
WORD = re.compile(rf"{_ALONE}|(?:(?!{_ALONE})\S)+")
"""A word between Chinese characters, or a sign that stands alone, as NLTK has them."""


@dataclass(frozen=True)
class Wording:
    """What counts in an answer of a language."""

    exact: Callable[[str], str]
    """What must be the same of two answers that are the same."""
    parts: Callable[[str], list[str]]
    """What F1 counts."""
    shared: Callable[[list[str], list[str]], int]
    """How many parts two answers share."""

    def f1(self, prediction: str, truth: str, *, empty: bool) -> float:
        """Harmonic mean of the shares of either answer's parts that the other has.

        Args:
            prediction: The answer given.
            truth: A true answer.
            empty: Whether two answers without any part agree, as in SQuAD 2.0; in 1.1 and CMRC
                2018 they share nothing.
        """
        said, true = self.parts(prediction), self.parts(truth)
        if empty and not (said and true):
            return float(said == true)
        shared = self.shared(said, true)
        return 2 * shared / (len(said) + len(true)) if shared else 0.0


def squad_text(text: str) -> str:
    """An English answer without case, punctuation, articles and repeated white space."""
    kept = "".join(character for character in text.lower() if character not in PUNCTUATION)
    return " ".join(ARTICLES.sub(" ", kept).split())


def cmrc_text(text: str) -> str:
    """A Chinese answer without case and signs."""
    return "".join(character for character in text.lower().strip() if character not in SIGNS)


def cmrc_parts(text: str) -> list[str]:
    """The Chinese characters and, between them, the words of a Chinese answer."""
    parts: list[str] = []
    for number, piece in enumerate(HAN.split(cmrc_text(text))):
        parts += [piece] if number % 2 else WORD.findall(piece)
    return parts


def _words_shared(one: Sequence[str], other: Sequence[str]) -> int:
    return (Counter(one) & Counter(other)).total()


def _longest_run(one: Sequence[str], other: Sequence[str]) -> int:
    return SequenceMatcher(None, one, other, autojunk=False).find_longest_match().size


WORDINGS = {
    "en": Wording(squad_text, lambda text: squad_text(text).split(), _words_shared),
    "zh": Wording(cmrc_text, cmrc_parts, _longest_run),
}
"""Language to what counts in its answers: Rajpurkar et al. (2016, 2018); Cui et al. (2019)."""
