"""A fast linear model of texts, to judge data with: words, pairs of words, runs of characters."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack, vstack
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from luthier.data.minhash import in_order
from luthier.data.shingles import normalise, shingle

Matrix: TypeAlias = Any
"""scipy's csr_array of float32."""

Found = tuple[NDArray[np.int64], NDArray[np.uint64]]
"""(terms,) the text in which a term was found, from 0, and the term's hash."""

TOKENS = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}]|[\p{L}\p{M}\p{N}']+|[!?！？]|:\)|:\("
"""Characters of scripts without blanks, words, and the marks that carry a mood."""

LETTERS = 4
"""Characters of a run in scripts with letters."""

CHUNK = 20_000
"""Rows worked on at a time, which bounds the memory."""

MOST_STEPS = 60
MOST_FEATURES = 300_000
LEARNT_ROWS = 40_000
"""Rows that a model learns from at most; it judges all."""

MOST_JUDGED = 100_000
"""Rows that are judged by cross-validation at most."""


@dataclass(frozen=True)
class Vocabulary:
    """Terms of one kind that count, and how much: tf-idf, logarithmic counts, rows of length 1."""

    found: Callable[[pl.Series], Found]
    """Gives the terms of texts."""
    terms: NDArray[np.uint64]
    """(features,) hashes of terms, sorted."""
    weights: NDArray[np.float64]
    """(features,) inverse document frequency."""

    @classmethod
    def of(cls, texts: pl.Series, found: Callable[[pl.Series], Found]) -> Vocabulary:
        """The terms that occur in more than one of the texts, or of a sample of them."""
        sample = texts[:: max(1, len(texts) // LEARNT_ROWS)]
        parts = [_pairs(*found(part)).unique().select("term") for part in _chunks(sample)]
        counted = pl.concat(parts).group_by("term").len("texts").sort("term")
        terms, counts = (counted[name].to_numpy().copy() for name in ("term", "texts"))
        order = np.argsort(-counts.astype(np.int64), kind="stable")[:MOST_FEATURES]
        kept = np.sort(order[counts[order] > 1])
        return cls(found, terms[kept], 1 + np.log((1 + len(sample)) / (1 + counts[kept])))

    def matrix(self, texts: pl.Series) -> Matrix:
        """(texts, features) values."""
        width = len(self.terms)
        owner, term = self.found(texts)
        place = np.minimum(np.searchsorted(self.terms, term), max(0, width - 1))
        known = self.terms[place] == term if width else np.zeros(len(term), dtype=bool)
        counted = _pairs(owner[known], place[known]).group_by("owner", "term").len("times")
        row, column, times = counted.sort("owner", "term").to_numpy().astype(np.int64).T
        values = (1 + np.log(times)) * self.weights[column]
        norm = np.sqrt(np.bincount(row, values**2, minlength=len(texts)))
        scaled = (values / np.maximum(norm, 1e-12)[row]).astype(np.float32)
        return csr_array((scaled, (row, column)), shape=(len(texts), width))


@dataclass(frozen=True)
class Vocabularies:
    """Words and their pairs, and runs of characters."""

    kinds: tuple[Vocabulary, ...]

    @classmethod
    def of(cls, texts: pl.Series) -> Vocabularies:
        """Those of some texts."""
        return cls(tuple(Vocabulary.of(texts, found) for found in (_words, _runs)))

    def matrix(self, texts: pl.Series) -> Matrix:
        """(rows, features) for any texts, each row of two parts of length 1."""
        parts = [hstack([kind.matrix(part) for kind in self.kinds]) for part in _chunks(texts)]
        return csr_array(vstack(parts, format="csr"))


def cross_validated(
    matrix: Matrix,
    labels: NDArray[np.int64],
    groups: NDArray[np.int64],
    *,
    folds: int = 5,
    seed: int = 0,
    workers: int = 1,
) -> NDArray[np.float64]:
    """For each row the probabilities that a model gives which has not seen it: (rows, classes).

    Args:
        matrix: (rows, features) values.
        labels: (rows,) numbers of classes, from 0.
        groups: (rows,) rows of one group are judged by the same model.
        folds: How many models.
        seed: Decides who is judged by which.
        workers: Threads; the result does not depend on them.
    """
    fold = deal(labels, groups, folds, seed)
    classes = int(labels.max()) + 1
    found = np.zeros((len(labels), classes))

    def judge(number: int) -> NDArray[np.float64]:
        seen = thinned(np.flatnonzero(fold != number), seed + number)
        return fitted(matrix[seen], labels[seen], classes)(matrix[fold == number])

    for number, judged in enumerate(in_order(range(folds), judge, workers)):
        found[fold == number] = judged
    return found


def fitted(
    seen: Matrix, labels: NDArray[np.int64], classes: int
) -> Callable[[Matrix], NDArray[np.float64]]:
    """A model that learned from ``seen``: gives (rows, classes) probabilities for other rows."""
    known = np.unique(labels)
    model = LogisticRegression(C=2.0, max_iter=MOST_STEPS, tol=1e-3)
    if len(known) > 1:
        with warnings.catch_warnings():
            # A model that is nearly fitted ranks as well as one that is.
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(seen, labels)

    def judge(asked: Matrix) -> NDArray[np.float64]:
        found = np.zeros((asked.shape[0], classes))
        found[:, known] = model.predict_proba(asked) if len(known) > 1 else 1.0
        return found

    return judge


def judged_by_others(
    texts: pl.Series,
    labels: NDArray[np.int64],
    groups: NDArray[np.int64],
    *,
    seed: int = 0,
    workers: int = 1,
) -> NDArray[np.float64]:
    """What models say of rows that they did not learn from: (rows, classes) probabilities.

    Of very many rows a sample is judged by cross-validation, and a model of the sample judges the
    others.

    Args:
        texts: (rows,) texts.
        labels: (rows,) numbers of classes, from 0.
        groups: (rows,) rows of one group are judged by the same model.
        seed: Decides samples and folds.
        workers: Threads; the result does not depend on them.
    """
    random = np.random.default_rng(seed)
    chosen = np.arange(len(labels))
    if len(chosen) > MOST_JUDGED:
        chosen = np.sort(random.choice(chosen, MOST_JUDGED, replace=False))
    sample, given, grouped = texts.gather(pl.Series(chosen)), labels[chosen], groups[chosen]
    vocabulary = Vocabularies.of(sample)
    matrix = vocabulary.matrix(sample)
    judged = cross_validated(matrix, given, grouped, seed=seed, workers=workers)
    classes = int(labels.max()) + 1
    found = np.zeros((len(labels), classes))
    found[chosen, : judged.shape[1]] = judged
    rest = np.setdiff1d(np.arange(len(labels)), chosen)
    if len(rest):
        seen = thinned(np.arange(len(given)), seed)
        judge = fitted(matrix[seen], given[seen], classes)
        for start in range(0, len(rest), CHUNK):
            part = rest[start : start + CHUNK]
            found[part] = judge(vocabulary.matrix(texts.gather(pl.Series(part))))
    return found


def deal(
    labels: NDArray[np.int64], groups: NDArray[np.int64], folds: int, seed: int
) -> NDArray[np.int64]:
    """The fold of every row: classes spread evenly, groups whole."""
    heads, member = np.unique(groups, return_inverse=True)
    first = np.zeros(len(heads), dtype=np.int64)
    first[member[::-1]] = labels[::-1]
    order = np.lexsort((np.random.default_rng(seed).permutation(len(heads)), first))
    numbers = np.empty(len(heads), dtype=np.int64)
    numbers[order] = np.arange(len(heads)) % folds
    return numbers[member]


def thinned(rows: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """The rows, or a sample of them where they are very many."""
    if len(rows) <= LEARNT_ROWS:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, LEARNT_ROWS, replace=False))


def _chunks(texts: pl.Series) -> Iterator[pl.Series]:
    lowered = texts.fill_null("").str.to_lowercase()
    return (lowered.slice(start, CHUNK) for start in range(0, max(1, len(texts)), CHUNK))


def _pairs(owner: NDArray[np.int64], term: NDArray[Any]) -> pl.DataFrame:
    return pl.DataFrame({"owner": owner, "term": term})


def _words(texts: pl.Series) -> Found:
    """Every word and pair of neighbours."""
    words = texts.str.extract_all(TOKENS)
    counts = words.list.len().to_numpy().astype(np.int64)
    hashes = words.explode().drop_nulls().hash(seed=1).to_numpy()
    rows = np.repeat(np.arange(len(texts)), counts)
    follows = rows[1:] == rows[:-1]
    pairs = (hashes[:-1] * np.uint64(0x9E3779B97F4A7C15) ^ hashes[1:])[follows]
    return np.concatenate([rows, rows[1:][follows]]), np.concatenate([hashes, pairs])


def _runs(texts: pl.Series) -> Found:
    """Every run of characters."""
    rows, terms = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.uint64)]
    begin = 0
    for part in shingle(normalise(texts), alphabetic=LETTERS):
        counts = np.diff(part.starts)
        rows.append(begin + np.repeat(np.arange(len(counts)), counts))
        terms.append(part.hashes.astype(np.uint64))
        begin += len(counts)
    return np.concatenate(rows), np.concatenate(terms)
