"""The only wiring: recipe -> prepared rows -> model -> training -> report -> run."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from luthier.core.errors import RunError
from luthier.core.files import write_folder_atomic, write_json
from luthier.data.prepare import prepare
from luthier.data.prepared import Prepared
from luthier.data.rows import read_rows
from luthier.data.steps import steps_for
from luthier.data.tools import Tools
from luthier.evaluation.evaluate import measure_rows
from luthier.evaluation.predict import predict
from luthier.evaluation.predictor import Predictor
from luthier.evaluation.publish import StageRecord, judge_rows, publish
from luthier.evaluation.saved import describe_model, facts_of
from luthier.evaluation.verdict import check_metric
from luthier.models.bases import Base
from luthier.models.devices import choose_precision, device
from luthier.models.find import find_base
from luthier.models.model import Model, load_model, load_processor, save_model
from luthier.models.tools import BaseTools
from luthier.models.vocabulary import train_all_rows, train_known_rows
from luthier.recipe.load import Loaded, dump_recipe, load_recipe
from luthier.recipe.schema import Data, Stage
from luthier.runs import Run, State, list_runs
from luthier.tasks.audit.audit import audit_rows
from luthier.tasks.task import TASK, Example, Facts, Rows, Task, TaskConfig
from luthier.techniques.technique import multipliers
from luthier.train.consume import train_to_the_end
from luthier.train.events import Event
from luthier.train.loop import Session
from luthier.train.optimizer import build_optimizer


@dataclass(frozen=True)
class Listener:
    """Whoever shows a person what goes on. Every field may be left as it is."""

    on_phase: Callable[[str, str], None] = lambda _stage, _phase: None
    """Told the stage's name and what begins: ``prepare``, ``load``, ``train``, ``evaluate``."""
    on_findings: Callable[[str, list[dict[str, Any]]], None] = lambda _stage, _found: None
    """Told the stage's name and what the audit of its training rows found, most harmful first."""
    on_event: Callable[[Event], None] = lambda _event: None
    """Told of every training event."""


def tune(
    loaded: Loaded,
    runs_dir: Path,
    *,
    resume: bool = False,
    listener: Listener | None = None,
) -> Run:
    """Carry out a recipe; the run that comes back is finished and has a verdict.

    Args:
        loaded: The recipe.
        runs_dir: Where runs go.
        resume: Go on with the newest unfinished run of the same recipe.
        listener: Shows progress.

    Raises:
        LuthierError: For everything the user can put right.
        Interrupted: After Ctrl-C or SIGTERM.
    """
    resolved = dump_recipe(loaded.recipe)
    if resume:
        run = _unfinished(loaded, runs_dir, resolved)
    else:
        _check_before_start(loaded)
        run = Run.create(runs_dir, loaded.recipe.name, loaded.text, resolved, loaded.folder)
    return carry_out(run, loaded, listener or Listener())


def resume_run(run: Run, *, listener: Listener | None = None) -> Run:
    """Go on with an unfinished run, from its directory alone."""
    loaded = load_recipe(run.path / "resolved.yaml")
    written = (run.path / "recipe.yaml").read_text(encoding="utf-8")
    loaded = replace(loaded, folder=run.recipe_folder(), text=written)
    return carry_out(run, loaded, listener or Listener())


def carry_out(run: Run, loaded: Loaded, listener: Listener) -> Run:
    """Do what is left to do of a run."""
    with run.locked():
        started = time.perf_counter()
        previous: Base | None = None
        records: list[StageRecord] = []
        for index, stage in enumerate(loaded.recipe.stages):
            record = _run_stage(run, index, stage, loaded, previous, listener)
            records.append(record)
            previous = Base(f"stage {stage.name}", record.model, "run")
        publish(run, records, seconds=time.perf_counter() - started)
    return run


def evaluate(
    run: Run, data: str | None, *, task: str | None = None, batch_size: int | None = None
) -> dict[str, Any]:
    """Measure a finished run's model on its test rows or on other labelled rows.

    Args:
        run: The run.
        data: The other rows.
        task: Of a model of several tasks the one to measure, alone.
        batch_size: Rows per batch; default: as in the recipe.
    """
    started = time.perf_counter()
    run.verdict()
    loaded = load_recipe(run.path / "resolved.yaml")
    index, stage = len(loaded.recipe.stages) - 1, loaded.recipe.stages[-1]
    settings = stage.evaluation
    if batch_size:
        settings = settings.model_copy(update={"batch_size": batch_size})
    predictor = Predictor.load(run.model, task)
    notes: list[str] = []
    config: TaskConfig = stage.task
    folder = run.stage(index, stage.name) / "data"
    names = ("", *config.others())
    prepared = _together({name: Prepared.load(_set_folder(folder, name)) for name in names})
    rows = prepared.splits["test"]
    if task is not None:
        config, rows = config.alone(task, rows)
        settings = settings.model_copy(update={"target": _own_target(settings.target, task)})
        stage = stage.model_copy(update={"evaluation": settings})
    if data is not None:
        rows, notes = read_rows(
            data, config.roles(), stage.data.columns, stage.data.labels, base_dir=Path.cwd(),
            steps=steps_for(stage.data, prepared.card["family"]), classes=predictor.task.classes,
            fitted=prepared.card["fitted"],
        )  # fmt: skip
        rows, unknown = predictor.task.answerable(rows)
        notes += unknown
    measures, _ = measure_rows(predictor.model, predictor.task, rows, settings)
    verdict = judge_rows(predictor.task, measures, rows, stage)
    return {
        "run": str(run.path),
        "rows": measures.n,
        **{key: measures.to_json()[key] for key in ("metrics", "per_class", "confusion")},
        "notes": notes,
        "seconds": round(time.perf_counter() - started, 2),
        "verdict": verdict.to_json(),
    }


