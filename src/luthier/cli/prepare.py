"""``luthier prepare``: clean, fill, standardise, de-duplicate, split."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from luthier.cli.options import Json
from luthier.cli.output import note, print_json, print_table
from luthier.core.errors import DataError


def command(
    source: Annotated[str, typer.Argument(help="A recipe, a shipped recipe's name, or data.")],
    overrides: Annotated[list[str] | None, typer.Argument(help="key=value")] = None,
    output: Annotated[
        Path, typer.Option("--output", help="Folder for the prepared rows and the ledger.")
    ] = Path("prepared"),
    as_json: Json = False,
) -> None:
    """Prepare data without training; every dropped or changed row stays on record."""
    from luthier.core.files import write_folder_atomic
    from luthier.data.inspect import recipe_for
    from luthier.data.prepare import prepare
    from luthier.recipe.load import load_recipe

    _check_output(output)
    loaded = load_recipe(recipe_for(source) if _is_data(source) else source, overrides)
    stage = loaded.recipe.stages[0]
    prepared = prepare(stage.data, stage.task.roles(), base_dir=loaded.folder)
    write_folder_atomic(output, prepared.save)
    summary = prepared.summary(output)
    if as_json:
        print_json(summary)
        return
    note("{rows_in} rows in, {rows_out} out.", **summary)
    print_table(
        ("step", "dropped", "changed", "added", "flagged"),
        [(name, *counts.values()) for name, counts in summary["operators"].items()],
    )
    for line in prepared.card["notes"]:
        note("note: {line}", line=line)
    print(output)


def _is_data(source: str) -> bool:
    """Whether a source of rows is meant, not a recipe."""
    file = Path(source.partition("#")[0])
    return source.startswith("hf:") or (file.exists() and file.suffix not in {".yaml", ".yml"})


def _check_output(folder: Path) -> None:
    """Refuse to replace anything but earlier prepared rows."""
    prepared = (folder / "ledger.parquet").is_file() and (folder / "card.json").is_file()
    if folder.exists() and not prepared and (not folder.is_dir() or any(folder.iterdir())):
        raise DataError(
            "{path} holds something other than prepared rows, which would be lost.",
            hint="Give another folder with --output.",
            path=str(folder),
        )
