"""Tags of the English Web Treebank: parts of speech (UPOS), entities (UNER, Mayhew et al. 2024).

The splits are those of the treebank; validation picks the checkpoint. ``--train N`` takes the
first N sentences of train. Published, with larger bases: UPOS 0.96 to 0.97; entities F1 0.85
(XLM-R large, UNER's authors).
"""

from __future__ import annotations

import argparse
import gzip
import json
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.common import data_folder, keep, tune

COLUMNS = {"upos": "accuracy", "ner": "f1"}
"""Column of tags to the metric that speaks for it."""


def write_rows(folder: Path, column: str, most: int | None) -> None:
    """The three splits with one column of tags alone."""
    source = data_folder("ewt_multitask")
    for split in ("train", "dev", "test"):
        packed = source / f"{split}.jsonl.gz"
        data = gzip.decompress(packed.read_bytes()) if packed.is_file() else None
        lines = (data or (source / f"{split}.jsonl").read_bytes()).decode().splitlines()
        some = map(json.loads, lines[: most if split == "train" else None])
        rows = [json.dumps({"tokens": row["tokens"], column: row[column]}) for row in some]
        (folder / f"{split}.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")


def recipe(folder: Path, epochs: int) -> dict[str, Any]:
    return {
        "name": "ewt",
        "base": "minilm-l6",
        "task": {"kind": "tag"},
        "data": {
            "train": str(folder / "train.jsonl"),
            "validation": str(folder / "dev.jsonl"),
            "test": str(folder / "test.jsonl"),
        },
        "techniques": [{"kind": "discriminative", "decay": 0.75}],
        "training": {
            "epochs": epochs, "batch_size": 32, "learning_rate": 5e-4,
            "schedule": {"kind": "linear", "warmup": 0.1},
        },
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("columns", nargs="*", default=list(COLUMNS), help="upos, ner or both")
    parser.add_argument("--train", type=int, help="sentences to train on; default: all")
    parser.add_argument("--epochs", type=int, default=5)
    given = parser.parse_args()
    result: dict[str, Any] = {"train": given.train, "epochs": given.epochs}
    for column in given.columns:
        with tempfile.TemporaryDirectory() as folder:
            write_rows(Path(folder), column, given.train)
            result[column] = tune(recipe(Path(folder), given.epochs))
        value = result[column]["metrics"][COLUMNS[column]]
        print(column, COLUMNS[column], value, result[column]["seconds"], flush=True)
    keep("ewt_tagging", result)


if __name__ == "__main__":
    main()
