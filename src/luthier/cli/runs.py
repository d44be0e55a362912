"""``luthier runs``: what was done here."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from luthier.cli.options import RUNS, Json, RunsDir
from luthier.cli.output import note, print_json, print_table


def command(
    name: Annotated[str | None, typer.Argument(help="Only runs of this recipe.")] = None,
    runs_dir: RunsDir = RUNS,
    as_json: Json = False,
) -> None:
    """List runs: state, verdict, headline metric."""
    from luthier.runs import list_runs

    rows = [_summary(run) for run in list_runs(runs_dir, name)]
    if as_json:
        print_json({"runs": rows})
    elif not rows:
        note("No runs in {runs_dir}.", runs_dir=runs_dir)
    else:
        keys = ("name", "id", "state", "passed", "metric", "value")
        print_table(keys, [[row.get(key, "") for key in keys] for row in rows])


def _summary(run: Any) -> dict[str, Any]:
    from luthier.runs import State

    summary = {"name": run.name, "id": run.path.name, "state": str(run.state())}
    if run.state() is State.FINISHED:
        verdict = run.verdict()
        metric = verdict["headline"]
        value = round(verdict["metrics"][metric]["value"], 4)
        summary |= {"passed": verdict["verdict"]["passed"], "metric": metric, "value": value}
    return summary | {"path": str(run.path)}
