"""``luthier schema``: every key of a recipe."""

from __future__ import annotations

from luthier.cli.output import print_json


def command() -> None:
    """Print the JSON Schema of recipes."""
    from luthier.recipe.json_schema import recipe_schema

    print_json(recipe_schema())
