"""Summaries of dialogues: DialogSum (Chen et al. 2021), 12,460 to train on, 500 with three each.

ROUGE is rouge-score's, with stems; of the three summaries of a test dialogue the one counts that
fits best. The model must beat the first three turns and the longest turn, which are measured here.
Published figures are by other scripts, so they are neighbours, not rivals: see ``PUBLISHED``.

    python -m benchmarks.summaries [--base luthier-t5] [--train 500] [--test 50] [--minutes 50]
        [--runs-dir FOLDER]
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.common import data_folder, keep, rows_of
from luthier import api
from luthier.metrics import ROUGE, Wanted, Written, measure_writing
from luthier.tasks.writing.plain import lead, longest_turn

PUBLISHED = {
    "lead-3 (Chen et al. 2021)": (27.50, 6.78, 27.31),
    "longest turn (Chen et al. 2021)": (24.15, 6.25, 22.73),
    "BART-large (Chen et al. 2021)": (47.28, 21.18, 44.83),
    "T5-small (card of saileshaman/t5-small-finetuned-dialogsum-v3)": (38.36, 16.02, 32.90),
}
"""ROUGE-1, 2 and L in percent, as they are reported; the card does not say of which rows."""

TRUE = ("summary1", "summary2", "summary3")

Row = dict[str, str]


def recipe(base: Any, folder: Path, epochs: float, minutes: float | None) -> dict[str, Any]:
    limit = {} if minutes is None else {"max_minutes": minutes}
    return {
        "name": "dialogsum",
        "base": base,
        "task": {
            "kind": "generate", "use": "summarise", "source": "dialogue", "target": "summary",
            "references": list(TRUE[1:]), "max_source_length": 384, "max_target_length": 80,
            "label_smoothing": 0.1, "num_beams": 4, "no_repeat_ngram_size": 3,
        },
        "data": {
            name: str(folder / f"{name}.jsonl") for name in ("train", "validation", "test")
        } | {"prepare": []},
        "training": {
            "epochs": epochs, "batch_size": 16, "learning_rate": 5e-4, "seed": 0,
            "dropout": 0.0, "schedule": {"kind": "linear", "warmup": 0.05}, **limit,
        },
    }  # fmt: skip


def splits_of(given: argparse.Namespace) -> dict[str, list[Row]]:
    """The splits, each with a column ``summary``: of the test the first of the three."""
    folder = data_folder("dialogsum")
    test = rows_of(folder / "test.jsonl", given.test)
    return {
        "train": rows_of(folder / "train.jsonl.gz", given.train),
        "validation": rows_of(folder / "dev.jsonl", min(200, given.test or 200)),
        "test": [{**row, "summary": row[TRUE[0]]} for row in test],
    }


def plain(rows: list[Row]) -> dict[str, dict[str, float]]:
    """ROUGE of the answers without a model."""
    wanted = [Wanted(tuple(row[name] for name in TRUE)) for row in rows]
    ways = {"lead-3": lead, "longest turn": longest_turn}
    found = {}
    for name, way in ways.items():
        said = [Written(way(row["dialogue"])) for row in rows]
        measures = measure_writing(said, wanted, names=list(ROUGE), resamples=0)
        found[name] = {key: round(measures.metrics[key].value, 4) for key in ROUGE}
    return found


def measured(given: argparse.Namespace) -> dict[str, Any]:
    """One run: figures and seconds."""
    splits = splits_of(given)
    with tempfile.TemporaryDirectory() as folder:
        for name, rows in splits.items():
            kept = ["dialogue", "summary", *(TRUE[1:] if name == "test" else ())]
            pl.DataFrame(rows).select(kept).write_ndjson(Path(folder) / f"{name}.jsonl")
        used = recipe(given.base, Path(folder), given.epochs, given.minutes)
        started = time.perf_counter()
        run = api.tune(used, runs_dir=given.runs_dir or Path(folder) / "runs")
        seconds = time.perf_counter() - started
        metrics = run.verdict()["metrics"]
        report = json.loads(next(run.path.glob("stages/*/report.json")).read_text("utf-8"))
    return {
        "recipe": {**used, "data": "dialogsum"},
        "rows": {name: len(rows) for name, rows in splits.items()},
        "parameters": report["parameters"]["total"],
        "epochs": round(report["training"]["epochs"], 2),
        "metrics": {
            name: {end: round(value, 4) for end, value in estimate.items()}
            for name, estimate in metrics.items()
        },
        "without_a_model": plain(splits["test"]),
        "published": PUBLISHED,
        "seconds": round(seconds, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", default="luthier-t5", help="A base; JSON makes a new one.")
    parser.add_argument("--train", type=int, help="Dialogues to train on; default: all.")
    parser.add_argument("--test", type=int, help="Dialogues to test on; default: all.")
    parser.add_argument("--epochs", type=float, default=8, help="Passes over the dialogues.")
    parser.add_argument("--minutes", type=float, help="Stop training after so many.")
    parser.add_argument("--runs-dir", type=Path, help="Keep the run in this folder.")
    given = parser.parse_args()
    if given.base.startswith("{"):
        given.base = json.loads(given.base)
    result = measured(given)
    shown = ("metrics", "without_a_model", "seconds")
    print(json.dumps({key: result[key] for key in shown}, indent=1))
    keep("_".join(["summaries", *filter(None, [str(given.train or "")])]), result)


if __name__ == "__main__":
    main()
