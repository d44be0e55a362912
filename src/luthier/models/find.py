"""The base that a stage starts from: one that is at hand, or a new one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from luthier.core.errors import ModelError
from luthier.core.files import read_json
from luthier.data.prepared import Prepared
from luthier.data.texts import all_said
from luthier.models.bases import Base, resolve
from luthier.models.new import TOKENIZER_REPORT, make_base
from luthier.recipe.new import NewBase
from luthier.runs import Run, find_run

BASE = "base"
"""Folder of a stage in which a new base is."""


def find_base(
    wanted: str | NewBase | None,
    folder: Path,
    runs_dir: Path,
    stage: Path | None = None,
    said: Callable[[pl.DataFrame], pl.Series] = all_said,
) -> Base:
    """A base by its name, or one made for a stage.

    Args:
        wanted: As the recipe says it.
        folder: Where the recipe stands.
        runs_dir: Where runs are.
        stage: Folder of the stage, whose prepared rows a new tokenizer learns from.
        said: Rows to the texts that it learns from.

    Raises:
        ModelError: If it is not found, or is asked for before there are rows to learn from.
    """

    def model_of(run: str) -> Path:
        return find_run(run, runs_dir).model

    def named(name: str) -> Base:
        return resolve(name, folder=folder, find_run=model_of)

    if not isinstance(wanted, NewBase):
        return named(str(wanted))
    if stage is None or not (stage / "data" / "manifest.json").is_file():
        raise ModelError(
            "The base {name} is not there before training begins: its tokenizer learns from the "
            "prepared rows.",
            where="base",
            hint="Leave out what asks the base earlier, such as a preparation step.",
            name=str(wanted),
        )
    splits = Prepared.load(stage / "data").splits
    return make_base(
        wanted, said(splits["train"]), stage / BASE,
        held_out=said(splits["validation"]), find=named,
    )  # fmt: skip


def tokenizer_of(run: Run) -> dict[str, Any] | None:
    """What the tokenizer that a run trained makes of held-out texts; None: it trained none."""
    reports = sorted((run.path / "stages").glob(f"*/{BASE}/{TOKENIZER_REPORT}"))
    report: dict[str, Any] | None = read_json(reports[0]) if reports else None
    return report