def _own_target(target: Mapping[str, float], task: str) -> dict[str, float]:
    """The part of a target that one of several tasks must reach."""
    named = ((metric.rpartition("/"), value) for metric, value in target.items())
    return {metric: value for (name, _, metric), value in named if name == task}


def audit_prepared(loaded: Loaded, prepared: Prepared, runs_dir: Path) -> dict[str, Any]:
    """What training on prepared rows would see, of a recipe's first stage: see :func:`audit`.

    Raises:
        ModelError: If the base is not at hand.
        NothingSupervisedError: If no row teaches anything.
    """
    stage = loaded.recipe.stages[0]
    config: TaskConfig = stage.task
    train = prepared.splits["train"]
    processor = load_processor(_resolve(stage, loaded, runs_dir), config.reads)
    longest = getattr(processor, "model_max_length", 0)
    task = config.build(config.learn(train), processor)
    return _audited(task, train, task.encode(train), longest)


def _audited(
    task: Task, rows: pl.DataFrame, examples: Sequence[Example], longest: int
) -> dict[str, Any]:
    """The audit of encoded rows; of several tasks, that of each under its name."""
    found = {
        name: audit_rows(part, mine, encoded, longest=longest).to_json()
        for name, part, mine, encoded in task.looked_at(rows, examples)
    }
    findings = [finding for each in found.values() for finding in each.pop("findings")]
    findings.sort(key=lambda finding: -finding["harm"])
    return {"tasks": found, "findings": findings}


def tools_for(loaded: Loaded, runs_dir: Path) -> Tools | None:
    """The base of a recipe's first stage, if a preparation step asks it."""
    stage = loaded.recipe.stages[0]
    return _tools(stage.data, lambda: _resolve(stage, loaded, runs_dir))


def _tools(data: Data, base_of: Callable[[], Base]) -> Tools | None:
    asked = any(step.asks_base() for step in steps_for(data))
    return BaseTools(base_of(), device()) if asked else None


def _check_before_start(loaded: Loaded) -> None:
    """Refuse metrics that do not exist before hours are spent."""
    for stage in loaded.recipe.stages:
        known = dict.fromkeys(stage.task.metric_names())
        for name in (*stage.evaluation.target, *filter(None, [stage.evaluation.best])):
            check_metric(name, known)


def _unfinished(loaded: Loaded, runs_dir: Path, resolved: str) -> Run:
    """The newest unfinished run of the same resolved recipe."""
    runs = [r for r in list_runs(runs_dir, loaded.recipe.name) if r.state() is not State.FINISHED]
    for run in reversed(runs):
        if (run.path / "resolved.yaml").read_text(encoding="utf-8") == resolved:
            return run
    raise RunError(
        "There is no unfinished run of this recipe to go on with in {runs_dir}.",
        hint="Start one without --resume. A changed recipe or override is another run.",
        runs_dir=str(runs_dir / loaded.recipe.name),
    )


def _run_stage(
    run: Run, index: int, stage: Stage, loaded: Loaded, previous: Base | None, listener: Listener
) -> StageRecord:
    """One stage, from sources to measured model; what is already there is not done again."""
    folder = run.stage(index, stage.name)
    config: TaskConfig = stage.task
    listener.on_phase(stage.name, "prepare")

    def base_of() -> Base:
        runs_dir = run.path.parent.parent
        if stage.base is None and previous:
            return previous
        return _resolve(stage, loaded, runs_dir, folder)

    prepared = _prepared(stage, config, loaded, folder / "data", base_of)
    listener.on_phase(stage.name, "load")
    base = base_of()
    done = (folder / "measured.json").is_file()
    facts = facts_of(folder / "model") if done else config.learn(prepared.splits["train"])
    processor = load_processor(base, config.reads)
    longest = getattr(processor, "model_max_length", 0)
    task = config.build(facts, processor)
    record = StageRecord(
        stage=stage, folder=folder, base=base, prepared=prepared, task=task,
        recipe_yaml=loaded.text,
    )  # fmt: skip
    if done:
        return record
    train = prepared.splits["train"]
    examples = task.encode_to_train(train, folder / "tokens")
    audited = _audited(task, train, examples, longest)
    write_json(folder / "audit.json", audited)
    listener.on_findings(stage.name, audited["findings"])
    settings = stage.training
    model = load_model(base, task.head(), processor, seed=settings.seed, dropout=settings.dropout)
    session = _session(stage, task, model, prepared, examples)
    listener.on_phase(stage.name, "train")
    train_to_the_end(session, run, stage.name, folder / "checkpoints", listener.on_event)
    if task.reads == "text":
        train_all_rows(model.core)
    counts = model.parameter_counts()
    for technique in stage.techniques:
        technique.finish(model)
    facts = _fitted(record, session, facts)
    record.task = session.task = config.build(facts, processor)

    def fill(place: Path) -> None:
        save_model(model, place)
        describe_model(place, config, facts, base, stage.data, prepared.card["family"])

    write_folder_atomic(record.model, fill)
    listener.on_phase(stage.name, "evaluate")
    _measure(record, session, counts)
    return record


