"""One run's directory: its layout, its state, its lock."""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from luthier.core.errors import Interrupted, RunError
from luthier.core.files import read_json, write_atomic, write_json


class State(StrEnum):
    """What became of a run."""

    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True)
class Run:
    """The directory ``runs/<name>/<id>``.

    A run is finished if, and only if, it has a ``verdict.json``, which is written last.
    """

    path: Path

    @classmethod
    def create(cls, runs_dir: Path, name: str, recipe: str, resolved: str, folder: Path) -> Run:
        """A new run with its recipe as written and as resolved, and the recipe's folder."""
        identity = f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}"
        run = cls(runs_dir / name / identity)
        write_atomic(run.path / "recipe.yaml", recipe)
        write_json(run.path / "origin.json", {"folder": str(folder)})
        write_atomic(run.path / "resolved.yaml", resolved)
        return run

    @property
    def name(self) -> str:
        """Name of the recipe."""
        return self.path.parent.name

    @property
    def model(self) -> Path:
        """Folder of the tuned model, as transformers or peft read it."""
        return self.path / "model"

    def stage(self, index: int, name: str) -> Path:
        """Folder of one stage."""
        return self.path / "stages" / f"{index}-{name}"

    def recipe_folder(self) -> Path:
        """Where relative paths of the recipe start."""
        return Path(read_json(self.path / "origin.json")["folder"])

    def state(self) -> State:
        """What became of the run, from what its directory holds."""
        if (self.path / "verdict.json").is_file():
            return State.FINISHED
        if self._holder() is not None:
            return State.RUNNING
        return State.FAILED if (self.path / "error.json").is_file() else State.INTERRUPTED

    def verdict(self) -> dict[str, Any]:
        """The verdict of a finished run.

        Raises:
            RunError: If the run is not finished.
        """
        if self.state() is not State.FINISHED:
            raise RunError(
                "The run is not finished: it is {state}.",
                where=str(self.path),
                hint="Go on with it: luthier tune {path} --resume",
                state=str(self.state()),
                path=str(self.path),
            )
        verdict: dict[str, Any] = read_json(self.path / "verdict.json")
        return verdict

    def log(self, event: dict[str, Any]) -> None:
        """Append one event to ``events.jsonl``."""
        with (self.path / "events.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(event, ensure_ascii=False) + "\n")

    def events(self) -> list[dict[str, Any]]:
        """All whole events; a line cut off by a crash is left out."""
        path = self.path / "events.jsonl"
        if not path.is_file():
            return []
        events = []
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                events.append(json.loads(line))
            except ValueError:
                continue
        return events

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the run, so that no two processes write it.

        Raises:
            RunError: If a living process holds it.
        """
        holder = self._holder()
        if holder is not None:
            raise RunError(
                "The run is being written by process {pid}.",
                where=str(self.path),
                hint="Wait for it, or stop that process.",
                pid=holder,
            )
        lock = self.path / "lock.json"
        (self.path / "error.json").unlink(missing_ok=True)
        write_json(lock, {"pid": os.getpid()})
        try:
            yield
        except Interrupted:
            raise
        except Exception as error:
            write_json(self.path / "error.json", {"error": str(error)})
            raise
        finally:
            lock.unlink(missing_ok=True)

    def _holder(self) -> int | None:
        """Process that holds the run, or None."""
        try:
            pid = int(read_json(self.path / "lock.json")["pid"])
        except (OSError, ValueError, KeyError):
            return None
        return pid if pid != os.getpid() and _is_alive(pid) else None


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
