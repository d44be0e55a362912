"""How well a text is foretold."""

from __future__ import annotations

import numpy as np

from luthier.metrics.checks import check_measurable
from luthier.metrics.intervals import (
    SEED,
    Floats,
    affordable,
    estimates,
    over,
    samples_of_rows,
)
from luthier.metrics.measures import Measures

LANGUAGE = ("bits_per_byte", "loss", "perplexity")
"""Names of what is measured."""

MOST_LOSS = 700.0
"""The largest exponent that a double has a power of e for."""


def measure_language(
    losses: Floats,
    tokens: Floats,
    sizes: Floats,
    *,
    confidence: float = 0.95,
    resamples: int = 1000,
    seed: int = SEED,
) -> Measures:
    """Loss a token, perplexity and bits a byte of documents, resampled by document.

    ``loss`` is in nats, ``perplexity`` its power of e; both depend on how a tokenizer cuts texts.
    ``bits_per_byte`` does not: it is the size to which the model would compress the UTF-8 text, in
    bits for each of its bytes.

    Args:
        losses: (documents,) sum of the losses of a document's tokens, in nats.
        tokens: (documents,) how many these are.
        sizes: (documents,) bytes of the text that they stand for.
        confidence: Level of the intervals.
        resamples: Bootstrap resamples; 0 leaves the intervals out.
        seed: Of the resampling.

    Raises:
        DataError: If there are no documents.
        ModelError: If a loss is not a number.
    """
    check_measurable(sizes, losses)
    table = np.stack([losses, tokens, sizes], axis=1)
    counts = samples_of_rows(len(table), affordable(resamples, len(table)), seed)

    def statistic(drawn: Floats) -> dict[str, Floats]:
        total, count, size = np.moveaxis(drawn @ table, 1, 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            loss = total / count
            bits = total / np.log(2) / size
        return {
            "bits_per_byte": bits, "loss": loss, "perplexity": np.exp(np.minimum(loss, MOST_LOSS)),
        }  # fmt: skip

    return Measures(len(table), estimates(over(counts, statistic), confidence))
