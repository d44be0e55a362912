"""Preparation as a job of its own: from a recipe, from a recipe about data alone, or from data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from luthier.data.inspect import LONGEST_NAME, recipe_for
from luthier.data.prepare import Progress, prepare
from luthier.data.prepared import Prepared
from luthier.data.roles import Role
from luthier.data.sources import is_local, moved, sliced, title
from luthier.data.tools import Tools
from luthier.recipe.load import Loaded, load_recipe, recipe_text
from luthier.recipe.schema import Data, Stage


@dataclass(frozen=True)
class Job:
    """What is to be prepared."""

    loaded: Loaded
    """The recipe, perhaps one made up around a source."""
    source: str | None
    """The source, where there is no recipe."""

    @classmethod
    def of(cls, source: str, overrides: Sequence[str]) -> Job:
        """The job for what a user named.

        Args:
            source: A recipe, the name of a shipped one, or a source of rows.
            overrides: ``key.path=value`` each.

        Raises:
            RecipeError: If the recipe cannot be used.
        """
        if not _is_data(source):
            return cls(load_recipe(source, list(overrides), data_alone=True), None)
        made = {"name": _name_for(source), "data": {"train": source}}
        return cls(load_recipe(made, list(overrides), data_alone=True), source)

    @property
    def stage(self) -> Stage:
        """The stage whose data are meant: the first."""
        return self.loaded.recipe.stages[0]

    @property
    def data(self) -> Data:
        """The recipe's section ``data``."""
        return self.stage.data

    @property
    def roles(self) -> Sequence[Role] | None:
        """What the task needs; None where there is no task, so the format decides."""
        return None if self.loaded.for_data else self.stage.task.roles()

    @property
    def name(self) -> str:
        """How a recipe for it would be called."""
        return self.loaded.recipe.name

    def run(
        self,
        folder: Path | None,
        *,
        to: str | None = None,
        workers: int | None = None,
        progress: Progress | None = None,
        tools: Tools | None = None,
    ) -> Prepared:
        """Prepare; see :func:`luthier.data.prepare.prepare`."""
        return prepare(
            self.data, self.roles, base_dir=self.loaded.folder, folder=folder, to=to,
            workers=workers, progress=progress, tools=tools,
        )  # fmt: skip

    def fixed(self, prepared: Prepared, folder: Path) -> str:
        """A recipe with the fix of every finding in it, as YAML.

        Args:
            prepared: What came out, with its findings.
            folder: Where the recipe will stand: its paths start there.
        """
        raw, base = self.loaded.raw, self.loaded.folder
        if self.source is not None and prepared.card["family"] == "classify":
            raw = load_recipe(recipe_for(self.source)).raw
        fixes = [found["fix"] for found in prepared.card["findings"] if found["fix"]]
        fixed = load_recipe(raw, fixes, data_alone=True).raw
        for stage in fixed["stages"]:
            stage["data"] = _moved(stage["data"], base, folder)
        if len(fixed["stages"]) == 1:
            (stage,) = fixed.pop("stages")
            fixed |= stage
        return recipe_text(fixed)


def _is_data(source: str) -> bool:
    """Whether a source of rows is meant, not a recipe."""
    if not is_local(source):
        return True
    named, _ = sliced(source, Path.cwd())
    file = Path(named.partition("#")[0])
    return any(p.exists() and p.suffix not in {".yaml", ".yml"} for p in (file, Path(named)))


def _name_for(source: str) -> str:
    return title(source)[:LONGEST_NAME].strip("-.") or "my-data"


def _moved(data: dict[str, Any], old: Path, new: Path) -> dict[str, Any]:
    """A recipe's data with its paths starting at another folder."""

    def elsewhere(value: Any) -> Any:
        if isinstance(value, list):
            return [elsewhere(item) for item in value]
        if isinstance(value, dict):
            return {**value, "source": elsewhere(value["source"])}
        return moved(value, old, new) if isinstance(value, str) else value

    paths = ("train", "validation", "test", "restore")
    return {key: elsewhere(value) if key in paths else value for key, value in data.items()}
