"""JSON and JSON lines."""

from __future__ import annotations

import json
from typing import Any

import polars as pl

from luthier.core.errors import DataError


def read_json(text: str, name: str) -> pl.DataFrame:
    """A list of objects, or an object with one list of objects inside.

    Raises:
        DataError: If it is not JSON, or not rows.
    """
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        if error.msg == "Extra data":
            return read_json_lines(text, name)
        raise _not_json(error.msg, f"{name}:{error.lineno}") from None
    except RecursionError:
        raise _not_json("nested too deeply", name) from None
    if isinstance(value, dict):
        lists = [inner for inner in value.values() if isinstance(inner, list)]
        value = lists[0] if len(lists) == 1 else [value]
    return _to_frame(list(enumerate(value, 1)), name, "row")


def read_json_lines(text: str, name: str) -> pl.DataFrame:
    """One JSON object a line; blank lines are passed over.

    Raises:
        DataError: With the line that is not an object.
    """
    rows = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            rows.append((number, json.loads(line)))
        except (json.JSONDecodeError, RecursionError) as error:
            raise _not_json(
                getattr(error, "msg", "nested too deeply"), f"{name}:{number}"
            ) from None
    return _to_frame(rows, name, "line")


def _not_json(reason: str, where: str) -> DataError:
    return DataError(
        "This is not JSON: {reason}.",
        where=where,
        hint="Put the line right, or take it out.",
        reason=reason,
    )


def _to_frame(rows: list[tuple[int, Any]], name: str, unit: str) -> pl.DataFrame:
    if not rows:
        raise DataError("The file holds no rows.", where=name, hint="Give a file with rows.")
    columns: dict[str, list[Any]] = {}
    for position, (number, row) in enumerate(rows):
        if not isinstance(row, dict):
            raise DataError(
                "A row is {found}, not an object with columns.",
                where=f"{name}, {unit} {number}",
                hint='Rows look like {{"text": "...", "label": "..."}}.',
                found=type(row).__name__,
            )
        for key, value in row.items():
            columns.setdefault(str(key), [None] * position).append(value)
        for values in columns.values():
            if len(values) == position:
                values.append(None)
    return pl.DataFrame({key: _series(values) for key, values in columns.items()})


def _series(values: list[Any]) -> pl.Series:
    """A column of text, of lists of text, or of numbers; anything mixed becomes text."""
    present = [value for value in values if value is not None]
    if present and all(isinstance(value, list) for value in present):
        lists = [None if v is None else [_text(item) for item in v] for v in values]
        return pl.Series(lists, dtype=pl.List(pl.String))
    if present and all(isinstance(v, int | float) and not isinstance(v, bool) for v in present):
        return pl.Series(values, dtype=pl.Float64, strict=False)
    return pl.Series([None if v is None else _text(v) for v in values], dtype=pl.String)


def _text(value: Any) -> str:
    if isinstance(value, str):
        # A lone surrogate is no Unicode text and no file could hold it.
        return value.encode("utf-8", "replace").decode("utf-8")
    return json.dumps(value, ensure_ascii=False)
