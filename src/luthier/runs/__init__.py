"""The run directory: the only truth about what was done."""

from __future__ import annotations

from luthier.runs.directory import Run, State
from luthier.runs.index import find_run, list_runs

__all__ = ["Run", "State", "find_run", "list_runs"]
