"""Tuning on doctored data against tuning on raw data (Twitter US Airline Sentiment).

The texts to train on come from a copy that went through a spreadsheet: letters read in the wrong
encoding, ``=`` before mentions, words recased. ``raw`` trains on it as it is; ``doctored`` lets
preparation do what it does for posts. Both are measured on the same 2,928 tweets as users wrote
them, taken from the clean copy, whose rows are in the same order; the model prepares them as it
prepared its own. ``--flip 0.1`` plants wrong labels in the rows to train on, and ``doctored``
then also drops the rows whose label it doubts most.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import statistics
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.common import data_folder, keep
from luthier import api

WAYS: dict[str, dict[str, Any]] = {
    "raw": {"prepare": ["missing", "labels"]},
    "doctored": {"profile": "social"},
    "doctored, doubtful labels dropped": {
        "profile": "social",
        "steps": {"label_noise": {"action": "drop"}},
    },
}
CLEAN = "tweets.csv"
DIRTY = "dirty_variant/Tweets_excel_cp1252.csv"


def rows(name: str, encoding: str) -> list[tuple[str, str]]:
    """(text, label) of every row of a copy."""
    path = data_folder("twitter_airline") / name
    with path.open(encoding=encoding, errors="surrogateescape", newline="") as file:
        return [(row["text"], row["airline_sentiment"]) for row in csv.DictReader(file)]


def write(path: Path, table: list[tuple[str, str]], encoding: str) -> str:
    with path.open("w", encoding=encoding, errors="surrogateescape", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("text", "label"))
        writer.writerows(table)
    return str(path)


def flipped(table: list[tuple[str, str]], share: float, choose: random.Random) -> list[Any]:
    """The rows with a share of labels replaced by another one, at random."""
    labels = sorted({label for _, label in table})
    wrong = set(choose.sample(range(len(table)), round(share * len(table))))
    return [
        (text, choose.choice([other for other in labels if other != label]))
        if index in wrong else (text, label)
        for index, (text, label) in enumerate(table)
    ]  # fmt: skip


def run(way: str, seed: int, flip: float, epochs: float) -> dict[str, Any]:
    choose = random.Random(seed)
    clean, dirty = rows(CLEAN, "utf-8"), rows(DIRTY, "cp1252")
    order = choose.sample(range(len(clean)), len(clean))
    cut = len(clean) // 5
    with tempfile.TemporaryDirectory() as folder:
        test = write(Path(folder) / "test.csv", [clean[i] for i in order[:cut]], "utf-8")
        noisy = flipped([dirty[i] for i in order[cut:]], flip, choose)
        train = write(Path(folder) / "train.csv", noisy, "cp1252")
        recipe = {
            "name": "airline",
            "base": "minilm-l6",
            "task": {"kind": "classify", "max_length": 96},
            "data": {
                "train": train,
                "test": test,
                "split": {"validation": 0.0, "seed": seed},
                **WAYS[way],
            },
            "techniques": [{"kind": "discriminative", "decay": 0.9}],
            "training": {"epochs": epochs, "learning_rate": 1e-4, "seed": seed},
        }
        done = api.tune(recipe, runs_dir=Path(folder) / "runs")
        (report,) = done.path.glob("stages/*/report.json")
        card = json.loads(report.read_text(encoding="utf-8"))["data"]
        # Preparation drops test rows that are twice the same: all ways must be asked every row.
        measured = api.evaluate(done, test)
    metrics = {name: round(entry["value"], 5) for name, entry in measured["metrics"].items()}
    return {"metrics": metrics, "rows": card["rows"]["train"], "measured": measured["rows"]}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seeds", type=int, default=3)
    arguments.add_argument("--flip", type=float, default=0.0)
    arguments.add_argument("--epochs", type=float, default=3)
    options = arguments.parse_args()
    found: dict[str, list[dict[str, Any]]] = {way: [] for way in WAYS}
    for seed in range(options.seeds):
        for way in WAYS:
            found[way].append(run(way, seed, options.flip, options.epochs))
            metrics = found[way][-1]["metrics"]
            print(seed, way, metrics["accuracy"], metrics["f1_macro"], flush=True)
    base = [r["metrics"]["f1_macro"] for r in found["raw"]]
    gains = {
        way: [r["metrics"]["f1_macro"] - b for r, b in zip(runs, base, strict=True)]
        for way, runs in found.items()
    }
    result = {
        way: {
            metric: {
                "values": (values := [r["metrics"][metric] for r in runs]),
                "mean": round(statistics.mean(values), 4),
                "sd": round(statistics.stdev(values), 4) if len(values) > 1 else 0.0,
            }
            for metric in ("accuracy", "f1_macro")
        }
        | {"gain_f1_macro": [round(g, 4) for g in gains[way]], "rows": runs[0]["rows"]}
        for way, runs in found.items()
    }
    name = f"doctored_flip{options.flip:g}" if options.flip else "doctored"
    keep(name, {"epochs": options.epochs, "flip": options.flip, "ways": result})


if __name__ == "__main__":
    main()
