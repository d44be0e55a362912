"""``luthier find-rate``: which learning rate suits a recipe."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from luthier.cli.options import RUNS, Json, RunsDir
from luthier.cli.output import note, print_json
from luthier.core.locale import current_language, translate


def command(
    recipe: Annotated[str, typer.Argument(help="A recipe file or a shipped recipe's name.")],
    overrides: Annotated[
        list[str] | None, typer.Argument(help="key=value, e.g. training.batch_size=16")
    ] = None,
    low: Annotated[str, typer.Option("--low", help="First rate.")] = "1e-6",
    high: Annotated[str, typer.Option("--high", help="Last rate.")] = "1",
    steps: Annotated[int, typer.Option("--steps", min=20, help="Optimizer steps.")] = 100,
    output: Annotated[
        Path, typer.Option("--output", help="File for the page with the curve.")
    ] = Path("learning-rate.html"),
    runs_dir: RunsDir = RUNS,
    as_json: Json = False,
) -> None:
    """Train a copy of the base while the learning rate rises, and suggest a rate."""
    from luthier.cli.threads import choose_waiting

    choose_waiting()
    from luthier.cli.progress import Display
    from luthier.core.files import write_atomic
    from luthier.evaluation.rates import rates_page
    from luthier.pipeline.find_rate import find_rate
    from luthier.recipe.load import load_recipe

    loaded = load_recipe(recipe, overrides)
    with Display() as display:
        found = find_rate(
            loaded, runs_dir, low=_rate(low), high=_rate(high), steps=steps,
            listener=display.listener,
        )  # fmt: skip
    write_atomic(output, rates_page(loaded.recipe.name, found, current_language()))
    if as_json:
        print_json({"recipe": loaded.recipe.name, "page": str(output), **found.to_json()})
        return
    note(
        "The loss falls fastest at {steepest:.1e} and is lowest at {lowest:.1e}.",
        steepest=found.steepest, lowest=found.lowest,
    )  # fmt: skip
    print(f"training.learning_rate={found.suggested:.0e}")
    print(f"{translate('Curve: ')}{output}")


def _rate(said: str) -> float:
    try:
        rate = float(said)
    except ValueError:
        rate = 0.0
    if not 0 < rate < float("inf"):
        raise typer.BadParameter(f"{said} is no learning rate")
    return rate
