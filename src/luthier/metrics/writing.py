"""What written texts are worth: against right ones, and by themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from luthier.core.errors import DataError
from luthier.metrics.answers import Asked, score_answer
from luthier.metrics.bleu import TOKENS, bleu, bleu_counts, ngrams
from luthier.metrics.chrf import ORDERS, chrf, chrf_counts
from luthier.metrics.intervals import SEED, Floats, estimates, gains, over, samples_of_rows
from luthier.metrics.measures import Estimate, Measures
from luthier.metrics.rouge import ROUGE, rouge

WRITING = ("bleu", "chrf", *ROUGE, "exact_match", "f1")
"""Names of what texts are compared by. ``bleu`` and ``chrf`` are 0 to 100, the others 0 to 1."""

LIKELIHOOD = ("loss", "perplexity")
"""Names of what is measured of a right text's tokens."""

ITSELF = ("ended", "repetition", "length_ratio")
"""Names of what is measured of texts by themselves."""

REPEATED = 4
"""Words of a run that is not to occur twice in a text."""


class Wanted(NamedTuple):
    """What is known of a text that is to be written."""

    texts: tuple[str, ...]
    """The right ones; the first is the one that is learned."""
    language: str = "en"
    """``zh``: Chinese, whose characters are its words; another: words as they are parted."""
    plain: tuple[str, ...] = ()
    """What could be answered without a model, e.g. the source itself; all rows have as many."""


class Written(NamedTuple):
    """A text that a model wrote, and what it makes of the right one."""

    text: str | None
    """None: it was not asked to write."""
    ended: bool = True
    """Whether the model ended it by itself."""
    loss: float = float("nan")
    """Negative log-likelihood of the right text, in nats; NaN where it is not known."""
    tokens: int = 0
    """Of the right text, its end included."""


def measure_writing(
    written: Sequence[Written],
    wanted: Sequence[Wanted],
    *,
    names: Sequence[str],
    lowercase: bool = False,
    confidence: float = 0.95,
    resamples: int = 1000,
    seed: int = SEED,
) -> Measures:
    """Everything about written texts, with intervals over rows.

    ``loss`` is the mean over tokens and ``perplexity`` its exponential; ``ended`` the share of
    texts that the model ended, ``repetition`` the share of four words in a row that stood in the
    text before, ``length_ratio`` the words written by those of the first right texts.

    Args:
        written: (rows,) what the model did.
        wanted: (rows,) what is known.
        names: Of :data:`WRITING` what to compare texts by.
        lowercase: Whether case counts not for ``bleu`` and ``chrf``.
        confidence: Level of the intervals.
        resamples: Bootstrap resamples; 0 leaves the intervals out.
        seed: Of the resampling.

    Raises:
        DataError: If there are no rows.
    """
    if not wanted:
        raise DataError("There are no rows to measure.")

    def drawn(statistic: Callable[[Floats], Mapping[str, Floats]]) -> dict[str, Floats]:
        return over(samples_of_rows(len(wanted), resamples, seed), statistic)

    measured = drawn(_likelihood(written))
    gained = {}
    texts = [one.text for one in written]
    if None not in texts:
        said = [text or "" for text in texts]
        compared = drawn(quality(said, wanted, names, lowercase=lowercase))
        measured = {**compared, **drawn(_by_itself(written, said, wanted)), **measured}
        if resamples and wanted[0].plain:
            others = [drawn(q) for q in _of_plain(wanted, names, lowercase)]
            best = {name: max((o[name] for o in others), key=lambda d: d[0]) for name in names}
            gained = gains(compared, best, confidence)
    return Measures(n=len(wanted), metrics=estimates(measured, confidence), gains=gained)


def measure_plain(
    wanted: Sequence[Wanted], names: Sequence[str], *, lowercase: bool = False
) -> Measures:
    """What the best of the answers without a model would be worth, by each metric alone."""
    all_rows = np.ones((1, len(wanted)))
    found = [quality(all_rows) for quality in _of_plain(wanted, names, lowercase)]
    best = {name: max(float(one[name][0]) for one in found) for name in names} if found else {}
    return Measures(len(wanted), {name: Estimate(v, v, v) for name, v in best.items()})