def _prepared(
    stage: Stage, config: TaskConfig, loaded: Loaded, folder: Path, base_of: Callable[[], Base]
) -> Prepared:
    """The stage's rows: prepared now, or, in a resumed run, as they were prepared."""
    sets = {"": Rows(stage.data, config.roles()), **config.others()}
    found = {}
    for name, rows in sets.items():
        place = _set_folder(folder, name)
        if (place / "manifest.json").is_file():
            found[name] = Prepared.load(place)
            continue
        found[name] = prepare(
            rows.data, rows.roles, base_dir=loaded.folder, folder=place,
            tools=_tools(rows.data, base_of),
        )  # fmt: skip
    return _together(found)


def _set_folder(folder: Path, name: str) -> Path:
    """Where a data set beside the stage's own is."""
    return folder.with_name(f"{folder.name}-{name}") if name else folder


def _together(sets: Mapping[str, Prepared]) -> Prepared:
    """The stage's own rows with those of other data sets, each marked with its name."""
    main = sets[""]
    if len(sets) == 1:
        return main
    splits = {
        split: pl.concat(
            [
                one.splits[split].with_columns(pl.lit(name or None, dtype=pl.String).alias(TASK))
                for name, one in sets.items()
            ],
            how="diagonal_relaxed",
        )
        for split in main.splits
    }
    return replace(main, splits=splits)


def _resolve(stage: Stage, loaded: Loaded, runs_dir: Path, folder: Path | None = None) -> Base:
    """The stage's base; a new one is made in the stage's folder."""
    return find_base(stage.base, loaded.folder, runs_dir, folder)


def _session(
    stage: Stage, task: Task, model: Model, prepared: Prepared, rows: Sequence[Example]
) -> Session:
    """The model with its techniques applied and its optimizer, ready to train on encoded rows."""
    for technique in stage.techniques:
        technique.apply(model)
    model.network.to(device())
    if task.reads == "text" and not task.whole_vocabulary:
        train_known_rows(model.core, (task.given(row) for row in rows))
    optimizer = build_optimizer(
        model.core, multipliers(stage.techniques, model, 0.0), stage.training
    )
    validation = prepared.splits.get("validation", pl.DataFrame())
    usual = task.picked_by or next(iter(stage.evaluation.target), task.default_metric)
    metric = stage.evaluation.best or usual
    evaluate = None
    if not validation.is_empty():
        watched, validation = task.watched(validation, metric)
        examples, references = watched.encode(validation), watched.references(validation)

        def evaluate() -> dict[str, float]:
            predictions = predict(model, watched, examples, batch_size=stage.evaluation.batch_size)
            return watched.measure(predictions, references, resamples=0).values()

    return Session(model, task, rows, optimizer, stage.training, metric, evaluate)


def _fitted(record: StageRecord, session: Session, facts: Facts) -> Facts:
    """The facts, and what the task tunes on validation."""
    task, validation = session.task, record.prepared.splits["validation"]
    if validation.is_empty() or type(task).fit_on_validation is Task.fit_on_validation:
        return facts
    batch_size = record.stage.evaluation.batch_size
    predictions = predict(session.model, task, task.encode(validation), batch_size=batch_size)
    return {**facts, **task.fit_on_validation(predictions, task.references(validation))}


def _measure(record: StageRecord, session: Session, counts: dict[str, int]) -> None:
    """Open the test rows, once, and write down what the model is worth on them."""
    rows = record.prepared.splits["test"]
    measures, predictions = measure_rows(session.model, session.task, rows, record.stage.evaluation)
    progress = session.progress
    write_json(
        record.folder / "measured.json",
        {
            "measures": measures.to_json(),
            "metric": session.metric,
            "mistakes": session.task.mistakes(rows, predictions, count=20),
            "samples": session.task.showcase(rows, predictions, count=12),
            "parameters": counts,
            "training": {
                "steps": progress.step,
                "epochs": progress.step / session.steps_per_epoch,
                "seconds": progress.seconds,
                "examples_per_second": progress.rows / max(progress.seconds, 1e-9),
                "precision": choose_precision(record.stage.training.precision, device()),
                "best_step": progress.best_step,
                "stopped": progress.stopped,
            },
            "evaluations": progress.evaluations,
        },
    )
