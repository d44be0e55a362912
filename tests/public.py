"""Public data sets, for tests that measure on real texts; without them those tests are skipped."""

from __future__ import annotations

import os
from pathlib import Path

import polars as pl
import pytest

from luthier.data.sources import read_source

FOLDER = Path(
    os.environ.get("LUTHIER_DATA", Path(__file__).resolve().parents[2] / "shared" / "data")
)

needs_data = pytest.mark.skipif(not FOLDER.is_dir(), reason="no public data: set LUTHIER_DATA")

LABELLED = {
    "sst2": ("sst2/train.tsv", "sentence", "label"),
    "airline": ("twitter_airline/tweets.csv", "text", "airline_sentiment"),
    "chinese": ("chnsenticorp/train.tsv", "text", "label"),
    "news": ("financial_phrasebank/all_agree.csv", "sentence", "label"),
    "news50": ("financial_phrasebank/50_agree.csv", "sentence", "label"),
    "questions": ("trec6/train.tsv", "question", "label"),
}


def labelled(name: str, count: int | None = None) -> pl.DataFrame:
    """Different texts with their labels, columns ``text`` and ``label``, in an order of chance."""
    path, text, label = LABELLED[name]
    rows = read_source(path, base_dir=FOLDER).rows
    columns = [pl.col(text).alias("text"), pl.col(label).cast(pl.String).alias("label")]
    rows = rows.select(columns).drop_nulls().unique("text", maintain_order=True)
    return rows.sample(min(count or len(rows), len(rows)), shuffle=True, seed=0)
