"""Results on stdout, words on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

from luthier.core.errors import LuthierError
from luthier.core.locale import translate


def print_json(value: Any) -> None:
    """One JSON object on stdout."""
    print(json.dumps(value, ensure_ascii=False, indent=2))


def note(message: str, **fields: object) -> None:
    """A line for people, on stderr, in their language."""
    print(translate(message, None, **fields), file=sys.stderr)


def print_error(error: LuthierError, *, as_json: bool) -> None:
    """An error for people on stderr and, where asked, for machines on stdout."""
    print(f"{translate('error: ')}{error.render()}", file=sys.stderr)
    if as_json:
        details = {"message": str(error).splitlines()[0], "where": error.where}
        details["kind"] = type(error).__name__
        print_json({"error": details})


def print_table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Aligned columns on stdout; wide (Chinese) characters count double."""
    from rich.cells import cell_len

    table = [[translate(cell) for cell in header], *[[str(c) for c in row] for row in rows]]
    widths = [max(cell_len(row[i]) for row in table) for i in range(len(header))]
    for row in table:
        cells = [
            cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)
        ]
        print("  ".join(cells).rstrip())
