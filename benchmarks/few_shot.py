"""Few rows a class: fine-tuning as usual, against contrast first (``task.contrast``).

Three public data sets, 8, 16 and 64 rows a class, three seeds, each of which draws other rows.
Both ways end in the same number of classifying steps; contrast adds a stage of its own, so it
costs more time, which is kept too. No checkpoint is chosen and no test row is used but to
measure. Published, for orientation (Tunstall et al. 2022; a base five times larger): SetFit gains
most at 8 rows a class, and about nothing from 64 on.
"""

from __future__ import annotations

from typing import Any

from benchmarks.common import data_folder, keep, summary, tune

SETS = {
    "trec6": ("train.tsv", "test.tsv[~200]"),
    "sst2": ("train.tsv[~3000]", "test.tsv[~200]"),
    "financial_phrasebank": ("all_agree.csv[200:]", "all_agree.csv[:200]"),
}
"""Rows to draw from, and test rows."""

SIZES, SEEDS = (8, 16, 64), (0, 1, 2)
WAYS = {"plain": False, "contrast": True}


def recipe(name: str, rows: int, seed: int, contrast: bool) -> dict[str, Any]:
    train, test = SETS[name]
    return {
        "name": "few",
        "base": "minilm-l6",
        "task": {"kind": "classify", "max_length": 48, "contrast": contrast},
        "data": {
            "train": str(data_folder(name) / train),
            "test": str(data_folder(name) / test),
            "split": {"validation": 0.0, "few_shot": rows, "seed": seed},
        },
        "techniques": [{"kind": "discriminative", "decay": 0.75}],
        "training": {"max_steps": 40, "batch_size": 16, "learning_rate": 3e-4, "seed": seed},
        "evaluation": {"resamples": 100},
    }


def compare(name: str, rows: int) -> dict[str, Any]:
    """Both ways on the same rows of every seed."""
    result: dict[str, Any] = {}
    for way, contrast in WAYS.items():
        runs = [tune(recipe(name, rows, seed, contrast)) for seed in SEEDS]
        result[way] = {
            "accuracy": summary(runs, "accuracy"),
            "f1_macro": summary(runs, "f1_macro"),
            "runs": runs,
        }
        print(name, rows, way, result[way]["accuracy"], flush=True)
    return result


def main() -> None:
    about = recipe("trec6", 8, 0, True)
    about["data"] |= {"train": "trec6/train.tsv", "test": "trec6/test.tsv[~200]"}
    sets: dict[str, dict[str, Any]] = {name: {} for name in SETS}
    for rows in SIZES:
        for name in SETS:
            sets[name][str(rows)] = compare(name, rows)
            # What is done is kept, however long the rest takes.
            keep("few_shot", {"seeds": SEEDS, "recipe": about, "sets": sets})


if __name__ == "__main__":
    main()
