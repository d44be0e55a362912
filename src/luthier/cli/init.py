"""``luthier init``: look at a file, write a recipe."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from luthier.cli.options import Json
from luthier.cli.output import note, print_json
from luthier.core.errors import RecipeError


def command(
    data: Annotated[str, typer.Argument(help="The data: a file, folder or hub data set.")],
    output: Annotated[
        Path | None, typer.Option("--output", help="Recipe to write; default: NAME.yaml.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing recipe.")] = False,
    as_json: Json = False,
) -> None:
    """Look at a data file and write a recipe for it."""
    from luthier.core.files import write_atomic
    from luthier.data.inspect import inspect, recipe_for
    from luthier.data.sources import moved
    from luthier.recipe.load import recipe_text

    found = inspect(data)
    recipe = recipe_for(data, found)
    path = output or Path(f"{recipe['name']}.yaml")
    if path.exists() and not force:
        raise RecipeError(
            "{path} exists already.", hint="Give --force, or --output.", path=str(path)
        )
    # Relative paths of a recipe start at its own folder.
    recipe["data"]["train"] = moved(data, Path(), path.parent)
    write_atomic(path, recipe_text(recipe))
    if as_json:
        print_json({"recipe": str(path), "inspection": found.to_json()})
        return
    for line in found.notes:
        note("note: {line}", line=line)
    note("{rows} rows; text in '{text}', label in '{label}'.", **found.to_json())
    print(path)