def quality(
    said: Sequence[str], wanted: Sequence[Wanted], names: Sequence[str], *, lowercase: bool = False
) -> Callable[[Floats], dict[str, Floats]]:
    """From samples of rows (samples, rows) to each metric (samples,).

    Args:
        said: (rows,) texts.
        wanted: (rows,) what is known.
        names: Of :data:`WRITING`.
        lowercase: Whether case counts not for ``bleu`` and ``chrf``.
    """
    true = [one.texts for one in wanted]
    languages = [one.language for one in wanted]
    parts: list[Callable[[Floats], dict[str, Floats]]] = []
    if "bleu" in names:
        grams = bleu_counts(said, true, tokenize=tokenization(languages), lowercase=lowercase)
        parts.append(lambda weights: {"bleu": bleu(weights @ grams)})
    if "chrf" in names:
        letters = chrf_counts(said, true, lowercase=lowercase).reshape(len(said), -1)
        parts.append(lambda weights: {"chrf": chrf((weights @ letters).reshape(-1, ORDERS, 3))})
    if {*ROUGE} & {*names}:
        shared = rouge(said, true, languages)
        parts.append(lambda weights: _means(weights, shared, ROUGE))
    if {"exact_match", "f1"} & {*names}:
        pairs = zip(said, wanted, strict=True)
        answers = np.array([score_answer(s, Asked(w.texts, _wording(w))) for s, w in pairs])
        parts.append(lambda weights: _means(weights, answers, ("exact_match", "f1")))

    def all_of(weights: Floats) -> dict[str, Floats]:
        found = {name: values for part in parts for name, values in part(weights).items()}
        return {name: found[name] for name in names}

    return all_of


def tokenization(languages: Sequence[str]) -> str:
    """That by which sacreBLEU measures texts of these languages: of most rows."""
    return "zh" if 2 * sum(code == "zh" for code in languages) > len(languages) else "13a"


def _of_plain(
    wanted: Sequence[Wanted], names: Sequence[str], lowercase: bool
) -> list[Callable[[Floats], dict[str, Floats]]]:
    """The quality of each way to answer without a model."""
    ways = zip(*(one.plain for one in wanted), strict=True)
    return [quality(list(said), wanted, names, lowercase=lowercase) for said in ways]


def _wording(wanted: Wanted) -> str:
    return "zh" if wanted.language == "zh" else "en"


def _means(weights: Floats, values: Floats, names: Sequence[str]) -> dict[str, Floats]:
    means = (weights @ values / weights.sum(1, keepdims=True)).T
    return dict(zip(names, means, strict=True))


def _likelihood(written: Sequence[Written]) -> Callable[[Floats], dict[str, Floats]]:
    known = np.array([one.loss for one in written]), np.array([one.tokens for one in written])

    def statistic(weights: Floats) -> dict[str, Floats]:
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            loss = (weights @ known[0]) / (weights @ known[1])
            return {"loss": loss, "perplexity": np.exp(loss)}

    return statistic


def _by_itself(
    written: Sequence[Written], said: Sequence[str], wanted: Sequence[Wanted]
) -> Callable[[Floats], dict[str, Floats]]:
    divide = TOKENS[tokenization([one.language for one in wanted])]
    words = [divide(text) for text in said]
    of_rows = np.array([[one.ended for one in written], [_repeated(row) for row in words]]).T
    lengths = np.array([[len(row) for row in words], [len(divide(w.texts[0])) for w in wanted]]).T

    def statistic(weights: Floats) -> dict[str, Floats]:
        ours, theirs = (weights @ lengths).T
        ratio = np.divide(ours, theirs, out=np.full(len(ours), np.nan), where=theirs > 0)
        return {**_means(weights, of_rows, ("ended", "repetition")), "length_ratio": ratio}

    return statistic


def _repeated(words: Sequence[str]) -> float:
    counted = ngrams(words, REPEATED)
    return 1 - len(counted) / counted.total() if counted else 0.0
