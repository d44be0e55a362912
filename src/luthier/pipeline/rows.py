"""What a stage starts from: its rows, prepared, and its base."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import polars as pl

from luthier.data.prepare import prepare
from luthier.data.prepared import Prepared
from luthier.data.steps import steps_for
from luthier.data.tools import Tools
from luthier.models.bases import Base
from luthier.models.devices import device
from luthier.models.find import find_base
from luthier.models.tools import BaseTools
from luthier.recipe.load import Loaded
from luthier.recipe.schema import Data, Stage
from luthier.tasks.task import TASK, Rows, TaskConfig


def tools_for(loaded: Loaded, runs_dir: Path) -> Tools | None:
    """The base of a recipe's first stage, if a preparation step asks it."""
    stage = loaded.recipe.stages[0]
    return tools_of(stage.data, lambda: base_of_stage(stage, loaded, runs_dir))


def tools_of(data: Data, base_of: Callable[[], Base]) -> Tools | None:
    """The base, if a preparation step asks it."""
    asked = any(step.asks_base() for step in steps_for(data))
    return BaseTools(base_of(), device()) if asked else None


def prepared_rows(
    stage: Stage, config: TaskConfig, loaded: Loaded, folder: Path, base_of: Callable[[], Base]
) -> Prepared:
    """The stage's rows: prepared now, or, in a resumed run, as they were prepared."""
    sets = {"": Rows(stage.data, config.roles()), **config.others()}
    found = {}
    for name, rows in sets.items():
        place = set_folder(folder, name)
        if (place / "manifest.json").is_file():
            found[name] = Prepared.load(place)
            continue
        found[name] = prepare(
            rows.data, rows.roles, base_dir=loaded.folder, folder=place,
            tools=tools_of(rows.data, base_of),
        )  # fmt: skip
    return together(found)


def set_folder(folder: Path, name: str) -> Path:
    """Where a data set beside the stage's own is."""
    return folder.with_name(f"{folder.name}-{name}") if name else folder


def together(sets: Mapping[str, Prepared]) -> Prepared:
    """The stage's own rows with those of other data sets, each marked with its name.

    The hash on the card is then over those of all.
    """
    main = sets[""]
    if len(sets) == 1:
        return main
    joint = hashlib.sha256("".join(one.hash for one in sets.values()).encode()).hexdigest()
    splits = {
        split: pl.concat(
            [
                one.splits[split].with_columns(pl.lit(name or None, dtype=pl.String).alias(TASK))
                for name, one in sets.items()
            ],
            how="diagonal_relaxed",
        )
        for split in main.splits
    }
    return replace(main, splits=splits, card={**main.card, "hash": joint})


def base_of_stage(stage: Stage, loaded: Loaded, runs_dir: Path, folder: Path | None = None) -> Base:
    """The base that a stage names; a new one is made in the stage's folder."""
    config: TaskConfig = stage.task
    return find_base(stage.base, loaded.folder, runs_dir, folder, config.said)
