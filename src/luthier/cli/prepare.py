"""``luthier prepare``: clean, fill, standardise, de-duplicate, split."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from luthier.cli.options import RUNS, Json
from luthier.cli.output import note, print_json, print_table
from luthier.core.errors import DataError, ModelError, RecipeError
from luthier.core.locale import current_language, translate

if TYPE_CHECKING:
    from luthier.data.prepared import Prepared

SHOWN = 6
"""Findings printed; the report has all."""


def command(
    source: Annotated[str, typer.Argument(help="A recipe, a shipped recipe's name, or data.")],
    overrides: Annotated[list[str] | None, typer.Argument(help="key=value")] = None,
    output: Annotated[
        Path, typer.Option("--output", help="Folder for the prepared rows and the ledger.")
    ] = Path("prepared"),
    to: Annotated[
        str | None, typer.Option("--to", help="Write the rows in this format too: messages ...")
    ] = None,
    restore: Annotated[
        list[str] | None, typer.Option("--restore", help="Edited quarantine file to put back.")
    ] = None,
    fix: Annotated[
        bool, typer.Option("--fix", help="Write a recipe that deals with what was found.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be done; write nothing.")
    ] = False,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="Threads; default: one a core.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Prepare data without training; every dropped or changed row stays on record."""
    from luthier.cli.steps import StepsDisplay
    from luthier.data.doctor import Job
    from luthier.data.formats import format_named
    from luthier.data.output import summary

    job = Job.of(source, [*(overrides or []), *_restored(restore)])
    if to is not None:
        format_named(to)
    if not dry_run:
        _check_output(output, restore or [])
    tools = _tools(job)
    with StepsDisplay() as display:
        prepared = job.run(
            None if dry_run else output, to=to, workers=workers, progress=display.begin, tools=tools
        )
    audited = _audit(job, prepared)
    recipe = _write_fixed(job, prepared, source) if fix and not dry_run else None
    result = summary(prepared, None if dry_run else output, to)
    result |= {"dry_run": dry_run, "recipe": recipe and str(recipe), "audit": audited}
    if as_json:
        print_json(result)
        return
    _print(result)
    if dry_run:
        note("Nothing was written: this was a dry run.")
        return
    if prepared.unwritten:
        note("{count} rows have no room in the format {to}.", count=prepared.unwritten, to=to)
    print(f"{translate('Report: ')}{result['report']}")
    if result["quarantine"]:
        print(f"{translate('Dropped rows: ')}{result['quarantine']}")
    if recipe:
        print(f"{translate('Recipe: ')}{recipe}")
    print(output)


def _tools(job: Any) -> Any:
    """The base, where a step asks it; its libraries are not loaded for data alone."""
    if job.loaded.for_data:
        return None
    from luthier.pipeline import tools_for

    return tools_for(job.loaded, RUNS)


def _audit(job: Any, prepared: Prepared) -> dict[str, Any] | None:
    """What training on the rows would see; None where there is no task, or no base at hand."""
    if job.loaded.for_data:
        return None
    from luthier.pipeline import audit_prepared

    try:
        return audit_prepared(job.loaded, prepared, RUNS)
    except ModelError as error:
        note("The rows were not looked at as the base sees them: {reason}", reason=error.render())
        return None


def _restored(files: list[str] | None) -> list[str]:
    """The override that puts rows back; paths start where the command is given."""
    if not files:
        return []
    quoted = ", ".join(f'"{Path(file).resolve().as_posix()}"' for file in files)
    return [f"data.restore=[{quoted}]"]


def _check_output(folder: Path, restore: list[str]) -> None:
    """Refuse to replace anything but earlier prepared rows, or what someone edited in them."""
    from luthier.data.quarantine import edited_quarantine

    prepared = (folder / "ledger.parquet").is_file() and (folder / "card.json").is_file()
    if folder.exists() and not prepared and (not folder.is_dir() or any(folder.iterdir())):
        raise DataError(
            "{path} holds something other than prepared rows, which would be lost.",
            hint="Give another folder with --output.",
            path=str(folder),
        )
    edited = edited_quarantine(folder) if prepared else None
    if edited is not None and edited.resolve() not in [Path(file).resolve() for file in restore]:
        raise DataError(
            "{path} was edited and would be replaced.",
            hint="Put its rows back with --restore {path}, or give another folder with --output.",
            path=str(edited),
        )


def _print(result: dict[str, Any]) -> None:
    note("{rows_in} rows in, {rows_out} out.", **result)
    print_table(("source", "rows", "format", "columns"), [
        (entry["source"] + entry.get("slice", ""), entry["rows"], entry["format"],
         _mapped(result["columns"][entry["source"]]))
        for entry in result["sources"]
    ])  # fmt: skip
    touched = [(k, *c.values()) for k, c in result["operators"].items() if any(c.values())]
    print_table(("step", "dropped", "changed", "added", "flagged"), touched)
    for line in result["notes"]:
        note("note: {line}", line=line)
    language = current_language()
    findings = [*result["findings"], *(result["audit"] or {"findings": []})["findings"]]
    findings.sort(key=lambda found: -found["harm"])
    for found in findings[:SHOWN]:
        print(f"! {found['text'][language]}")
        if found["fix"]:
            print(f"    {translate('fix: ')}{found['fix']}")
    if len(findings) > SHOWN:
        note("{count} more findings are in the report.", count=len(findings) - SHOWN)


def _mapped(columns: dict[str, str]) -> str:
    """Which column of the source each role came from."""
    return ", ".join(f"{role} <- {column}" for role, column in columns.items())


def _write_fixed(job: Any, prepared: Prepared, source: str) -> Path:
    """The recipe with every fix in it, beside the working directory's other recipes."""
    from luthier.core.files import write_atomic

    path = Path(f"{job.name}.fixed.yaml")
    if path.exists():
        raise RecipeError(
            "{path} exists already.", hint="Move it away, or rename it.", path=str(path)
        )
    write_atomic(path, job.fixed(prepared, path.parent))
    return path
