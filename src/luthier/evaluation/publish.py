"""Writing down what a run came to: measures, verdict, report, model card."""

from __future__ import annotations

import shutil
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from luthier.core.files import read_json, write_atomic, write_folder_atomic, write_json
from luthier.data.prepared import Prepared
from luthier.evaluation.advice import advise
from luthier.evaluation.card import model_card
from luthier.evaluation.environment import environment
from luthier.evaluation.lineage import Lineage
from luthier.evaluation.looking_back import look_back
from luthier.evaluation.report import report_page
from luthier.evaluation.verdict import Verdict, judge
from luthier.metrics import Measures
from luthier.models.bases import Base
from luthier.recipe.schema import Stage
from luthier.runs.directory import Run
from luthier.tasks.task import Task


@dataclass
class StageRecord:
    """One stage, done: what it was and where its results are."""

    stage: Stage
    folder: Path
    base: Base
    prepared: Prepared
    task: Task
    recipe_yaml: str
    lineage: Lineage

    @property
    def model(self) -> Path:
        """Folder of the stage's model."""
        return self.folder / "model"

    def measured(self) -> dict[str, Any]:
        """What the stage measured on its test rows."""
        measured: dict[str, Any] = read_json(self.folder / "measured.json")
        return measured

    def audited(self) -> dict[str, Any]:
        """What was found of the encoded rows before training."""
        found: dict[str, Any] = read_json(self.folder / "audit.json")
        return found


def publish(run: Run, records: list[StageRecord], *, seconds: float) -> None:
    """Write each stage's report, then the run's model, card and, last, its verdict."""
    surroundings = environment()
    write_json(run.path / "environment.json", surroundings)
    report: dict[str, Any] = {}
    for record in records:
        report = _stage_report(run, record, surroundings)
        write_json(record.folder / "report.json", report)
        for language, name in (("en", "report.html"), ("zh", "report.zh.html")):
            write_atomic(record.folder / name, report_page(report, language))
    last = records[-1]
    card = model_card(report)

    def fill(place: Path) -> None:
        shutil.copytree(last.model, place, dirs_exist_ok=True)
        (place / "manifest.json").unlink()
        (place / "README.md").write_text(card, encoding="utf-8")

    write_folder_atomic(run.model, fill)
    write_atomic(run.path / "README.md", card)
    write_json(run.path / "lineage.json", report["lineage"])
    for record in records:
        for spent in ("checkpoints", "tokens"):
            shutil.rmtree(record.folder / spent, ignore_errors=True)
    shutil.rmtree(last.model)
    write_json(
        run.path / "verdict.json",
        {
            "name": run.name,
            "metrics": report["measures"]["metrics"],
            "headline": report["verdict"]["headline"],
            "seconds": round(seconds, 2),
            "verdict": report["verdict"],
            "lineage": report["lineage"],
            "forgetting": report.get("forgetting"),
        },
    )


def judge_rows(record_task: Task, measures: Measures, rows: Any, stage: Stage) -> Verdict:
    """The verdict on measures of rows, against the best constant answer on them."""
    baseline = record_task.baseline(rows)
    return judge(measures, baseline, stage.evaluation.target, record_task.default_metric)


def _stage_report(run: Run, record: StageRecord, surroundings: dict[str, object]) -> dict[str, Any]:
    measured = record.measured()
    measures = Measures.from_json(measured["measures"])
    verdict = judge_rows(record.task, measures, record.prepared.splits["test"], record.stage)
    events = [e for e in run.events() if e.get("stage") == record.stage.name]
    report = {
        "name": run.name,
        "stage": record.stage.name,
        "created": time.strftime("%Y-%m-%d %H:%M"),
        "base": record.base.name,
        "task": record.stage.task.model_dump(mode="json"),
        "about": asdict(record.task.about()),
        "techniques": [t.model_dump(mode="json") for t in record.stage.techniques],
        "settings": record.stage.training.model_dump(mode="json"),
        **measured,
        "confidence": record.stage.evaluation.confidence,
        "verdict": verdict.to_json(),
        "history": _history(events),
        "data": record.prepared.card,
        "audit": record.audited(),
        "lineage": record.lineage,
        "recipe_yaml": record.recipe_yaml,
        "environment": surroundings,
    }
    report |= {"findings": look_back(report)}
    return report | {"advice": advise(report)}


HISTORY = ("step", "loss", "lr", "grad_norm", "reaction", "grown")
"""What the report keeps of a training step."""


def _history(events: list[dict[str, Any]]) -> list[dict[str, float]]:
    """The training steps once each: a resumed run repeats those after its checkpoint."""
    steps = {e["step"]: {key: e[key] for key in HISTORY} for e in events if e["event"] == "Stepped"}
    return [steps[step] for step in sorted(steps)]
