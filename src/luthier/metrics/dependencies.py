"""Metrics of dependency trees, named and defined as in the CoNLL 2018 shared task.

Zeman et al. 2018, with words as they are given: every word counts, punctuation too, and of a
relation the part before ``:`` alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from luthier.metrics.calibration import Reliability
from luthier.metrics.checks import check_measurable
from luthier.metrics.counts import Counts, divide
from luthier.metrics.intervals import SEED, Floats, estimates, gains, over, samples_of_rows
from luthier.metrics.measures import Measures

DEPENDENCIES = ("uas", "las", "clas", "las_full", "complete_match", "ece")
"""Names of what is measured.

``uas``: words with the right head. ``las``: with the right head and relation. ``clas``: F1 of
``las`` on content words. ``las_full``: ``las`` with subtypes, as ``nsubj:pass``.
``complete_match``: sentences whose every word is right by ``las``. ``ece``: how far the
probabilities of words are from the share that is right by ``las_full``.
"""

CONTENT = frozenset({
    "nsubj", "obj", "iobj", "csubj", "ccomp", "xcomp", "obl", "vocative", "expl", "dislocated",
    "advcl", "advmod", "discourse", "nmod", "appos", "nummod", "acl", "amod", "conj", "fixed",
    "flat", "compound", "list", "parataxis", "orphan", "goeswith", "reparandum", "root", "dep",
})  # fmt: skip
"""Relations of content words; the others are those of function words and punctuation."""


@dataclass(frozen=True)
class Tree:
    """The tree of one sentence, or as much of it as is known."""

    heads: Sequence[int]
    """(words,) number of each word's head from 1; 0: it is the root; -1: not said."""
    deprels: Sequence[str]
    """(words,) relation of each word to its head."""
    probabilities: Sequence[float] = ()
    """(words,) chance that both are right; empty for true trees."""


@dataclass(frozen=True)
class _Words:
    """All words of all sentences, one after the other: (words,) each."""

    sentence: NDArray[np.int64]
    heads: NDArray[np.int64]
    full: NDArray[np.str_]
    """Relations with subtypes."""
    bare: NDArray[np.str_]
    """Relations without."""
    sentences: int

    @classmethod
    def of(cls, trees: Sequence[Tree]) -> _Words:
        """The words of trees."""
        full = [deprel for tree in trees for deprel in tree.deprels]
        return cls(
            np.repeat(np.arange(len(trees)), [len(tree.heads) for tree in trees]),
            np.array([head for tree in trees for head in tree.heads], dtype=np.int64),
            np.array(full, dtype=np.str_),
            np.array([universal(deprel) for deprel in full], dtype=np.str_),
            len(trees),
        )

    def sums(self, values: NDArray[Any]) -> Floats:
        """Values of words (words, k) summed over each sentence: (sentences, k)."""
        summed = np.zeros((self.sentences, values.shape[1]))
        np.add.at(summed, self.sentence, values)
        return summed


def universal(deprel: str) -> str:
    """A relation without its subtype."""
    return deprel.partition(":")[0]


