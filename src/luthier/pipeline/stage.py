"""One stage: rows, base, model, training, measures."""

from __future__ import annotations

from pathlib import Path

from luthier.core.files import write_folder_atomic, write_json
from luthier.evaluation.evaluate import measure_rows
from luthier.evaluation.predict import predict
from luthier.evaluation.publish import StageRecord
from luthier.evaluation.saved import describe_model, facts_of
from luthier.models.bases import Base
from luthier.models.devices import choose_precision, device
from luthier.models.model import load_model, load_processor, save_model
from luthier.models.vocabulary import train_all_rows
from luthier.pipeline.audited import audited
from luthier.pipeline.listener import Listener
from luthier.pipeline.rows import base_of_stage, prepared_rows
from luthier.pipeline.session import session_for, work_on
from luthier.recipe.load import Loaded
from luthier.recipe.schema import Stage
from luthier.runs import Run
from luthier.tasks.task import Facts, Task, TaskConfig
from luthier.train.consume import train_to_the_end
from luthier.train.loop import Session


def run_stage(
    run: Run, index: int, stage: Stage, loaded: Loaded, previous: Base | None, listener: Listener
) -> StageRecord:
    """One stage, from sources to measured model; what is already there is not done again."""
    folder = run.stage(index, stage.name)
    config: TaskConfig = stage.task
    listener.on_phase(stage.name, "prepare")

    def base_of() -> Base:
        if stage.base is None and previous:
            return previous
        return base_of_stage(stage, loaded, run.path.parent.parent, folder)

    prepared = prepared_rows(stage, config, loaded, folder / "data", base_of)
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
    found = audited(task, train, examples, longest)
    write_json(folder / "audit.json", found)
    listener.on_findings(stage.name, found["findings"])
    settings = stage.training
    model = load_model(base, task.head(), processor, seed=settings.seed, dropout=settings.dropout)
    work = work_on(task, examples, stage.evaluation.batch_size)
    session = session_for(stage, task, model, prepared, examples, work)
    listener.on_phase(stage.name, "train")
    train_to_the_end(session, run, stage.name, folder / "checkpoints", listener.on_event)
    if task.reads == "text":
        train_all_rows(model.core)
    counts = model.parameter_counts(session.trained)
    for technique in stage.techniques:
        technique.finish(model, work)
    facts = _fitted(record, session, facts)
    record.task = session.task = config.build(facts, processor)

    def fill(place: Path) -> None:
        save_model(model, place)
        describe_model(place, config, facts, base, stage.data, prepared.card["family"])

    write_folder_atomic(record.model, fill)
    listener.on_phase(stage.name, "evaluate")
    _measure(record, session, counts)
    return record


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
