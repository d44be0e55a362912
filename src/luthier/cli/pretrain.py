"""``luthier pretrain``: from plain text to a base."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from luthier.cli.options import RUNS, Json, RunsDir
from luthier.cli.output import note, print_json, print_table
from luthier.core.errors import RecipeError

SETTING = r"^[A-Za-z_][\w.]*="
"""How an argument begins that is a setting and no source."""


def command(
    arguments: Annotated[
        list[str],
        typer.Argument(help="A recipe, or texts: files, folders ...; and key=value, e.g. base=..."),
    ],
    runs_dir: RunsDir = RUNS,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the newest unfinished run of it.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Train a new base, or go on with one, on plain text."""
    from luthier.cli.threads import choose_waiting

    choose_waiting()
    from luthier.cli.progress import Display
    from luthier.cli.results import print_result, result_json
    from luthier.models.find import tokenizer_of
    from luthier.pipeline import tune

    loaded = _loaded(arguments)
    for used, now in loaded.renamed:
        note("note: '{used}' is read as '{now}'.", used=used, now=now)
    with Display() as display:
        run = tune(loaded, runs_dir, resume=resume, listener=display.listener)
    report = tokenizer_of(run)
    if as_json:
        print_json({**result_json(run), "tokenizer": report})
        return
    if report is not None:
        _print_tokenizer(report)
    print_result(run)
    note("Start from it with base: run:{name}", name=run.name)


def _loaded(arguments: list[str]) -> Any:
    """The recipe that is named, or one for the texts that are."""
    import re

    from luthier.data.corpus import corpus_recipe
    from luthier.recipe.library import shipped
    from luthier.recipe.load import load_recipe

    sources = [one for one in arguments if not re.match(SETTING, one)]
    settings = [one for one in arguments if re.match(SETTING, one)]
    if not sources:
        raise RecipeError(
            "There is neither a recipe nor a text to train on.",
            hint="For example: luthier pretrain books/ training.max_minutes=30",
        )
    named = [one for one in sources if one in shipped() or one.lower().endswith((".yaml", ".yml"))]
    if not named:
        new = not any(re.match(r"^base(_model)?=", one) for one in settings)
        return load_recipe(corpus_recipe(sources, new=new, base_dir=Path.cwd()), settings)
    if len(sources) > 1:
        raise RecipeError(
            "A recipe names its texts itself: give '{recipe}' alone.",
            hint="Change what it says with key=value, e.g. data.train=[a.txt, b.txt]",
            recipe=named[0],
        )
    return load_recipe(named[0], settings)


def _print_tokenizer(report: dict[str, Any]) -> None:
    """What the tokenizer that was trained makes of held-out texts, by language."""
    print_table(
        ("language", "tokens a word", "tokens a character", "bytes a token", "coverage"),
        [
            (language, found["tokens_per_word"] or "-", found["tokens_per_character"],
             found["bytes_per_token"], f"{found['coverage']:.2%}")
            for language, found in report["languages"].items()
        ],
    )  # fmt: skip
    print()
