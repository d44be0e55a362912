"""What can be told of an SQL query without running it."""

from __future__ import annotations

import re

from luthier.core.errors import DataError

READING = ("select", "with")
WRITING = {"insert", "update", "delete", "merge", "into", "drop", "alter", "create", "truncate"}

_ASIDE = re.compile(
    r"""--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|\[[^\]]*\]|\$(\w*)\$.*?\$\1\$""",
    re.DOTALL,
)
"""Comments, texts and quoted names, in which words mean nothing."""

_INNER = re.compile(r"\([^()]*\)")


def check_reads_only(query: str, where: str) -> None:
    """Refuse a query that is more than one statement, or that is not for reading alone.

    Raises:
        DataError: With the word that is not allowed.
    """
    words = re.findall(r"[A-Za-z_]\w*|;", _bare(query).rstrip("; \t\r\n"))
    first = words[0].lower() if words else ""
    strange = (word for word in words if word == ";" or word.lower() in WRITING)
    found = first if first not in READING else next(strange, None)
    if found is not None:
        raise DataError(
            "The query is not for reading alone: it has '{word}'.",
            where=where,
            hint="Write one SELECT, or a WITH that ends in one.",
            word=found,
        )


def is_ordered(query: str) -> bool:
    """Whether the query as a whole, not just a part in brackets, has an ``ORDER BY``."""
    outer, before = _bare(query), None
    while outer != before:
        outer, before = _INNER.sub(" ", outer), outer
    return re.search(r"\border\s+by\b", outer, re.IGNORECASE) is not None


def _bare(query: str) -> str:
    return _ASIDE.sub(" ", query)
