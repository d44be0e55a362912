"""The progress of a preparation on stderr: which step, how many are left, for how long."""

from __future__ import annotations

import sys
from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from luthier.core.locale import translate


class StepsDisplay:
    """A bar over the steps, as a context manager; nothing where there is no terminal."""

    def __init__(self) -> None:
        self._console = Console(file=sys.stderr)
        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(),
            TimeElapsedColumn(), TimeRemainingColumn(),
            console=self._console, transient=True,
        )  # fmt: skip
        self._task = self._bar.add_task(translate("Preparing the data"), total=1.0)

    def begin(self, step: str, done: float) -> None:
        """Told that a step begins, and the share of all that is done."""
        self._bar.update(self._task, description=step, completed=done)

    def __enter__(self) -> StepsDisplay:
        if self._console.is_terminal:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        if self._console.is_terminal:
            self._bar.stop()
