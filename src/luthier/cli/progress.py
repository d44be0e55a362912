"""A progress bar on stderr with the time left; plain lines where there is no terminal."""

from __future__ import annotations

import math
import sys
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from luthier.cli.results import finding_lines
from luthier.core.locale import translate
from luthier.pipeline import Listener
from luthier.train.events import (
    Evaluated,
    Event,
    Reused,
    Sampled,
    Started,
    Stepped,
    Stopped,
)

PHASES = {
    "prepare": "Preparing the data",
    "load": "Loading the base",
    "train": "Training",
    "rates": "Training while the learning rate rises",
    "evaluate": "Evaluating on the test rows",
}


SHOWN = 3
"""Findings of the audit that are printed; the report has all."""


class Display:
    """Shows what a pipeline does, as a context manager."""

    def __init__(self) -> None:
        self._console = Console(file=sys.stderr)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[detail]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
        )
        self._task: TaskID | None = None
        self._last: Stepped | None = None
        self._grown = 1
        self.listener = Listener(self._phase, self._findings, self._event)

    def __enter__(self) -> Display:
        if self._console.is_terminal:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        if self._console.is_terminal:
            self._bar.stop()

    def _phase(self, stage: str, phase: str) -> None:
        prefix = "" if stage == "main" else f"[{stage}] "
        self._say(f"{prefix}{translate(PHASES[phase])} ...")

    def _findings(self, _stage: str, found: list[dict[str, Any]]) -> None:
        for line in finding_lines(found[:SHOWN]):
            self._say(line)

    def _event(self, event: Event) -> None:
        if isinstance(event, Started):
            if self._task is not None:
                self._bar.remove_task(self._task)
            self._task = self._bar.add_task(
                translate("Training"), total=event.total, completed=event.step, detail=""
            )
            self._last = None
        elif isinstance(event, Reused):
            self._say(
                translate(
                    "  the lowest {layers} layers are frozen: computed once, used in {uses:.2g} "
                    "epochs, without dropout",
                    layers=event.layers,
                    uses=event.uses,
                )
            )
        elif isinstance(event, Stepped) and self._task is not None:
            detail = f"loss {event.loss:.3f}"
            self._bar.update(self._task, completed=event.step, total=event.total, detail=detail)
            self._reaction(event)
        elif isinstance(event, Evaluated):
            text = translate(
                "  step {step}: validation {metric} {value:.4f}{best}",
                step=event.step,
                metric=event.metric,
                value=event.metrics.get(event.metric, math.nan),
                best=" *" if event.best else "",
            )
            self._say(text)
        elif isinstance(event, Sampled):
            for text in event.texts:
                self._say(f"    | {' '.join(text.split())}")
        elif isinstance(event, Stopped):
            self._say(translate("Stopped early: validation no longer improves."))

    def _reaction(self, event: Stepped) -> None:
        """Tell of a cut of the rate or of larger batches, when they begin."""
        last, self._last = self._last, event
        if last and event.reaction < last.reaction:
            self._say(translate(
                "  step {step}: the schedule cuts the learning rate to {lr:.3g}",
                step=last.step, lr=event.lr,
            ))  # fmt: skip
        if last and event.grown > self._grown:
            self._grown = event.grown
            self._say(translate(
                "  step {step}: batches grow to {rows} rows", step=last.step, rows=event.rows
            ))  # fmt: skip

    def _say(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False)
