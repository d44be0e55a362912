"""``luthier evaluate``: measure a tuned model again, or on other rows."""

from __future__ import annotations

from typing import Annotated

import typer

from luthier.cli.options import RUNS, Json, OneTask, RunsDir
from luthier.cli.output import print_json
from luthier.core.locale import current_language


def command(
    run: Annotated[str, typer.Argument(help="A run or its name.")],
    data: Annotated[
        str | None, typer.Option("--data", help="Labelled rows; default: the run's test rows.")
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(min=1, help="Rows per batch; default: as in the recipe.")
    ] = None,
    task: OneTask = None,
    runs_dir: RunsDir = RUNS,
    as_json: Json = False,
) -> None:
    """Measure a model: accuracy, precision, recall, F1 and more, with intervals."""
    import luthier

    result = luthier.evaluate(run, data, task=task, runs_dir=runs_dir, batch_size=batch_size)
    if as_json:
        print_json(result)
        return
    from luthier.cli.results import print_metrics

    print_metrics(result["metrics"])
    print()
    print(result["verdict"]["sentences"][current_language()])
