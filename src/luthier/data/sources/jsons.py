"""JSON and JSON lines."""

from __future__ import annotations

import json
from typing import Any

import polars as pl

from luthier.core.errors import DataError

ROW_KEYS = ("data", "rows", "examples", "records", "train", "items")
"""Keys under which a JSON object usually keeps its rows, best first."""


def read_json(text: str, name: str) -> pl.DataFrame:
    """A list of objects, an object with such a list inside, or an object of equal columns.

    Text with one object a line is read too, whatever the file is called.

    Raises:
        DataError: If it is not JSON, or not rows.
    """
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        if error.msg == "Extra data":
            return read_json_lines(text, name)
        raise _not_json(error.msg, f"{name}:{error.lineno}") from None
    except (RecursionError, ValueError) as error:
        raise _not_json(_reason(error), name) from None
    return _to_frame(list(enumerate(_rows_of(value, name), 1)), name, "row")


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
        except (RecursionError, ValueError) as error:
            raise _not_json(_reason(error), f"{name}:{number}") from None
    return _to_frame(rows, name, "line")


def _rows_of(value: Any, name: str) -> list[Any]:
    if isinstance(value, list):
        return value
    value = value if isinstance(value, dict) else {}
    lists = {key: inner for key, inner in value.items() if isinstance(inner, list)}
    named = next((lists[key] for key in ROW_KEYS if key in lists), None)
    if named is not None:
        return named
    if len(lists) == 1:
        return next(iter(lists.values()))
    if lists and len(lists) == len(value) and len({len(column) for column in lists.values()}) == 1:
        return [dict(zip(lists, cells, strict=True)) for cells in zip(*lists.values(), strict=True)]
    raise DataError(
        "The JSON holds no list of rows.",
        where=name,
        hint='Give a list of objects, or put it under "data".',
    )


def _reason(error: RecursionError | ValueError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return error.msg
    # Python refuses to read integers of thousands of digits.
    deep = isinstance(error, RecursionError)
    return "nested too deeply" if deep else "a number has too many digits"


def _not_json(reason: str, where: str) -> DataError:
    return DataError(
        "This is not JSON: {reason}.",
        where=where,
        hint="Put the line right, or take it out.",
        reason=reason,
    )


def _to_frame(rows: list[tuple[int, Any]], name: str, unit: str) -> pl.DataFrame:
    columns: dict[str, None] = {}
    for number, row in rows:
        if not isinstance(row, dict):
            raise DataError(
                "A row is {found}, not an object with columns.",
                where=f"{name}, {unit} {number}",
                hint='Rows look like {{"text": "...", "label": "..."}}.',
                found=type(row).__name__,
            )
        columns.update(dict.fromkeys(row))
    if not columns:
        raise DataError("The file holds no rows.", where=name, hint="Give a file with rows.")
    data = {_clean(key): _series([row.get(key) for _, row in rows]) for key in columns}
    return pl.DataFrame(data)


def _series(values: list[Any]) -> pl.Series:
    """A column in the type of its values; numbers among text become text.

    Objects or lists among text stay Python objects: no text can be made of them, and
    mapping such a column to a role is refused.
    """
    kinds = {type(value) for value in values if value is not None}
    nested = kinds & {dict, list}
    if nested == {list} and len(kinds) > 1:
        # Several labels in one row, one in the next.
        values = [v if v is None or isinstance(v, list) else [v] for v in values]
    elif nested and len(kinds) > 1:
        return pl.Series(values, dtype=pl.Object)
    if str in kinds or nested:
        values = [_clean(value) for value in values]
    if not nested and str in kinds and len(kinds) > 1:
        values = [v if v is None or isinstance(v, str) else json.dumps(v) for v in values]
    dtype = None if nested or str not in kinds else pl.String
    series = pl.Series(values, dtype=dtype, strict=False)
    # Lists of this and that may come out longer than they went in.
    return series if len(series) == len(values) else pl.Series(values, dtype=pl.Object)


def _clean(value: Any) -> Any:
    """Without lone surrogates, which JSON can write but no Unicode text can hold."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {_clean(key): _clean(item) for key, item in value.items()}
    return value
