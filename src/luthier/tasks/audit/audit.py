"""The audit as a whole."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from luthier.tasks.audit.cuts import collisions, targets, truncation, whole_lengths
from luthier.tasks.audit.encoded import Audit, Encoded, Measured
from luthier.tasks.audit.images import audit_images
from luthier.tasks.audit.supervision import stop, supervision, taught, template
from luthier.tasks.audit.vocabulary import vocabulary
from luthier.tasks.task import Example, Task


def audit_rows(
    task: Task, rows: pl.DataFrame, examples: Sequence[Example], *, longest: int
) -> Audit:
    """Measure what a task's rows teach: see :func:`audit`, and of images :func:`audit_images`.

    Args:
        task: At work.
        rows: Prepared rows.
        examples: From the task's ``encode``.
        longest: Tokens that the base has positions for.

    Raises:
        NothingSupervisedError: If no row teaches anything.
    """
    if task.reads == "image":
        return audit_images(rows, examples)
    return audit(Encoded.of(task, rows, examples, longest=longest))


def audit(encoded: Encoded) -> Audit:
    """Measure what the rows teach.

    ``rows``, ``rows_trained``, ``rows_idle`` (no label, all tokens masked, or no text),
    ``tokens``, ``tokens_trained`` (of those with labels of their own; else None), ``stop_trained``
    (share of rows to generate that teach to stop; else None), ``rows_cut``, ``tokens_cut``
    (tokens that truncation removes), ``cut_by_class``, ``unknown`` (share of tokens),
    ``targets_cut`` (None where targets are no texts apart),
    ``tokens_per_word``, ``tokens_per_character``, ``alike_differ`` (rows that are the same to the
    model as one with another label), ``served_alike`` (share of rows looked at; None: none was).

    Raises:
        NothingSupervisedError: If no row teaches anything.
    """
    kept = np.array([len(example["input_ids"]) for example in encoded.examples], dtype=np.int64)
    measured = Measured(taught(encoded), whole_lengths(encoded), kept)
    audit = Audit({"rows": len(encoded.examples)})
    for measure in (supervision, stop, truncation, targets, vocabulary, collisions, template):
        measure(audit, encoded, measured)
    return audit
