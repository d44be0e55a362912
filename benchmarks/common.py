"""What the benchmarks share: where data is, what the machine is, how results are kept."""

from __future__ import annotations

import gzip
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from luthier import api
from luthier.models.devices import describe

RESULTS = Path(__file__).parent / "results"


def data_folder(name: str) -> Path:
    """The folder of a public data set, below ``$LUTHIER_DATA`` or beside the repository."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("LUTHIER_DATA", default)) / name
    if not folder.is_dir():
        sys.exit(f"No data in {folder}: set LUTHIER_DATA to the folder that holds {name}/.")
    return folder


def tune(recipe: dict[str, Any], runs_dir: Path | None = None) -> dict[str, Any]:
    """One run of a recipe: its metrics (values only), seconds and training facts.

    Those are of the last stage, but ``trained`` is the seconds of training of all stages. Runs
    are kept in ``runs_dir``, if given, for recipes that start from them. What frozen layers are
    asked before the first step counts as training.
    """
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        run = api.tune(recipe, runs_dir=runs_dir or folder)
        seconds = time.perf_counter() - started
        reports = sorted(run.path.glob("stages/*/report.json"))
        stages = [json.loads(report.read_text(encoding="utf-8")) for report in reports]
        measured = stages[-1]
        metrics = run.verdict()["metrics"]
    return {
        "seconds": round(seconds, 1),
        "metrics": {name: round(entry["value"], 5) for name, entry in metrics.items()},
        "trained": round(sum(map(_trained, stages)), 1),
        "training": measured["training"],
        "parameters": measured["parameters"],
        "rows": measured["data"]["rows"],
    }


def _trained(stage: dict[str, Any]) -> float:
    reused = stage["training"]["reused"]
    return float(stage["training"]["seconds"] + (reused["seconds"] if reused else 0))


def summary(runs: Sequence[dict[str, Any]], metric: str) -> dict[str, float]:
    """Mean and spread (standard deviation) of a metric, and the slowest run."""
    values = [run["metrics"][metric] for run in runs]
    return {
        "mean": round(statistics.mean(values), 5),
        "sd": round(statistics.stdev(values), 5) if len(values) > 1 else 0.0,
        "seconds_max": max(run["seconds"] for run in runs),
    }


def rows_of(path: Path, most: int | None = None) -> list[dict[str, Any]]:
    """The first rows of a file of JSON lines, perhaps packed by gzip."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in islice(file, most)]


def kept(name: str) -> dict[str, Any]:
    """What :func:`keep` wrote under a name; nothing where it did not."""
    path = RESULTS / f"{name}.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return found


def keep(name: str, result: dict[str, Any]) -> None:
    """Write the result beside the benchmarks, with the machine and the day."""
    RESULTS.mkdir(exist_ok=True)
    whole = {"date": time.strftime("%Y-%m-%d"), "machine": describe(), **result}
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"written to {path}", file=sys.stderr)
