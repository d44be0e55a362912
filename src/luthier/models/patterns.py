"""What names a pattern means."""

from __future__ import annotations

import fnmatch
import re

from luthier.core.errors import RecipeError

REGEX = "re:"
"""Begins a pattern that is a regular expression."""


def matching(pattern: str, names: list[str]) -> list[str]:
    """The names that a shell pattern, or behind ``re:`` a regular expression, matches."""
    if not pattern.startswith(REGEX):
        return fnmatch.filter(names, pattern)
    try:
        expression = re.compile(pattern.removeprefix(REGEX))
    except re.error as error:
        raise RecipeError(
            "'{pattern}' is not a regular expression: {reason}.", pattern=pattern, reason=str(error)
        ) from None
    return [name for name in names if expression.fullmatch(name)]
