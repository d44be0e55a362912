"""Ways into the package that several tests take."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from luthier.cli.main import main
from luthier.models.bases import Base
from luthier.models.load import load_model
from luthier.models.model import Model
from luthier.models.processors import load_tokenizer
from luthier.pipeline.loading import load_other
from luthier.pipeline.work import work_on
from luthier.recipe.schema import Training
from luthier.tasks.classify import Classifier, Classify
from luthier.tasks.task import Example, Task
from luthier.techniques.technique import Work

LABELS = ["negative", "neutral", "positive"]


def recipe(data: Path, base: Path | str, **changes: Any) -> dict[str, Any]:
    """A recipe for the test sentences that learns them in seconds."""
    values: dict[str, Any] = {
        "name": "news",
        "base": str(base),
        "task": {"kind": "classify"},
        "data": {"train": str(data), "split": {"validation": 0.2, "test": 0.2}},
        "training": {
            "epochs": 4, "batch_size": 16, "learning_rate": 5e-3, "precision": "fp32", "dropout": 0,
        },
        "evaluation": {"resamples": 100},
    }  # fmt: skip
    for key, value in changes.items():
        section, _, leaf = key.partition("__")
        if leaf:
            values[section][leaf] = value
        else:
            values[section] = value
    return values


def classifier(base: Path, labels: list[str] | None = None, **settings: Any) -> Classifier:
    """The task classify on a base's tokenizer."""
    place = Base(base.name, base, "folder")
    facts = {"labels": labels or LABELS}
    return Classify(**settings).build(facts, load_tokenizer(place))


def model_for(task: Classifier, base: Path, **settings: Any) -> Model:
    """A base with the task's head."""
    return load_model(Base(base.name, base, "folder"), task.head(), task.tokenizer, **settings)


def work_of(task: Task, examples: Sequence[Example] = (), base: Path | None = None) -> Work:
    """What techniques see of training on the examples, from a base."""

    def load(name: str | None) -> Model:
        place = Path(name) if name else base
        assert place
        other = Base(place.name, place, "folder")
        return load_other(other, task, task.tokenizer, seed=0)

    return work_on(task, examples, batch_size=8, load=load, settings=Training(batch_size=8))


def cli(*arguments: str | Path, cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess:
    """Run the command line in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "luthier", *map(str, arguments)],
        cwd=cwd, env={**os.environ, **env}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def cli_json(*arguments: str | Path, cwd: Path | None = None) -> Any:
    """What a verb prints with ``--json``; it must succeed."""
    done = cli(*arguments, "--json", cwd=cwd)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def here(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess:
    """Run the command line in this process, which saves the time to load torch."""
    out, err = io.StringIO(), io.StringIO()
    argv, folder = sys.argv, Path.cwd()
    sys.argv = ["luthier", *map(str, arguments)]
    os.chdir(cwd)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main()
        code: Any = 0
    except SystemExit as end:
        code = end.code or 0
    finally:
        sys.argv = argv
        os.chdir(folder)
    return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())


def loaded_tool(name: str) -> Any:
    """A script of the folder ``tools``, as a module."""
    file = Path(__file__).resolve().parents[1] / "tools" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
