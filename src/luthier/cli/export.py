"""``luthier export``: a tuned model as a folder of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from luthier.cli.options import RUNS, Json, OneTask, RunsDir
from luthier.cli.output import print_json


def command(
    run: Annotated[str, typer.Argument(help="A run, its name, or a model folder.")],
    folder: Annotated[Path, typer.Argument(help="Where to; a folder that does not exist yet.")],
    task: OneTask = None,
    runs_dir: RunsDir = RUNS,
    as_json: Json = False,
) -> None:
    """Write a tuned model, or one task of it, as a folder that transformers loads."""
    import luthier

    place = luthier.export(run, folder, task=task, runs_dir=runs_dir)
    if as_json:
        print_json({"model": str(place), "task": task})
    else:
        print(place)