def measure_dependencies(
    truth: Sequence[Tree],
    answers: Sequence[Tree],
    *,
    confidence: float = 0.95,
    resamples: int = 1000,
    seed: int = SEED,
) -> Measures:
    """What trees are worth; intervals are over sentences.

    ``per_class`` has the relations: precision, recall and F1 of words with the right head and
    relation. ``gains`` are over :func:`best_chain`.

    Args:
        truth: Of each sentence.
        answers: Of the same sentences, word for word, with probabilities.
        confidence: Level of the intervals.
        resamples: Bootstrap resamples; 0 leaves the intervals out.
        seed: Of the resampling.

    Raises:
        ValueError: If a sentence has not as many words in both.
        DataError: If there are no words.
        ModelError: If a probability is not a number.
    """
    gold, said = _Words.of(truth), _Words.of(answers)
    if len(truth) != len(answers) or not np.array_equal(gold.sentence, said.sentence):
        raise ValueError("the trees have not the same words")
    chances = np.array([p for tree in answers for p in tree.probabilities], dtype=np.float64)
    check_measurable(gold.heads, chances)
    table, chain = _table(gold, said), _table(gold, _Words.of(best_chain(truth)))
    labels = sorted({*gold.bare.tolist(), *said.bare.tolist()} - {""})
    by_label = _by_label(gold, said, labels)
    reliability = Reliability(chances, (gold.heads == said.heads) & (gold.full == said.full))
    terms = gold.sums(reliability.terms())

    def statistic(weights: Floats) -> dict[str, Floats]:
        counts = (weights @ by_label).reshape(len(weights), 3, len(labels))
        error = divide(np.abs(weights @ terms).sum(-1), weights @ table[:, 0])
        scores = _scores(weights @ table)
        return {**scores, "ece": error, "counts": counts, "chain": weights @ chain}

    drawn = over(samples_of_rows(len(truth), resamples, seed), statistic)
    counts, plain = drawn.pop("counts"), _scores(drawn.pop("chain"))
    metrics = estimates(drawn, confidence)
    return Measures(
        n=len(truth),
        metrics=metrics,
        per_class=Counts(*counts.swapaxes(0, 1)).table(labels, confidence),
        calibration={"ece": metrics["ece"].value, "bins": reliability.curve()},
        gains=gains(drawn, plain, confidence),
    )


def best_chain(truth: Sequence[Tree]) -> list[Tree]:
    """The trees of the better of two rules that look at no word: the best constant answer.

    Every word hangs on the one before it and the first is the root, or on the one after it and
    the last is; whichever ``las`` is higher. The root has the relation that most roots have, the
    other words the one that most words have that hang so.
    """
    gold = _Words.of(truth)
    chains = [_chain(truth, step) for step in (-1, 1)]
    return max(chains, key=lambda chain: _scores(_table(gold, _Words.of(chain)).sum(0))["las"])


def _chain(truth: Sequence[Tree], step: int) -> list[Tree]:
    """Every word hangs on the one ``step`` from it."""
    guesses = [
        [(n + step) % (len(tree.heads) + 1) for n in range(1, len(tree.heads) + 1)]
        for tree in truth
    ]  # fmt: skip
    counts = {True: Counter[str](), False: Counter[str]()}
    for tree, heads in zip(truth, guesses, strict=True):
        for head, guess, deprel in zip(tree.heads, heads, tree.deprels, strict=True):
            counts[head == 0][universal(deprel)] += head in (0, guess)
    usual = {
        root: min(found, key=lambda label: (-found[label], label), default="dep")
        for root, found in counts.items()
    }  # fmt: skip
    return [
        Tree(heads, [usual[head == 0] for head in heads], [1.0] * len(heads)) for heads in guesses
    ]


def _table(gold: _Words, said: _Words) -> Floats:
    """(sentences, 9) counts of each sentence.

    Words; of them right in head, in relation too, and in its subtype; content words in truth,
    in answers, and right; the sentence itself, and that again if every word is right.
    """
    head = gold.heads == said.heads
    right = head & (gold.bare == said.bare)
    content = np.isin(gold.bare, list(CONTENT))
    columns = (
        np.ones(len(right)), head, right, head & (gold.full == said.full),
        content, np.isin(said.bare, list(CONTENT)), content & right,
    )  # fmt: skip
    counts = gold.sums(np.stack(columns, 1).astype(np.float64))
    table: Floats = np.c_[counts, np.ones(len(counts)), counts[:, 0] == counts[:, 2]]
    return table


def _scores(sums: Floats) -> dict[str, Floats]:
    """The metrics of sums of counts: (..., 9) to name -> (...)."""
    words, head, right, full, content, said, found, sentences, whole = np.moveaxis(sums, -1, 0)
    return {
        "uas": divide(head, words),
        "las": divide(right, words),
        "clas": divide(2 * found, content + said),
        "las_full": divide(full, words),
        "complete_match": divide(whole, sentences),
    }


def _by_label(gold: _Words, said: _Words, labels: Sequence[str]) -> Floats:
    """(sentences, 3 * labels): words right, said and true of each relation."""
    right = np.where((gold.heads == said.heads) & (gold.bare == said.bare), gold.bare, "")
    return np.concatenate(
        [gold.sums(words[:, None] == np.array(labels)) for words in (right, said.bare, gold.bare)],
        axis=1,
    )
