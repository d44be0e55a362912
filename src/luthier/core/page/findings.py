"""Findings as cards: what was found, what to do about it, and rows that show it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from luthier.core.page.parts import Say, table

HIGH, MIDDLE = 0.6, 0.3
"""Harm from which on a finding counts as serious, or as worth reading."""

SHOWN = 400
"""Characters shown of a text."""


def level(harm: float) -> str:
    """``high``, ``mid`` or ``low``."""
    return "high" if harm >= HIGH else "mid" if harm >= MIDDLE else "low"


def findings(found: Sequence[Mapping[str, Any]], say: Say) -> str:
    """A card of each finding, in their order, with the recipe line that deals with it.

    Args:
        found: Each from :meth:`luthier.data.finding.Finding.to_json`.
        say: The page's language.
    """
    cards = []
    for one in found:
        fix = f"<div>{say('In the recipe:')} <code>{escape(one['fix'])}</code></div>"
        cards.append(
            f'<div class="card finding {level(one["harm"])}"><h3>{escape(one["operator"])}</h3>'
            f"{escape(one['text'][say.language], quote=False)}{fix if one['fix'] else ''}"
            f"{_rows(one['examples'], say)}</div>"
        )
    return "".join(cards)


def short(value: object) -> str:
    """A value as text of bounded length, ready for HTML."""
    text = "" if value is None else f"{value:.3f}" if isinstance(value, float) else str(value)
    return escape(text if len(text) <= SHOWN else text[:SHOWN] + " ...")


def _rows(entries: Sequence[Mapping[str, Any]], say: Say) -> str:
    """Examples as a table under a fold."""
    if not entries:
        return ""
    keys = list(dict.fromkeys(key for entry in entries for key in entry))
    body = table(map(escape, keys), [[short(e.get(k)) for k in keys] for e in entries], 99)
    return f"<details><summary>{say('Examples')}</summary>{body}</details>"
