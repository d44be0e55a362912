"""Finding runs below a runs directory."""

from __future__ import annotations

from pathlib import Path

from luthier.core.errors import RunError
from luthier.core.names import nearest
from luthier.runs.directory import Run, State


def list_runs(runs_dir: Path, name: str | None = None) -> list[Run]:
    """All runs (of one recipe), oldest first."""
    found = [path.parent for path in runs_dir.glob("*/*/recipe.yaml")]
    chosen = [path for path in found if name is None or path.parent.name == name]
    return [Run(path) for path in sorted(chosen, key=lambda path: path.name)]


def find_run(reference: str | Path, runs_dir: Path) -> Run:
    """A run by its directory, ``NAME/ID``, or ``NAME`` for that recipe's newest finished run.

    Raises:
        RunError: If there is none, with the nearest name.
    """
    for candidate in (Path(reference), runs_dir / reference):
        if (candidate / "recipe.yaml").is_file():
            return Run(candidate)
    finished = [run for run in list_runs(runs_dir, str(reference)) if run.state() is State.FINISHED]
    if finished:
        return finished[-1]
    names = sorted({run.name for run in list_runs(runs_dir)})
    near = nearest(str(reference), names)
    raise RunError(
        "There is no finished run '{reference}' in {runs_dir}.",
        hint="Did you mean '{near}'?" if near else "luthier runs lists them.",
        reference=str(reference),
        near=near,
        runs_dir=str(runs_dir),
    )
