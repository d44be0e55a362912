"""The command ``luthier``: verbs, and what becomes of their errors."""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
import warnings
from pathlib import Path

import typer

from luthier.cli import (
    chat,
    doctor,
    evaluate,
    export,
    find_rate,
    init,
    predict,
    prepare,
    pretrain,
    recipes,
    runs,
    schema,
    techniques,
    tune,
)
from luthier.cli.output import print_error, print_json
from luthier.core.errors import LuthierError

app = typer.Typer(
    name="luthier",
    help="From raw data to a fine-tuned model you can trust.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
for verb in (
    init, doctor, prepare, pretrain, find_rate, tune, evaluate, predict, chat, export, runs,
    recipes, techniques, schema,
):  # fmt: skip
    app.command(name=verb.__name__.rpartition(".")[2].replace("_", "-"))(verb.command)


def main() -> None:
    """Run the command line; exit code 0, 2 for the user's mistakes, 1 for ours, 130 if stopped."""
    _quieten()
    try:
        code = app(prog_name="luthier")
    except LuthierError as error:
        print_error(error, as_json="--json" in sys.argv)
        code = error.exit_code
    except Exception as error:
        code = _internal(error)
    sys.exit(code if isinstance(code, int) else 0)


def _quieten() -> None:
    """Silence the chatter of underlying libraries; our own words go to stderr."""
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    warnings.filterwarnings("ignore")


def _internal(error: Exception) -> int:
    """A fault of ours: one line, and the details in a file to send us."""
    with tempfile.NamedTemporaryFile(
        "w", suffix=".log", prefix="luthier-", delete=False, encoding="utf-8"
    ) as file:
        traceback.print_exc(file=file)
    summary = f"Internal error: {type(error).__name__}: {error}"
    if "--json" in sys.argv:
        print_json({"error": {"message": summary, "details": str(Path(file.name))}})
    print(f"{summary}\nhint: please report it with {file.name}", file=sys.stderr)
    return 1
