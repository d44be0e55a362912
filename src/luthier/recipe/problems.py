"""Validation errors in the user's words: which key, on which line, and what was meant."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from luthier.core.config import Config
from luthier.core.errors import RecipeError
from luthier.core.names import nearest
from luthier.recipe.aliases import TOP
from luthier.recipe.positions import Document
from luthier.recipe.registries import PREPARATION, SCHEDULES, TASKS, TECHNIQUES
from luthier.recipe.schema import Recipe

_BY_KEY = {
    "task": TASKS,
    "techniques": TECHNIQUES,
    "schedule": SCHEDULES,
    "prepare": PREPARATION,
}


def explain(
    error: ValidationError,
    document: Document,
    explicit: bool,
    renamed: dict[str, str],
    overrides: list[str],
) -> RecipeError:
    """The first problem of ``error`` as one RecipeError.

    Args:
        error: What pydantic found.
        document: The YAML, for line numbers.
        explicit: Whether the recipe itself has a key ``stages``.
        renamed: Aliases accepted, name used to name here; lines are those of the name used.
        overrides: ``key=value`` given beside the YAML: a problem in one has no line.
    """
    # Defaults that wait for what is wrong are no problem of their own.
    problems = [p for p in error.errors() if p["type"] != "default_factory_not_called"]
    problem = min(problems, key=lambda p: (p["type"] != "extra_forbidden", len(p["loc"])))
    # Parts in angle brackets say in which of several forms a value was read: no keys.
    full = tuple(part for part in map(str, problem["loc"]) if not part.startswith("<"))
    path = full if explicit or full[:1] != ("stages",) else full[2:]
    used = {now: name for name, now in renamed.items()}.get(".".join(path))
    written = tuple(used.split(".")) if used else path
    where = _override_at(overrides, full, written) or document.where(written)
    key = ".".join(written) or "recipe"
    if problem["type"] == "extra_forbidden":
        return _unknown_key(full, key, path, where)
    if problem["type"] == "missing":
        return RecipeError(
            "The recipe lacks the key '{key}'.",
            where=where,
            hint="luthier schema lists every key; luthier init DATA writes a whole recipe.",
            key=key,
        )
    return RecipeError(
        "'{key}' is not usable: {problem}.",
        where=where,
        hint=_hint(problem),
        key=key,
        problem=_words(problem),
        near=(problem.get("ctx") or {}).get("nearest"),
        value=problem.get("input"),
    )


def _override_at(overrides: list[str], *paths: tuple[str, ...]) -> str | None:
    """The last override that set the key at one of ``paths``, or something inside it."""
    for override in reversed(overrides):
        key = tuple(override.partition("=")[0].split("."))
        if any(path[: len(key)] == key for path in paths):
            return override
    return None


def _unknown_key(full: tuple[str, ...], key: str, path: tuple[str, ...], where: str) -> RecipeError:
    known = _keys_at(full[:-1])
    top = full[:-1] in ((), full[:2])
    near = nearest(path[-1], [*known, *TOP] if top else known)
    hint = "Did you mean '{near}'?" if near else "Keys here: {known}."
    return RecipeError(
        "There is no key '{key}'.",
        where=where,
        hint=hint,
        key=key,
        near=near,
        known=", ".join(sorted(known)),
    )


def _keys_at(path: tuple[str, ...]) -> list[str]:
    """The keys that the schema has at ``path``."""
    model: type[Config] | None = Recipe
    registry = None
    for part in path:
        if registry is not None and part in registry.members():
            model, registry = registry.members()[part], None
            continue
        if part.isdigit() or model is None:
            continue
        registry = _BY_KEY.get(part)
        field = model.model_fields.get(part)
        model = None if field is None else _model_in(field.annotation)
    if registry is not None:
        return sorted({k for member in registry.members().values() for k in member.model_fields})
    return list(model.model_fields) if model else []


def _model_in(annotation: Any) -> type[Config] | None:
    """The Config class inside ``annotation`` (``X``, ``list[X]``, ``X | None``), or None."""
    if isinstance(annotation, type) and issubclass(annotation, Config):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        found = _model_in(argument)
        if found:
            return found
    return None


def _words(problem: Any) -> str:
    message = str(problem["msg"]).removeprefix("Value error, ")
    message = message[0].lower() + message[1:] if message else message
    value = problem.get("input")
    if isinstance(value, str | int | float | bool) and problem["type"] != "value_error":
        message += f" (it is {value!r})"
    return message.rstrip(".")


def _hint(problem: Any) -> str | None:
    near = (problem.get("ctx") or {}).get("nearest")
    if near:
        return "Did you mean '{near}'?"
    if str(problem["type"]).endswith(("_type", "_parsing")):
        return "luthier schema says what each key takes."
    return None
