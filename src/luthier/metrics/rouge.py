"""ROUGE-1, 2 and L (Lin 2004) as Google's rouge-score computes them, with stems."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from luthier.metrics.bleu import ngrams
from luthier.metrics.intervals import Floats
from luthier.metrics.stemming import stem

ROUGE = ("rouge1", "rouge2", "rougeL")
"""Names of the metrics, in the order of the columns."""

WORD = re.compile("[a-z0-9]+")
WORD_OR_HAN = re.compile("[a-z0-9]+|[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")


def rouge_tokens(text: str, language: str = "en") -> list[str]:
    """Stems of the words of a text, and of a Chinese one its characters.

    Args:
        text: Any.
        language: ``zh``, or another: then only Latin letters and digits are words.
    """
    pattern = WORD_OR_HAN if language == "zh" else WORD
    return [stem(word) if len(word) > 3 else word for word in pattern.findall(text.lower())]


def rouge(
    predictions: Sequence[str], references: Sequence[Sequence[str]], languages: Sequence[str]
) -> Floats:
    """(rows, 3): F of words, of pairs of words, and of the longest common subsequence; 0 to 1.

    Of several references that counts which gives the most, for each of the three.

    Args:
        predictions: (rows,) texts.
        references: (rows,) right texts, at least one each.
        languages: (rows,) of the references.
    """
    rows = []
    for text, true, language in zip(predictions, references, languages, strict=True):
        said = rouge_tokens(text, language)
        scores = [_scores(said, rouge_tokens(one, language)) for one in true]
        rows.append(np.max(scores, axis=0))
    return np.array(rows, dtype=np.float64).reshape(-1, len(ROUGE))


def common_subsequence(one: Sequence[str], other: Sequence[str]) -> int:
    """Length of the longest common subsequence, a row of the table in the bits of a number.

    Hyyrö (2004), Bit-parallel LCS-length computation revisited.
    """
    places: dict[str, int] = {}
    for number, token in enumerate(one):
        places[token] = places.get(token, 0) | 1 << number
    every = (1 << len(one)) - 1
    row = every
    for token in other:
        matched = row & places.get(token, 0)
        row = ((row + matched) | (row - matched)) & every
    return len(one) - row.bit_count()


def _scores(said: Sequence[str], true: Sequence[str]) -> list[float]:
    found = []
    for order in (1, 2):
        own, other = ngrams(said, order), ngrams(true, order)
        found.append(_f(_shared(own, other), own.total(), other.total()))
    return [*found, _f(common_subsequence(said, true), len(said), len(true))]


def _shared(own: Counter[tuple[str, ...]], other: Counter[tuple[str, ...]]) -> int:
    return (own & other).total()


def _f(shared: int, said: int, true: int) -> float:
    return 2 * shared / (said + true) if shared else 0.0
