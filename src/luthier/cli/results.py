"""How a finished run or an evaluation is printed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from luthier.cli.output import print_table
from luthier.core.files import read_json
from luthier.core.locale import current_language, translate
from luthier.runs import Run


def result_json(run: Run) -> dict[str, Any]:
    """What ``tune --json`` prints: run, metrics, seconds, verdict, what training showed."""
    verdict = run.verdict()
    return {"run": str(run.path), **verdict, "findings": _of_training(_last_stage(run))}


def print_result(run: Run) -> None:
    """The metrics, the verdict in words, and where the report is."""
    verdict = run.verdict()
    print_metrics(verdict["metrics"])
    print()
    if verdict.get("forgetting"):
        print_forgetting(verdict["forgetting"])
        print()
    print(verdict["verdict"]["sentences"][current_language()])
    last_stage = _last_stage(run)
    for line in finding_lines(_of_training(last_stage)):
        print(line)
    print(f"{translate('Report: ')}{last_stage / 'report.html'}")
    print(f"{translate('Model: ')}{run.model}")


def print_metrics(metrics: dict[str, dict[str, float]]) -> None:
    """A table of metrics with their intervals."""
    rows = [
        (name, f"{m['value']:.4f}", f"[{m['low']:.4f}, {m['high']:.4f}]")
        for name, m in metrics.items()
    ]
    print_table(("metric", "value", "interval"), rows)


def print_forgetting(found: dict[str, Any]) -> None:
    """What each stage left of those before it: a line for every two of them."""
    rows = [
        (name, tested, metric, f"{cell['value']:.4f}" if "value" in cell else "-")
        for name, cells in zip(found["stages"], found["rows"], strict=True)
        for tested, metric, cell in zip(found["stages"], found["metrics"], cells, strict=False)
    ]
    print_table(("after stage", "test of stage", "metric", "value"), rows)


def finding_lines(found: Sequence[dict[str, Any]]) -> list[str]:
    """Findings in the user's language, each with the recipe line that deals with it below it."""
    lines = []
    for one in found:
        lines.append(f"! {one['text'][current_language()]}")
        if one["fix"]:
            lines.append(f"    {translate('fix: ')}{one['fix']}")
    return lines


def _of_training(stage: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = read_json(stage / "report.json")["findings"]
    return found


def _last_stage(run: Run) -> Path:
    return sorted((run.path / "stages").iterdir(), key=_number)[-1]


def _number(folder: Any) -> int:
    return int(folder.name.partition("-")[0])
