"""Metrics of tags of words, and of the entities that tags mark, as CoNLL defines them.

An entity is right if its first word, its last and its type are (Tjong Kim Sang and De Meulder
2003, the script ``conlleval``), whatever scheme its tags are in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from luthier.metrics.calibration import Reliability
from luthier.metrics.checks import check_measurable
from luthier.metrics.counts import Counts, divide
from luthier.metrics.intervals import SEED, Floats, Ints, estimates, gains, over, samples_of_rows
from luthier.metrics.measures import Measures

TAGS = ("accuracy", "f1_macro", "complete_match", "ece")
"""Names of what is measured of tags that mark no entities.

``accuracy``: words with the right tag. ``f1_macro``: mean over tags. ``complete_match``:
sentences whose every word is right. ``ece``: of the probabilities of words.
"""

ENTITIES = ("precision", "recall", "f1", *TAGS)
"""Names of what is measured of tags that mark entities.

``precision``, ``recall`` and ``f1`` are those of entities, all types together; ``f1_macro`` is the
mean over types, ``ece`` that of the probabilities of entities.
"""

Mention = tuple[int, int, str]
"""First word, the one behind the last, type."""

OUTSIDE = "O"
"""Tag of a word in no entity."""

UNTYPED = "_"
"""Type of entities whose tags are letters alone."""

_BEGINS, _ENDS = ("B", "S", "U"), ("E", "L", "S", "U")


@dataclass(frozen=True)
class Tagged:
    """The tags of one sentence, as they were answered."""

    tags: Sequence[str]
    """(words,) tag of each word."""
    probabilities: Sequence[float] = ()
    """(words,) chance of each."""
    mentioned: Sequence[float] = ()
    """Chance of each entity that they mark, in the order of :func:`mentions`."""


def mentions(tags: Sequence[str]) -> list[Mention]:
    """The entities that tags of the schemes IO, IOB1, BIO, BIOES, BILOU or BMES mark, in order.

    Tags that break their scheme are read as ``conlleval`` does: an entity begins where its type
    does, and ends where another begins.

    Args:
        tags: ``O``, or a letter, ``-`` and a type, e.g. ``B-PER``.
    """
    found: list[Mention] = []
    start, kind = 0, ""
    for place, tag in enumerate([*tags, OUTSIDE]):
        letter, _, own = tag.partition("-")
        own = "" if tag == OUTSIDE else own or UNTYPED
        if kind and (own != kind or letter in _BEGINS):
            found.append((start, place, kind))
            kind = ""
        if own and not kind:
            start, kind = place, own
        if kind and letter in _ENDS:
            found.append((start, place + 1, kind))
            kind = ""
    return found


@dataclass(frozen=True)
class _Case:
    """What was answered, and what is true, as counts of each sentence."""

    labels: list[str]
    by_label: Floats
    """(sentences, 3, labels): right, answered, true."""
    words: Floats
    """(sentences, 4): words, of these right, of these with the constant tag; whether all are
    right."""
    terms: Floats
    """(sentences, bins) of :meth:`Reliability.terms`."""
    reliability: Reliability
    answers: Floats
    """(sentences,) how many the reliability has of each."""


def measure_tags(
    truth: Sequence[Sequence[str]],
    answers: Sequence[Tagged],
    *,
    confidence: float = 0.95,
    resamples: int = 1000,
    seed: int = SEED,
) -> Measures:
    """What tags of words are worth; intervals are over sentences.

    ``per_class`` has the tags and ``confusion`` words by true and by answered tag; ``gains`` are
    over :func:`constant_tag` everywhere.

    Args:
        truth: Tags of each sentence.
        answers: Of the same sentences, word for word, with probabilities.
        confidence: Level of the intervals.
        resamples: Bootstrap resamples; 0 leaves the intervals out.
        seed: Of the resampling.

    Raises:
        ValueError: If a sentence has not as many words in both.
        DataError: If there are no words.
        ModelError: If a probability is not a number.
    """
    gold, said, row, chances = _checked(truth, answers)
    labels = sorted({*gold, *said})
    numbers = {label: number for number, label in enumerate(labels)}
    true, given = (np.array([numbers[tag] for tag in tags]) for tags in (gold, said))
    reliability = Reliability(chances, true == given)
    same = true == given
    counted = [(row[same], true[same]), (row, given), (row, true)]
    by_label = np.stack([_table(*pair, len(truth), len(labels)) for pair in counted], 1)
    case = _Case(
        labels, by_label, _words(row, gold, said, constant_tag(truth), len(truth)),
        _per_sentence(row, reliability.terms(), len(truth)), reliability, by_label[:, 2].sum(1),
    )  # fmt: skip
    pairs = np.bincount(true * len(labels) + given, minlength=len(labels) ** 2)
    confusion = pairs.reshape(len(labels), len(labels)).tolist()
    constant = numbers[constant_tag(truth)]
    return _measure(case, constant, confusion, confidence, resamples, seed)


def measure_entities(
    truth: Sequence[Sequence[str]],
    answers: Sequence[Tagged],
    *,
    confidence: float = 0.95,
    resamples: int = 1000,
    seed: int = SEED,
) -> Measures:
    """What tags are worth that mark entities; intervals are over sentences.

    ``per_class`` has the types; ``gains`` are over answering that there are none. Arguments and
    errors are those of :func:`measure_tags`.
    """
    gold, said, row, _ = _checked(truth, answers)
    pairs = [(mentions(tags), mentions(one.tags)) for tags, one in zip(truth, answers, strict=True)]
    labels = sorted({kind for pair in pairs for found in pair for _, _, kind in found})
    by_label = np.zeros((len(truth), 3, len(labels)))
    places: list[int] = []
    right: list[bool] = []
    for number, (true, given) in enumerate(pairs):
        known = set(true)
        for mention in given:
            places.append(number)
            right.append(mention in known)
            by_label[number, 1, labels.index(mention[2])] += 1
            by_label[number, 0, labels.index(mention[2])] += mention in known
        for _, _, kind in true:
            by_label[number, 2, labels.index(kind)] += 1
    chances = np.array([p for one in answers for p in one.mentioned], dtype=np.float64)
    reliability = Reliability(chances, np.array(right, dtype=bool))
    case = _Case(
        labels, by_label, _words(row, gold, said, OUTSIDE, len(truth)),
        _per_sentence(np.array(places, dtype=np.int64), reliability.terms(), len(truth)),
        reliability, by_label[:, 1].sum(1),
    )  # fmt: skip
    return _measure(case, None, [], confidence, resamples, seed)


def constant_tag(truth: Sequence[Sequence[str]]) -> str:
    """The tag that most words have."""
    counts = Counter(tag for tags in truth for tag in tags)
    return min(counts, key=lambda tag: (-counts[tag], tag), default=OUTSIDE)


def _checked(
    truth: Sequence[Sequence[str]], answers: Sequence[Tagged]
) -> tuple[list[str], list[str], Ints, Floats]:
    """True and answered tags of all words, the sentence of each, the chances."""
    if [*map(len, truth)] != [len(one.tags) for one in answers]:
        raise ValueError("the tags are not those of the same words")
    gold = [tag for tags in truth for tag in tags]
    said = [tag for one in answers for tag in one.tags]
    chances = np.array([p for one in answers for p in one.probabilities], dtype=np.float64)
    check_measurable(np.array(gold), chances)
    row = np.repeat(np.arange(len(truth)), [len(tags) for tags in truth])
    return gold, said, row, chances


def _words(
    row: Ints, gold: Sequence[str], said: Sequence[str], constant: str, sentences: int
) -> Floats:
    true, given = np.array(gold), np.array(said)
    values = np.stack([np.ones(len(row)), true == given, true == constant], 1).astype(np.float64)
    sums = _per_sentence(row, values, sentences)
    table: Floats = np.c_[sums, sums[:, 0] == sums[:, 1]]
    return table


def _table(row: Ints, label: Ints, sentences: int, labels: int) -> Floats:
    """How often each sentence has each label: (sentences, labels)."""
    counts = np.bincount(row * labels + label, minlength=sentences * labels)
    return counts.reshape(sentences, labels).astype(np.float64)


def _per_sentence(row: Ints, values: Floats, sentences: int) -> Floats:
    """Values (words, k) summed over each sentence: (sentences, k)."""
    summed = np.zeros((sentences, values.shape[1]))
    np.add.at(summed, row, values)
    return summed


def _measure(
    case: _Case, constant: int | None, confusion: list[list[int]],
    confidence: float, resamples: int, seed: int,
) -> Measures:  # fmt: skip
    """Everything; ``constant`` is the number of the constant tag, None: it marks no entity."""
    n, k = len(case.words), len(case.labels)

    def statistic(weights: Floats) -> dict[str, Floats]:
        counts = (weights @ case.by_label.reshape(n, 3 * k)).reshape(len(weights), 3, k)
        error = divide(np.abs(weights @ case.terms).sum(-1), weights @ case.answers)
        sums = weights @ case.words
        whole = divide(sums[:, 3], weights.sum(-1))
        return {"counts": counts, "words": sums, "ece": error, "complete_match": whole}

    drawn = over(samples_of_rows(n, resamples, seed), statistic)
    counts, sums = Counts(*drawn.pop("counts").swapaxes(0, 1)), drawn.pop("words")
    measured = _scores(counts, sums[:, 1], sums[:, 0], entities=constant is None) | drawn
    plain = _scores(_always(counts, constant), sums[:, 2], sums[:, 0], entities=constant is None)
    found = estimates(measured, confidence)
    return Measures(
        n=n,
        metrics=found,
        per_class=counts.table(case.labels, confidence),
        confusion=confusion,
        calibration={"ece": found["ece"].value, "bins": case.reliability.curve()},
        gains=gains(measured, plain, confidence),
    )


def _always(counts: Counts, label: int | None) -> Counts:
    """What the same answer to every word would count; None: no entity."""
    answered = np.zeros_like(counts.support)
    if label is not None:
        answered[:, label] = counts.support.sum(-1)
    return Counts(np.minimum(answered, counts.support), answered, counts.support)


def _scores(counts: Counts, right: Floats, words: Floats, *, entities: bool) -> dict[str, Floats]:
    """Metrics of counts (samples, labels) and of words (samples,): name to (samples,)."""
    means = counts.averages((counts.support > 0) | (counts.answered > 0))
    micro = {name: means[f"{name}_micro"] for name in ("precision", "recall", "f1")}
    return {
        **(micro if entities else {}),
        "accuracy": divide(right, words),
        "f1_macro": means["f1_macro"],
    }
