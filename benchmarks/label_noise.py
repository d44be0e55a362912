"""Doubtful labels: a tenth of the labels is replaced at random; how many does the ranking show?

Of up to 10,000 different texts of each public data set, three seeds. ``found``: share of the
replaced labels among the first 15% of the ranking.
"""

from __future__ import annotations

import statistics
import time

import numpy as np
import polars as pl

from benchmarks.common import data_folder, keep
from luthier.data.ledger import Ledger
from luthier.data.operator import Context
from luthier.data.operators.label_noise import LabelNoise
from luthier.data.roles import ROW, SOURCE, SPLIT, Role
from luthier.data.sources import read_source

SETS = {
    "financial_phrasebank/all_agree.csv": ("sentence", "label"),
    "financial_phrasebank/50_agree.csv": ("sentence", "label"),
    "twitter_airline/tweets.csv": ("text", "airline_sentiment"),
    "chnsenticorp/train.tsv": ("text", "label"),
    "trec6/train.tsv": ("question", "label"),
    "sst2/train.tsv": ("sentence", "label"),
}
FLIPPED, LOOKED_AT, MOST, SEEDS = 0.1, 0.15, 10_000, 3


def rows_of(path: str) -> pl.DataFrame:
    text, label = SETS[path]
    folder, file = path.split("/")
    rows = read_source(file, base_dir=data_folder(folder)).rows
    columns = [pl.col(text).alias("text"), pl.col(label).cast(pl.String).alias("label")]
    rows = rows.select(columns).drop_nulls().unique("text", maintain_order=True)
    return rows.sample(min(MOST, len(rows)), shuffle=True, seed=0)


def one(rows: pl.DataFrame, seed: int) -> tuple[float, float]:
    """Share found, and seconds."""
    random = np.random.default_rng(seed)
    names = rows["label"].unique().sort().to_list()
    wrong = random.choice(len(rows), round(FLIPPED * len(rows)), replace=False)
    labels = rows["label"].to_list()
    for index in wrong:
        others = [name for name in names if name != labels[index]]
        labels[index] = others[random.integers(len(others))]
    table = rows.with_columns(
        pl.Series("label", labels), pl.lit("rows").alias(SOURCE), pl.lit("train").alias(SPLIT)
    ).with_columns(pl.int_range(pl.len()).alias(ROW))
    context = Context((Role("text", "text"), Role("label", "label")), Ledger(), workers=2)
    started = time.perf_counter()
    LabelNoise().apply_divided(table, context)
    seconds = time.perf_counter() - started
    first = context.tables["label_noise"]["row"].head(int(LOOKED_AT * len(rows)))
    return len(set(first) & set(wrong.tolist())) / len(wrong), seconds


def main() -> None:
    results = {}
    for path in SETS:
        rows = rows_of(path)
        found, seconds = zip(*(one(rows, seed) for seed in range(SEEDS)), strict=True)
        results[path] = {
            "rows": len(rows), "found": [round(share, 3) for share in found],
            "mean": round(statistics.mean(found), 3), "seconds": round(max(seconds), 1),
        }  # fmt: skip
        print(path, results[path], flush=True)
    keep("label_noise", {"flipped": FLIPPED, "looked_at": LOOKED_AT, "sets": results})


if __name__ == "__main__":
    main()
