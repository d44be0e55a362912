"""Of which kind a text is, where the name of its file does not say so."""

from __future__ import annotations

import json

from luthier.core.errors import DataError
from luthier.data.sources.conll import is_conll
from luthier.data.sources.content import TEXTS, suffix_of
from luthier.data.sources.table import is_table

MARKUP = (".md", ".markdown")


def kind_of_text(text: str, name: str, where: str) -> str:
    """``json``, ``conll``, ``table`` or ``text``.

    Args:
        text: The content.
        name: Of the file: one that says plain text must hold rows beyond doubt to be taken
            for anything else.
        where: The source, for messages.

    Raises:
        DataError: If it is none of these, with what was tried.
    """
    suffix = suffix_of(name)
    plain = suffix in TEXTS
    if text.lstrip()[:1] in ("{", "[") and (not plain or _has_objects(text)):
        return "json"
    if is_conll(text):
        return "conll"
    if suffix not in MARKUP and is_table(text, sure=plain):
        return "table"
    if plain:
        return "text"
    raise DataError(
        "The kind of the file cannot be told: it is no JSON, has no words with tags line by line, "
        "and neither comma, tab, semicolon nor bar cuts its first lines into columns.",
        where=where,
        hint="Give it the ending of its kind: .txt for plain text, .csv, .jsonl, .conll ...",
    )


def _has_objects(text: str) -> bool:
    """Whether the text begins with a JSON object, or a list of such."""
    try:
        value, _ = json.JSONDecoder().raw_decode(text.lstrip())
    except (RecursionError, ValueError):
        return False
    return isinstance(value, dict) or (bool(value) and isinstance(value[0], dict))
