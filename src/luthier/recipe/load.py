"""From a recipe file and overrides to a validated Recipe."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.compat import StringIO

from luthier.core.errors import RecipeError
from luthier.core.names import nearest
from luthier.recipe.aliases import rename
from luthier.recipe.library import shipped
from luthier.recipe.positions import Document, parse_value, parse_yaml
from luthier.recipe.problems import explain
from luthier.recipe.schema import Recipe, Stage

RECIPE_KEYS = {"name", "description", "stages"}


@dataclass(frozen=True)
class Loaded:
    """A recipe ready to run."""

    recipe: Recipe
    folder: Path
    """Relative paths in the recipe start here."""
    text: str
    """The recipe as the user wrote it."""
    renamed: tuple[tuple[str, str], ...]
    """(name used, name here) of each alias that was accepted."""
    raw: dict[str, Any] = field(default_factory=dict)
    """What the recipe says, its stages spelled out, overrides applied, no default filled in."""
    for_data: bool = False
    """Whether it is about data alone: it names no task, and so no base."""


def load_recipe(
    source: str | Path | dict[str, Any],
    overrides: list[str] | None = None,
    *,
    data_alone: bool = False,
) -> Loaded:
    """Read, override and validate a recipe.

    Args:
        source: A YAML file, the name of a shipped recipe, or the recipe as a mapping.
        overrides: ``key.path=value`` each; values are YAML.
        data_alone: Accept a recipe that has ``data`` and no ``task``.

    Raises:
        RecipeError: With the file, line, key and nearest valid name.
    """
    document, folder, text = _open(source)
    explicit = "stages" in document.values
    raw = _as_stages(document)
    renamed = []
    for index, stage in enumerate(raw["stages"]):
        for used, now in rename(stage, set(Stage.model_fields)):
            prefix = f"stages.{index}." if explicit else ""
            renamed.append((prefix + used, prefix + now))
    for override in overrides or []:
        renamed += _override(raw, override)
    for_data = data_alone and not any("task" in stage for stage in raw["stages"])
    try:
        recipe = Recipe.model_validate(_with_task(raw) if for_data else raw)
    except ValidationError as error:
        raise explain(error, document, explicit, dict(renamed), overrides or []) from None
    return Loaded(recipe, folder, text, tuple(renamed), raw, for_data)


def dump_recipe(recipe: Recipe) -> str:
    """The whole recipe, every default written out, as YAML."""
    return recipe_text(recipe.model_dump(mode="json"))


def recipe_text(values: dict[str, Any]) -> str:
    """A recipe given as a mapping, as YAML."""
    stream = StringIO()
    yaml = YAML()
    yaml.default_flow_style = False
    yaml.dump(values, stream)
    return str(stream.getvalue())


def _open(source: str | Path | dict[str, Any]) -> tuple[Document, Path, str]:
    if isinstance(source, dict):
        text = recipe_text(source)
        return parse_yaml(text, "recipe"), Path.cwd(), text
    path = Path(source)
    if not path.is_file():
        library = shipped()
        if str(source) not in library:
            near = _nearest(str(source), path, list(library))
            raise RecipeError(
                "There is no recipe file or shipped recipe '{name}'.",
                hint="Did you mean '{near}'?" if near else "Shipped recipes: {known}.",
                name=str(source),
                near=near,
                known=", ".join(library),
            )
        path = library[str(source)]
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise RecipeError(
            "The recipe is not UTF-8 text.",
            where=str(source),
            hint="Save it as UTF-8, or give a YAML file.",
        ) from None
    return parse_yaml(text, str(source)), path.resolve().parent, text


def _nearest(name: str, path: Path, library: list[str]) -> str | None:
    """The file beside ``path``, or else the shipped recipe, that may be meant."""
    files = [p.name for p in path.parent.glob("*.y*ml")] if path.parent.is_dir() else []
    near_file = nearest(path.name, files)
    return str(path.parent / near_file) if near_file else nearest(name, library)


def _as_stages(document: Document) -> dict[str, Any]:
    """The recipe with its stages spelled out; one stage may stand at the top level."""
    values = document.values
    if "stages" in values:
        stray = [key for key in values if key not in RECIPE_KEYS]
        if stray:
            raise RecipeError(
                "'{key}' cannot stand beside stages.",
                where=document.where((stray[0],)),
                hint="Move it into the stages that need it.",
                key=stray[0],
            )
        stages = values["stages"]
        if not isinstance(stages, list) or not all(isinstance(s, dict) for s in stages):
            raise RecipeError("stages is a list of mappings.", where=document.where(("stages",)))
        for number, stage in enumerate(stages):
            stage.setdefault("name", f"stage{number + 1}")
        return values
    stage = {key: value for key, value in values.items() if key not in RECIPE_KEYS}
    top = {key: value for key, value in values.items() if key in RECIPE_KEYS}
    return {**top, "stages": [stage]}


def _with_task(raw: dict[str, Any]) -> dict[str, Any]:
    """A recipe about data alone, made whole: the task and the base will not be looked at."""
    stages = [{"base": "none", "task": "classify", **stage} for stage in raw["stages"]]
    return {"name": "data", **raw, "stages": stages}


def _override(raw: dict[str, Any], override: str) -> list[tuple[str, str]]:
    """Apply one ``key.path=value``; returns the aliases it used."""
    key, equals, text = override.partition("=")
    if not equals or not key:
        raise RecipeError(
            "The override '{override}' is not of the form key=value.",
            hint="For example: training.epochs=5",
            override=override,
        )
    path = key.split(".")
    if path[0] == "stages" or path[0] in RECIPE_KEYS:
        _assign(raw, path, parse_value(text), override)
        return []
    if len(raw["stages"]) > 1:
        raise RecipeError(
            "The recipe has several stages; say which one '{key}' is for.",
            hint="For example: stages.0.{key}=...",
            key=key,
        )
    stage = raw["stages"][0]
    trial: dict[str, Any] = {}
    _assign(trial, path, parse_value(text), override)
    renamed = rename(trial, set(Stage.model_fields))
    if renamed:
        path = renamed[0][1].split(".")
    _assign(stage, path, parse_value(text), override)
    return renamed


def _assign(target: Any, path: list[str], value: Any, override: str) -> None:
    for position, part in enumerate(path):
        last = position == len(path) - 1
        if isinstance(target, list):
            if not part.isdigit() or int(part) >= len(target):
                raise RecipeError(
                    "The override '{override}' names item '{part}' of a list of {count}.",
                    hint="Items are counted from 0.",
                    override=override,
                    part=part,
                    count=len(target),
                )
            key: Any = int(part)
        else:
            key = part
        if last:
            target[key] = value
        elif isinstance(target, dict):
            inner = target.get(key)
            if not isinstance(inner, dict | list):
                inner = {"kind": inner} if isinstance(inner, str) else {}
                target[key] = inner
            target = inner
        else:
            target = target[key]
