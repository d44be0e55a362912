"""One stage: rows, base, model, training, measures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from luthier.core.errors import MergeError
from luthier.core.files import write_folder_atomic, write_json
from luthier.evaluation.evaluate import measure_rows
from luthier.evaluation.lineage import lineage_of
from luthier.evaluation.predict import predict
from luthier.evaluation.publish import StageRecord
from luthier.evaluation.saved import describe_model, facts_of
from luthier.models.bases import Base
from luthier.models.devices import choose_precision, device
from luthier.models.load import load_model, save_model
from luthier.models.model import Model
from luthier.models.processors import load_processor
from luthier.models.vocabulary import train_all_rows
from luthier.pipeline.again import matrix, measure_again
from luthier.pipeline.audited import audited
from luthier.pipeline.batch import settle_batch
from luthier.pipeline.listener import Listener
from luthier.pipeline.loading import loader
from luthier.pipeline.past import Past, past_of
from luthier.pipeline.rows import base_of_stage, prepared_rows
from luthier.pipeline.session import session_for
from luthier.pipeline.work import looking_back, work_on
from luthier.recipe.load import Loaded
from luthier.recipe.schema import Stage
from luthier.runs import Run
from luthier.tasks.task import Example, Facts, Task, TaskConfig
from luthier.techniques.technique import Work
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
    # The base's own limit: a task sets its tokenizer another.
    longest = getattr(processor, "model_max_length", 0)
    task = config.build(facts, processor)
    record = StageRecord(
        stage=stage, folder=folder, base=base, prepared=prepared, task=task,
        recipe_yaml=loaded.text, lineage=lineage_of(run, stage, base, prepared),
    )  # fmt: skip
    if done:
        return record
    examples = task.encode_to_train(prepared.splits["train"], folder / "tokens")
    _audit(record, examples, longest, listener)
    settings = stage.training
    model = load_model(base, task.head(), processor, seed=settings.seed, dropout=settings.dropout)
    pasts = past_of(base, run)
    earlier = looking_back(stage, task, pasts)
    load = loader(base, task, processor, loaded, run, seed=settings.seed)
    work = work_on(
        task, examples, stage.evaluation.batch_size, load, settings,
        pasts=pasts, looked_at=earlier,
    )  # fmt: skip
    checkpoints = folder / "checkpoints"
    session = session_for(stage, task, model, prepared, examples, work, checkpoints, earlier)
    settle_batch(session, folder / "batch.json")
    listener.on_phase(stage.name, "train")
    train_to_the_end(session, run, stage.name, checkpoints, listener.on_event)
    if session.known:
        session.known.forget()
    if task.reads == "text":
        train_all_rows(model.core)
    counts = model.parameter_counts(session.trained)
    _finish(record, model, work, facts)
    facts = _fitted(record, session, facts)
    record.task = session.task = config.build(facts, processor)

    _save(record, model, facts, record.model)
    listener.on_phase(stage.name, "evaluate")
    _measure(record, session, counts, work, pasts if stage.evaluation.earlier else [])
    return record


def _audit(
    record: StageRecord, examples: Sequence[Example], longest: int, listener: Listener
) -> None:
    """Look at the encoded rows before training, and say what there is to say of them."""
    found = audited(record.task, record.prepared.splits["train"], examples, longest)
    write_json(record.folder / "audit.json", found)
    listener.on_findings(record.stage.name, found["findings"])


def _finish(record: StageRecord, model: Model, work: Work, facts: Facts) -> None:
    """Let the techniques change the trained model for the last time.

    Raises:
        MergeError: If adapters cannot be merged; the model with them is kept.
    """
    try:
        for technique in record.stage.techniques:
            technique.finish(model, work)
    except MergeError as error:
        kept = record.folder / "unmerged"
        _save(record, model, facts, kept)
        error.where = str(kept)
        raise


def _save(record: StageRecord, model: Model, facts: Facts, folder: Path) -> None:
    """Write the model with all that using it takes."""

    def fill(place: Path) -> None:
        save_model(model, place)
        describe_model(
            place, record.stage.task, facts, record.base, record.stage.data, record.lineage,
            record.prepared.card["family"],
        )  # fmt: skip

    write_folder_atomic(folder, fill)


def _fitted(record: StageRecord, session: Session, facts: Facts) -> Facts:
    """The facts, and what the task tunes on validation."""
    task, validation = session.task, record.prepared.splits["validation"]
    if validation.is_empty() or type(task).fit_on_validation is Task.fit_on_validation:
        return facts
    batch_size = record.stage.evaluation.batch_size
    predictions = predict(session.model, task, task.encode(validation), batch_size=batch_size)
    return {**facts, **task.fit_on_validation(predictions, task.references(validation))}


def _measure(
    record: StageRecord,
    session: Session,
    counts: dict[str, int],
    work: Work,
    pasts: Sequence[Past],
) -> None:
    """Open the test rows, once, and write down what the model is worth on them.

    Then those of earlier stages: nothing is chosen by them any more.
    """
    rows = record.prepared.splits["test"]
    measures, predictions = measure_rows(session.model, session.task, rows, record.stage.evaluation)
    progress = session.progress
    measured = {
        "measures": measures.to_json(),
        "metric": session.metric,
        "mistakes": session.task.mistakes(rows, predictions, count=20),
        "samples": session.task.showcase(rows, predictions, count=12),
        "parameters": counts,
        "techniques_found": [finding.to_json() for finding in work.findings],
        "training": {
            "steps": progress.step,
            "planned": session.total_steps,
            "rows_per_step": session.rows_per_step,
            "batch_size": session.settings.batch_size,
            "epochs": progress.step / session.steps_per_epoch,
            "seconds": progress.seconds,
            "examples_per_second": progress.rows / max(progress.seconds, 1e-9),
            "precision": choose_precision(record.stage.training.precision, device()),
            "best_step": progress.best_step,
            "stopped": progress.stopped,
            "reused": session.told.to_json() if session.told else None,
        },
        "evaluations": progress.evaluations,
    }
    if pasts:
        measured["earlier"] = measure_again(pasts, session.model, session.task)
        measured["forgetting"] = matrix(pasts, record.stage, session.task, measured)
    write_json(record.folder / "measured.json", measured)
