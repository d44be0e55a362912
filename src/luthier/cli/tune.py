"""``luthier tune``: carry out a recipe."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from luthier.cli.options import RUNS, Json, RunsDir
from luthier.cli.output import note, print_json
from luthier.core.errors import RunError


def command(
    recipe: Annotated[
        str, typer.Argument(help="A recipe file, a shipped recipe's name, or a run to resume.")
    ],
    overrides: Annotated[
        list[str] | None, typer.Argument(help="key=value, e.g. training.epochs=5")
    ] = None,
    runs_dir: RunsDir = RUNS,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the newest unfinished run of it.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Prepare, tune, evaluate: from a recipe to a verdict."""
    from luthier.cli.threads import choose_waiting

    choose_waiting()
    from luthier.cli.progress import Display
    from luthier.cli.results import print_result, result_json
    from luthier.pipeline import tune
    from luthier.recipe.load import load_recipe
    from luthier.runs import Run, State

    is_run = resume and (Path(recipe) / "resolved.yaml").is_file()
    if is_run:
        run = Run(Path(recipe))
        if overrides:
            raise RunError(
                "A run goes on with the recipe that it was started with.",
                where=recipe,
                hint="Leave the overrides out, or start a new run with them.",
            )
        if run.state() is State.FINISHED:
            note("The run is finished already.")
            print_json(result_json(run)) if as_json else print_result(run)
            return
    with Display() as display:
        if is_run:
            from luthier.pipeline import resume_run

            run = resume_run(run, listener=display.listener)
        else:
            loaded = load_recipe(recipe, overrides)
            for used, now in loaded.renamed:
                note("note: '{used}' is read as '{now}'.", used=used, now=now)
            run = tune(loaded, runs_dir, resume=resume, listener=display.listener)
    print_json(result_json(run)) if as_json else print_result(run)
