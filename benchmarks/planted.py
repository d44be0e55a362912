"""What preparation finds of planted faults, in ten thousand rows of real texts.

One run of the whole default preparation with a benchmark's file to look for. Near copies are
judged by a plain comparison of sets of character runs, written here anew.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.common import data_folder, keep
from benchmarks.planting import Planted, base_rows, plant
from luthier.data.prepare import prepare
from luthier.data.prepared import Prepared
from luthier.data.shingles import normalise
from luthier.recipe.schema import Data
from luthier.tasks.classify import Classify

NEAR = 0.8
LOOKED_AT = 0.15


def write(rows: list[tuple[str, str]], path: Path) -> None:
    pl.DataFrame(rows, schema=["text", "label"], orient="row").write_csv(path)


def prepared_of(planted: Planted, folder: Path, workers: int = 2, **data: Any) -> Prepared:
    """The planted rows through the whole default preparation."""
    write(planted.rows, folder / "rows.csv")
    pl.DataFrame({"text": planted.benchmark}).write_csv(folder / "benchmark.csv")
    steps = {"contamination": {"against": ["benchmark.csv"]}}
    config = Data(train="rows.csv", steps=steps, **data)
    return prepare(
        config, Classify().roles(), base_dir=folder, folder=folder / "out", workers=workers
    )


def runs(text: str) -> set[str]:
    """Runs of five characters, or of two from a Chinese character on, of a normalised text."""
    found = set()
    for at, letter in enumerate(text):
        size = 2 if "\u3400" <= letter <= "\u9fff" else 5
        if at == 0 or at + size <= len(text):
            found.add(text[at : at + size])
    return found


def similarity(one: str, other: str) -> float:
    """Jaccard similarity of two texts as they are compared."""
    left, right = map(runs, normalise(pl.Series([one, other])))
    return len(left & right) / len(left | right)


def measure(planted: Planted, prepared: Prepared) -> dict[str, float]:
    """Shares found, and precision where there may be false alarms."""
    ledger = prepared.ledger.with_columns(pl.col("row").cast(pl.Int64))
    said = [text for text, _ in planted.rows]

    def rows(step: str, action: str | None = None) -> set[int]:
        mine = ledger.filter(pl.col("operator") == step)
        return set((mine if action is None else mine.filter(pl.col("action") == action))["row"])

    gone = set(ledger.filter(pl.col("action") == "dropped")["row"])
    near = {c: o for c, o in planted.near.items() if similarity(said[c], said[o]) >= NEAR}
    alarms = ledger.filter(pl.col("operator") == "near_duplicates")
    others = alarms["reason"].str.extract(r"row (\d+)").cast(pl.Int64)
    right = [
        similarity(said[a], said[b]) >= NEAR for a, b in zip(alarms["row"], others, strict=True)
    ]
    ranking = prepared.tables["label_noise"]
    first = set(ranking["row"].head(int(LOOKED_AT * len(ranking))))
    flipped = planted.flipped & set(ranking["row"])
    personal = rows("pii") & (planted.personal | planted.lookalike)
    exact, edited = planted.contaminated["exact"], planted.contaminated["edited"]
    return {
        "exact duplicates found": len(planted.exact & gone) / len(planted.exact),
        "near copies found": sum(c in gone or o in gone for c, o in near.items()) / len(near),
        "near copies, precision": sum(right) / len(right),
        "contamination found, exact": len(exact & (gone | rows("contamination"))) / len(exact),
        "contamination found, edited": len(edited & (gone | rows("contamination"))) / len(edited),
        "flipped labels in the first 15%": len(flipped & first) / len(flipped),
        "personal data found": len(planted.personal & rows("pii")) / len(planted.personal),
        "personal data, precision": len(personal & planted.personal) / len(personal),
    }


def clean_changed(folder: Path) -> float:
    """Share of untouched, well-formed rows that the default preparation drops or changes."""
    rows = [row for row in base_rows(data_folder("")) if well_formed(row[0])]
    write(rows, folder / "clean.csv")
    prepared = prepare(Data(train="clean.csv"), Classify().roles(), base_dir=folder)
    touched = prepared.ledger.filter(pl.col("action").is_in(["dropped", "changed"]))
    return touched["row"].n_unique() / len(rows)


def well_formed(text: str) -> bool:
    """Whether a text has nothing that is there to be cleaned."""
    return not any(
        mark in text for mark in ("&amp;", "&lt;", "&gt;", "<", "\ufffd", "\u200d", "â€")
    )


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seeds", type=int, default=3)
    options = arguments.parse_args()
    os.environ["LUTHIER_CACHE"] = "off"
    found = []
    for seed in range(options.seeds):
        planted = plant(data_folder(""), seed)
        with tempfile.TemporaryDirectory() as folder:
            found.append(measure(planted, prepared_of(planted, Path(folder))))
        print(found[-1], flush=True)
    with tempfile.TemporaryDirectory() as folder:
        changed = clean_changed(Path(folder))
    print("clean rows changed", changed)
    lowest = {name: round(min(run[name] for run in found), 4) for name in found[0]}
    keep("planted", {"rows": len(planted.rows), "lowest": lowest, "seeds": found,
                     "clean rows changed": round(changed, 5)})  # fmt: skip


if __name__ == "__main__":
    main()
