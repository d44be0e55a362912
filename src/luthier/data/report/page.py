"""The page: what to look at first, what every step did, what the data look like now."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

from luthier.core.page import Say, page
from luthier.core.page.findings import level
from luthier.core.page.parts import section
from luthier.data.prepared import Prepared
from luthier.data.report import parts

Part = Callable[[Prepared, Say], str]

PARTS: tuple[tuple[str, Part], ...] = (
    ("What to look at first", parts.findings),
    ("What each step did", parts.steps),
    ("Classes", parts.classes),
    ("Lengths", parts.lengths),
    ("Examples from the ledger", parts.examples),
    ("Sources and columns", parts.sources),
    ("Remarks", parts.notes),
)


def data_page(prepared: Prepared, language: str) -> str:
    """Prepared rows as one HTML page.

    Args:
        prepared: The rows with their card and ledger.
        language: ``en`` or ``zh``.
    """
    say = Say(language)
    body = [section(say(title), part(prepared, say)) for title, part in PARTS]
    names = ", ".join(dict.fromkeys(s["source"] for s in prepared.card["sources"]))
    return page(names, language, _head(prepared.card, names, say) + "".join(body))


def _head(card: dict[str, Any], names: str, say: Say) -> str:
    harm = max((finding["harm"] for finding in card["findings"]), default=0.0)
    tone, word = {
        "high": ("bad", "Look at the findings before you train"),
        "mid": ("so", "Usable, with findings worth reading"),
        "low": ("good", "Ready to train on"),
    }[level(harm)]
    sentence = say(
        "{rows_in} rows came in, {rows_out} are ready: {train} to train on, {validation} for "
        "validation, {test} for the test.",
        rows_in=card["rows_in"], rows_out=card["rows_out"], **card["rows"],
    )  # fmt: skip
    return (
        f"<header><h1>{say('The data')}</h1>"
        f'<div class="sub">{escape(names)} · <code>{card["hash"][:16]}</code></div></header>'
        f'<div class="verdict {tone}"><b>{say(word)}</b>{sentence}</div>'
    )
