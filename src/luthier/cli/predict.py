"""``luthier predict``: use a tuned model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from luthier.cli.options import RUNS, Json, OneTask, RunsDir
from luthier.cli.output import print_json, print_table
from luthier.core.errors import DataError


def command(
    run: Annotated[str, typer.Argument(help="A run, its name, or a model folder.")],
    text: Annotated[list[str] | None, typer.Option("--text", help="A text; repeatable.")] = None,
    fields: Annotated[
        list[str] | None,
        typer.Option("--field", help="role=value of one row, e.g. question='...'; repeatable."),
    ] = None,
    input_file: Annotated[
        Path | None, typer.Option("--input", help="A file of rows: table, lines or JSON.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            help="Write JSON lines here instead of stdout; trees to a .conllu file in that format.",
        ),
    ] = None,
    clean: Annotated[
        bool, typer.Option("--clean", help="Clean the texts first, as the training rows were.")
    ] = False,
    task: OneTask = None,
    runs_dir: RunsDir = RUNS,
    as_json: Json = False,
) -> None:
    """Give a tuned model's answers for texts or rows."""
    import luthier
    from luthier.core.files import write_atomic

    predictor = luthier.load(run, task=task, runs_dir=runs_dir)
    given = _given(text or [], fields or [], input_file, predictor)
    predictions = predictor.predict(given, clean=clean)
    answers = [
        {**({"text": one} if isinstance(one, str) else _plain(one)), **answer}
        for one, answer in zip(given, predictions, strict=True)
    ]
    if output:
        write_atomic(output, _written(output.suffix[1:], answers))
    elif as_json:
        print_json({"predictions": answers})
    else:
        rows = [_row(*pair) for pair in zip(given, predictions, strict=True)]
        print_table(("answer", "probability", "text"), rows)


def _given(
    texts: list[str], fields: list[str], file: Path | None, predictor: Any
) -> list[str | dict[str, Any]]:
    given: list[str | dict[str, Any]] = list(texts)
    if fields:
        given.append(dict(_field(one) for one in fields))
    if file is not None:
        from luthier.data.rows import read_given

        given += read_given(str(file), predictor.asked)
    if not given and file is None:
        raise DataError(
            "There is nothing to predict for.",
            hint="Give --text '...', --field role='...' or --input FILE.",
        )
    return given


def _field(said: str) -> tuple[str, str]:
    name, sign, value = said.partition("=")
    if not sign:
        raise DataError(
            "--field takes role=value, not '{said}'.", hint="E.g. question='Who?'", said=said
        )
    return name, value


def _plain(given: dict[str, Any]) -> dict[str, Any]:
    """A row without the content of images, which are called by their names."""
    return {
        role: value.get("path") if isinstance(value, dict) and "bytes" in value else value
        for role, value in given.items()
    }


def _written(ending: str, answers: list[dict[str, Any]]) -> str:
    """Answers as a file has them: what an ending such as ``conllu`` names of them, or as JSON."""
    import json

    if answers and all(ending in answer for answer in answers):
        return "".join(str(answer[ending]) for answer in answers)
    return "".join(f"{json.dumps(answer, ensure_ascii=False)}\n" for answer in answers)


def _row(given: str | dict[str, Any], answer: dict[str, Any]) -> tuple[str, str, str]:
    probability = answer.get("probability")
    chosen = next(iter(answer.values()))
    words = ", ".join(map(str, chosen)) if isinstance(chosen, list) else str(chosen)
    said = given if isinstance(given, str) else " | ".join(map(str, _plain(given).values()))
    text = " ".join(said.split())
    short = text if len(text) <= 80 else f"{text[:79]}…"
    return words, f"{probability:.4f}" if probability is not None else "", short
