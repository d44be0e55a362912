"""Messages in the user's language.

English text is the key; ``messages/<language>.json`` beside this file holds the
translations. A text without a translation is shown in English.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path

LANGUAGES = ("en", "zh")


def current_language() -> str:
    """``LUTHIER_LANG`` where set, else the language of the POSIX locale, else English."""
    for variable in ("LUTHIER_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(variable, "")
        if value:
            return "zh" if value.lower().startswith("zh") else "en"
    return "en"


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """The translations into ``language``, keyed by the English text."""
    path = Path(__file__).parent / "messages" / f"{language}.json"
    if not path.is_file():
        return {}
    messages: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return messages


def translate(text: str, language: str | None = None, /, **fields: object) -> str:
    """``text`` in ``language`` (default: the user's) with its ``{fields}`` filled in."""
    chosen = catalogue(language or current_language()).get(text, text)
    return chosen.format(**fields)
