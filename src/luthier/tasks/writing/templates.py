"""Templates: texts with names of columns in braces."""

from __future__ import annotations

import string

TEMPLATES = {
    "free": "{source}",
    "translate": "translate: {source}",
    "summarise": "summarize: {source}",
    "answer": "question: {question} context: {context}",
}
"""Use to how a row is put to the model."""

ALONE = "question: {question}"
"""The same for questions without a context."""


def fields(template: str) -> list[str]:
    """The names of columns in a template, each once.

    Raises:
        ValueError: If its braces do not match.
    """
    found = (name for _, name, *_ in string.Formatter().parse(template) if name is not None)
    return list(dict.fromkeys(found))
