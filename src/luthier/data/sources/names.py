"""Column names that can be used: none empty, none twice."""

from __future__ import annotations

from collections.abc import Sequence


def unique_names(header: Sequence[str | None], notes: list[str]) -> list[str]:
    """Names without blanks around and without repetitions; what was changed is noted."""
    names: list[str] = []
    for position, cell in enumerate(header, 1):
        name = (cell or "").strip()
        if not name:
            name = f"column_{position}"
            notes.append(f"column {position} has no name and is called '{name}'")
        if name in names:
            number = 2
            while f"{name}_{number}" in names:
                number += 1
            notes.append(f"the column name '{name}' is repeated: '{name}_{number}' is another")
            name = f"{name}_{number}"
        names.append(name)
    return names
