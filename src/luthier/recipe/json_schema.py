"""The JSON Schema of recipes, with every registered task, technique, step and schedule."""

from __future__ import annotations

from typing import Any

from luthier.core.registry import REGISTRY_KEY
from luthier.recipe.registries import OPTIMIZERS, PREPARATION, SCHEDULES, TASKS, TECHNIQUES
from luthier.recipe.schema import Recipe

_BY_CONCEPT = {r.concept: r for r in (TASKS, TECHNIQUES, PREPARATION, SCHEDULES, OPTIMIZERS)}


def recipe_schema() -> dict[str, Any]:
    """Both forms of a recipe: with ``stages``, or one stage's keys at the top level."""
    schema = Recipe.model_json_schema(ref_template="#/$defs/{model}")
    definitions = schema.pop("$defs")
    for registry in _BY_CONCEPT.values():
        for member in registry.members().values():
            own = member.model_json_schema(ref_template="#/$defs/{model}")
            definitions |= own.pop("$defs", {})
            definitions[member.__name__] = own
    stage = definitions["Stage"]
    flat = {
        "title": "Recipe of one stage",
        "description": "The keys of the one stage stand at the top level.",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            **{key: value for key, value in schema["properties"].items() if key != "stages"},
            **{key: value for key, value in stage["properties"].items() if key != "name"},
        },
        "required": ["name", "base", *stage["required"]],
    }
    whole = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Luthier recipe",
        "description": Recipe.__doc__,
        "anyOf": [flat, schema],
        "$defs": dict(sorted(definitions.items())),
    }
    filled: dict[str, Any] = _fill(whole)
    return filled


def _fill(node: Any) -> Any:
    """The schema with every stand-in for a registry replaced by its members."""
    if isinstance(node, list):
        return [_fill(item) for item in node]
    if not isinstance(node, dict):
        return node
    concept = node.get(REGISTRY_KEY)
    rest = {key: _fill(value) for key, value in node.items() if key != REGISTRY_KEY}
    if concept is None:
        return rest
    members = _BY_CONCEPT[concept].members().values()
    return {**rest, "oneOf": [{"$ref": f"#/$defs/{member.__name__}"} for member in members]}
