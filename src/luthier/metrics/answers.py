"""Metrics of answers cut out of texts, as the scripts of SQuAD and CMRC 2018 define them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from luthier.core.errors import DataError
from luthier.metrics.answer_texts import WORDINGS
from luthier.metrics.calibration import Reliability, expected_error
from luthier.metrics.intervals import SEED, Floats, estimates, gains, over, samples_of_rows
from luthier.metrics.measures import Measures

EXTRACTION = ("exact_match", "f1", "ece")
"""Names of what is measured where every question has an answer."""

UNANSWERABLE = ("has_answer_f1", "no_answer_accuracy")
"""Names of what is measured beside, where some have none."""


class Asked(NamedTuple):
    """What is known of a question."""

    answers: tuple[str, ...]
    """The true answers; none: the text does not hold one."""
    language: str = "en"
    """``en`` or ``zh``: whose definition holds."""


class Score(NamedTuple):
    """What an answer is worth."""

    exact: float
    f1: float


def score_answer(prediction: str, asked: Asked, *, unanswerable: bool = False) -> Score:
    """How well an answer fits the true one that it fits best.

    Args:
        prediction: The answer; empty: there is none.
        asked: The question.
        unanswerable: Whether questions may have no answer: then SQuAD 2.0's definition holds, by
            which no answer is right where there is none. Else that of 1.1, or of CMRC 2018.
    """
    wording = WORDINGS[asked.language]
    truths: Sequence[str] = asked.answers
    if unanswerable:
        truths = [text for text in truths if wording.exact(text)]
    said = wording.exact(prediction)
    pairs = [
        Score(
            float(said == wording.exact(truth)),
            wording.f1(prediction, truth, empty=unanswerable),
        )
        for truth in truths or [""]
    ]
    return Score(max(pair.exact for pair in pairs), max(pair.f1 for pair in pairs))


def measure_answers(
    predictions: Sequence[str],
    asked: Sequence[Asked],
    *,
    unanswerable: bool = False,
    probabilities: NDArray[Any] | None = None,
    confidence: float = 0.95,
    resamples: int = 1000,
    seed: int = SEED,
) -> Measures:
    """Everything about answers cut out of texts; shares, where the scripts give percentages.

    ``exact_match`` and ``f1`` are those of all questions, ``has_answer_f1`` of those that have an
    answer, ``no_answer_accuracy`` the share of the others that get none. The constant answer is
    the better of none and the most frequent true one.

    Args:
        predictions: (rows,) answers; empty: none.
        asked: (rows,) what is known of the questions.
        unanswerable: Whether questions may have no answer.
        probabilities: (rows,) of the answers, for ``ece``.
        confidence: Level of the intervals.
        resamples: Bootstrap resamples; 0 leaves the intervals out.
        seed: Of the resampling.

    Raises:
        DataError: If there are no rows.
        ValueError: If there are not as many answers as questions.
    """
    if not asked:
        raise DataError("There are no rows to measure.")
    n = len(asked)
    has = np.array([bool(one.answers) for one in asked])
    scores = _scores(predictions, asked, unanswerable)

    def drawn(values: Floats) -> dict[str, Floats]:
        samples = samples_of_rows(n, resamples, seed)
        return over(samples, lambda weights: _means(weights, values, has, unanswerable))

    measured, calibration = drawn(scores), {}
    better: dict[str, Floats] = {}
    if resamples:
        constant = constant_answer(asked, unanswerable=unanswerable)
        better = drawn(_scores([constant] * n, asked, unanswerable))
    gained = gains(measured, better, confidence)
    if probabilities is not None:
        curve = Reliability(np.asarray(probabilities, np.float64), scores[:, 0] == 1)
        terms, samples = curve.terms(), samples_of_rows(n, resamples, seed)
        measured |= over(samples, lambda weights: {"ece": expected_error(weights, terms)})
        calibration = {"ece": float(measured["ece"][0]), "bins": curve.curve()}
    found = estimates(measured, confidence)
    return Measures(n=n, metrics=found, calibration=calibration, gains=gained)


def constant_answer(asked: Sequence[Asked], *, unanswerable: bool = False) -> str:
    """The better of no answer and the most frequent true one, by F1."""
    texts = Counter(text for one in asked for text in dict.fromkeys(one.answers))
    tried = ["", *(text for text, _ in texts.most_common(1))]
    worth = [_scores([text] * len(asked), asked, unanswerable)[:, 1].sum() for text in tried]
    return tried[int(np.argmax(worth))]


def fit_no_answer(differences: Floats, if_given: Floats, if_none: Floats) -> float:
    """From which difference on to answer that there is no answer: the one with the best mean score.

    Of thresholds that are equally good the nearest to 0 is taken.

    Args:
        differences: (rows,) score of no answer minus that of the best answer.
        if_given: (rows,) worth of the best answer.
        if_none: (rows,) worth of no answer.
    """
    known = np.unique(differences)
    if not len(known):
        return 0.0
    between = (known[1:] + known[:-1]) / 2
    tried = np.concatenate([[0.0, known[0] - 1, known[-1] + 1], between])
    tried = tried[np.argsort(np.abs(tried), kind="stable")]
    order = np.argsort(differences, kind="stable")
    gain = np.concatenate([[0.0], np.cumsum((if_given - if_none)[order])])
    given = np.searchsorted(differences[order], tried, side="right")
    # Rounding must not prefer a farther threshold to an equal one.
    return float(tried[np.round(gain[given], 9).argmax()])


def _scores(predictions: Sequence[str], asked: Sequence[Asked], unanswerable: bool) -> Floats:
    """(rows, 2): exact match and F1."""
    pairs = zip(predictions, asked, strict=True)
    return np.array([score_answer(said, one, unanswerable=unanswerable) for said, one in pairs])


def _means(
    weights: Floats, scores: Floats, has: NDArray[np.bool_], unanswerable: bool
) -> dict[str, Floats]:
    """Metrics of each sample of rows: name to (samples,)."""
    exact, f1 = (weights @ scores / weights.sum(1, keepdims=True)).T
    means = {"exact_match": exact, "f1": f1}
    if unanswerable:
        means["has_answer_f1"] = _mean(weights, scores[:, 1], has)
        means["no_answer_accuracy"] = _mean(weights, scores[:, 0], ~has)
    return means


def _mean(weights: Floats, values: Floats, some: NDArray[np.bool_]) -> Floats:
    """The mean of some rows in each sample; NaN where it has none of them."""
    total, count = weights @ (values * some), weights @ some.astype(np.float64)
    mean: Floats = np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0)
    return mean
