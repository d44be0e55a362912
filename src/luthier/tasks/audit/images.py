"""What images with labels teach."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from luthier.core.errors import NothingSupervisedError
from luthier.data.finding import Finding
from luthier.data.roles import ROW, SOURCE
from luthier.tasks.audit.encoded import KIND, SHOWN, Audit, labelled
from luthier.tasks.task import Example


def audit_images(rows: pl.DataFrame, examples: Sequence[Example]) -> Audit:
    """Measure what images teach.

    ``rows``, ``rows_trained``, ``rows_idle`` (no label), ``alike_differ`` (images that are the
    same, byte by byte, as another with a different label).

    Args:
        rows: Prepared rows.
        examples: Of them.

    Raises:
        NothingSupervisedError: If no row has a label.
    """
    taught = np.array([labelled(example) for example in examples])
    if not taught.any():
        raise NothingSupervisedError(
            "None of the {rows} training images has a label.",
            hint="Lay them out as folder/CLASS/*.jpg, or give a table with image and label.",
            rows=len(examples),
        )
    several = pl.col("label").n_unique().over(pl.col("image").struct.field("sha256")) > 1
    alike = rows.filter(several & pl.col("label").is_not_null())
    audit = Audit({
        "rows": len(rows), "rows_trained": int((taught > 0).sum()),
        "rows_idle": int((taught == 0).sum()), "alike_differ": len(alike),
    })  # fmt: skip
    if len(alike):
        shown = alike.head(2 * SHOWN).select(
            source=SOURCE, row=ROW, text=pl.col("image").struct.field("path")
        )
        audit.findings.append(
            Finding(
                "{rows} images are the same as another with a different label: the model cannot "
                "tell them apart.",
                KIND, round(min(0.9, 0.4 + 2 * len(alike) / len(rows)), 2),
                fields={"rows": len(alike)}, examples=tuple(shown.to_dicts()),
            )
        )  # fmt: skip
    return audit
