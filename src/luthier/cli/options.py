"""Options that several verbs share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
RunsDir = Annotated[
    Path, typer.Option("--runs-dir", envvar="LUTHIER_RUNS", help="Where runs are kept.")
]
OneTask = Annotated[
    str | None, typer.Option("--task", help="Of a model of several tasks this one alone.")
]
RUNS = Path("runs")
