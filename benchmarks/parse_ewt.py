"""Attachment scores on English EWT (Silveira et al. 2014), for whole and for few sentences.

Trees of Universal Dependencies with their own train, dev and test files. Dev picks the best
weights; test is measured once. ``--rows N`` trains on the first N sentences alone.
"""

from __future__ import annotations

import argparse
from typing import Any

from benchmarks.common import data_folder, keep, tune


def recipe(rows: int | None, epochs: float) -> dict[str, Any]:
    folder = data_folder("ewt_multitask")
    return {
        "name": "parse-ewt",
        "base": "minilm-l6",
        "task": {"kind": "parse"},
        "data": {
            "train": str(folder / "train.jsonl.gz") + (f"[:{rows}]" if rows else ""),
            "validation": str(folder / "dev.jsonl"),
            "test": str(folder / "test.jsonl"),
        },
        "techniques": [{"kind": "discriminative", "decay": 0.75, "head": 3}],
        "training": {
            "epochs": epochs, "batch_size": 32, "learning_rate": 5e-4, "seed": 0,
            "schedule": {"kind": "linear", "warmup": 0.1},
        },
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int)
    parser.add_argument("--epochs", type=float, default=5)
    asked = parser.parse_args()
    done = tune(recipe(asked.rows, asked.epochs))
    used = recipe(asked.rows, asked.epochs)
    for split in ("train", "validation", "test"):
        used["data"][split] = "/".join(used["data"][split].rsplit("/", 2)[1:])
    print(done["metrics"], f"{done['seconds']} s", flush=True)
    name = "parse_ewt" if asked.rows is None else f"parse_ewt_{asked.rows}"
    keep(name, {"recipe": used, **done})


if __name__ == "__main__":
    main()
