"""A whole run: its stages one after another, from the recipe to the verdict."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from luthier.core.errors import RunError
from luthier.evaluation.publish import StageRecord, publish
from luthier.evaluation.verdict import check_metric
from luthier.models.bases import Base
from luthier.pipeline.listener import Listener
from luthier.pipeline.stage import run_stage
from luthier.recipe.load import Loaded, dump_recipe, load_recipe
from luthier.runs import Run, State, list_runs


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
            record = run_stage(run, index, stage, loaded, previous, listener)
            records.append(record)
            previous = Base(f"stage {stage.name}", record.model, "run")
        publish(run, records, seconds=time.perf_counter() - started)
    return run


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
