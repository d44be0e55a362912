"""``luthier predict``: use a tuned model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from luthier.cli.options import RUNS, Json, RunsDir
from luthier.cli.output import print_json, print_table
from luthier.core.errors import DataError


def command(
    run: Annotated[str, typer.Argument(help="A run, its name, or a model folder.")],
    text: Annotated[list[str] | None, typer.Option("--text", help="A text; repeatable.")] = None,
    input_file: Annotated[
        Path | None, typer.Option("--input", help="A file of texts: table, lines or JSON.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", help="Write JSON lines here instead of stdout.")
    ] = None,
    clean: Annotated[
        bool, typer.Option("--clean", help="Clean the texts first, as the training rows were.")
    ] = False,
    runs_dir: RunsDir = RUNS,
    as_json: Json = False,
) -> None:
    """Give labels with probabilities for texts."""
    import json

    import luthier
    from luthier.core.files import write_atomic

    predictor = luthier.load(run, runs_dir=runs_dir)
    texts = _texts(text or [], input_file, predictor)
    predictions = predictor.predict(texts, clean=clean)
    answers = [{"text": t, **answer} for t, answer in zip(texts, predictions, strict=True)]
    if output:
        lines = [json.dumps(answer, ensure_ascii=False) for answer in answers]
        write_atomic(output, "\n".join(lines) + "\n")
    elif as_json:
        print_json({"predictions": answers})
    else:
        print_table(("answer", "probability", "text"), [_row(answer) for answer in answers])


def _texts(given: list[str], file: Path | None, predictor: Any) -> list[str]:
    if file is None and not given:
        raise DataError(
            "There is no text to predict for.", hint="Give --text '...' or --input FILE."
        )
    if file is None:
        return given
    from luthier.data.rows import read_texts

    return [*given, *read_texts(str(file), predictor.text_role)]


def _row(answer: dict[str, Any]) -> tuple[str, str, str]:
    probability = answer.get("probability")
    chosen = answer.get("label", answer.get("labels", answer.get("score")))
    words = ", ".join(chosen) if isinstance(chosen, list) else str(chosen)
    text = " ".join(answer["text"].split())
    short = text if len(text) <= 80 else f"{text[:79]}…"
    return words, f"{probability:.4f}" if probability is not None else "", short
