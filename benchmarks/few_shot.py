"""Few rows a class: fine-tuning as usual, against contrast first (``task.contrast``).

Three public data sets, 8, 16 and 64 rows a class, three seeds, each of which draws other rows.
Both ways read the same number of texts in training (2,240): contrast 40 steps of 8 rows with four
partners each and then 40 steps of 16 rows, plain fine-tuning 140 steps of 16 rows. No checkpoint
is chosen, and no test row is used but to measure. Published, for orientation (Tunstall et al.
2022; a base five times larger): SetFit gains most at 8 rows a class, and little from 64 on.
The whole takes about 80 minutes of one core.
"""

from __future__ import annotations

from typing import Any

from benchmarks.common import data_folder, keep, summary, tune

SETS: dict[str, tuple[str, str | None]] = {
    "trec6": ("train.tsv", "test.tsv[~200]"),
    "sst2": ("train.tsv[~3000]", "test.tsv[~200]"),
    "financial_phrasebank": ("all_agree.csv", None),
}
"""Rows to draw from, and test rows; None: a tenth of those."""

SIZES, SEEDS = (8, 16, 64), (0, 1, 2)
STEPS = {"plain": 140, "contrast": 40}
"""Steps that classify."""


def recipe(name: str, rows: int, seed: int, way: str) -> dict[str, Any]:
    train, test = (file and str(data_folder(name) / file) for file in SETS[name])
    split = {"validation": 0.0, "test": 0.1, "few_shot": rows, "seed": seed}
    return {
        "name": "few",
        "base": "minilm-l6",
        "task": {"kind": "classify", "max_length": 48, "contrast": way == "contrast"},
        "data": {"train": train, "test": test, "split": split},
        "techniques": [{"kind": "discriminative", "decay": 0.75}],
        "training": {
            "max_steps": STEPS[way], "batch_size": 16, "learning_rate": 3e-4, "seed": seed,
        },
        "evaluation": {"resamples": 100},
    }  # fmt: skip


def measure(name: str, rows: int, way: str) -> dict[str, Any]:
    """One way on the rows of every seed."""
    runs = [tune(recipe(name, rows, seed, way)) for seed in SEEDS]
    result = {
        "accuracy": summary(runs, "accuracy"), "f1_macro": summary(runs, "f1_macro"), "runs": runs,
    }  # fmt: skip
    print(name, rows, way, result["accuracy"], result["f1_macro"], flush=True)
    return result


def main() -> None:
    about = recipe("trec6", 8, 0, "contrast")
    about["data"] |= {"train": "trec6/train.tsv", "test": "trec6/test.tsv[~200]"}
    sets: dict[str, dict[str, Any]] = {name: {} for name in SETS}
    for rows in SIZES:
        for name in SETS:
            sets[name][str(rows)] = {way: measure(name, rows, way) for way in STEPS}
            # What is done is kept, however long the rest takes.
            keep("few_shot", {"seeds": SEEDS, "steps": STEPS, "recipe": about, "sets": sets})


if __name__ == "__main__":
    main()
