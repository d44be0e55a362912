"""The parts of the page; each gives HTML, or nothing where it has nothing to show."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from luthier.core.page import Say, table
from luthier.core.page import findings as page_findings
from luthier.core.page.findings import short
from luthier.core.page.plots import share_bar
from luthier.data.distributions import EDGES
from luthier.data.prepared import Prepared

EXAMPLES = 5
"""Ledger entries shown of every step and action."""


def findings(prepared: Prepared, say: Say) -> str:
    """What was found, most harmful first, with the recipe line that deals with it."""
    cards = page_findings.findings(prepared.card["findings"], say)
    return cards or f"<p>{say('Nothing that needs a decision.')}</p>"


def steps(prepared: Prepared, say: Say) -> str:
    """Rows that each step dropped, changed, added and flagged."""
    actions = ("dropped", "changed", "added", "flagged")
    counted = prepared.card["operators"]
    rows = [
        (escape(name), *(f"{counts[action]:,}" if counts[action] else "" for action in actions))
        for name, counts in counted.items()
    ]
    header = ("Step", "Dropped", "Changed", "Added", "Flagged")
    text = "Every row of this table stands in ledger.parquet, with its source, row and reason."
    return f'<p class="note">{say(text)}</p>' + table([say(h) for h in header], rows)


def classes(prepared: Prepared, say: Say) -> str:
    """Rows of every class as they came, and in each split now."""
    before, now = prepared.card["before"]["labels"], prepared.card["labels"]
    totals: dict[str, int] = {}
    for counts in now.values():
        for label, count in counts.items():
            totals[label] = totals.get(label, 0) + count
    everyone = sorted({*before, *totals}, key=lambda label: (-totals.get(label, 0), label))
    if not everyone:
        return ""
    all_before, all_now = max(1, sum(before.values())), max(1, sum(totals.values()))
    rows = [
        (
            escape(label), _counted(before.get(label, 0), all_before, "b"),
            _counted(totals.get(label, 0), all_now, "a"),
            *(f"{counts.get(label, 0):,}" for counts in now.values()),
        )
        for label in everyone[:60]
    ]  # fmt: skip
    header = [say("Class"), say("As it came"), say("Prepared"), *map(escape, _names(now, say))]
    return table(header, rows, numbers=3)


def lengths(prepared: Prepared, say: Say) -> str:
    """Histogram of lengths, before and after."""
    before, after = prepared.card["before"]["lengths"], prepared.card["after"]["lengths"]
    if not any((*before, *after)):
        return ""
    starts = (0, *EDGES)
    rows = []
    for index, (old, new) in enumerate(zip(before, after, strict=True)):
        if old or new:
            end = f"– {starts[index + 1] - 1:,}" if index + 1 < len(starts) else ""
            rows.append(
                (
                    f"{starts[index]:,} {end}",
                    _counted(old, max(1, sum(before)), "b"),
                    _counted(new, max(1, sum(after)), "a"),
                )
            )
    return table((say("Characters"), say("As it came"), say("Prepared")), rows, numbers=3)


def examples(prepared: Prepared, say: Say) -> str:
    """A few ledger entries of every step."""
    ledger = prepared.ledger
    if ledger.is_empty():
        return ""
    first = ledger.group_by("operator", "action", maintain_order=True).head(EXAMPLES)
    words = {
        "dropped": say("Dropped"), "changed": say("Changed"),
        "added": say("Added"), "flagged": say("Flagged"),
    }  # fmt: skip
    blocks = []
    for (operator, action), entries in first.group_by("operator", "action", maintain_order=True):
        count = prepared.card["operators"].get(operator, {}).get(action, len(entries))
        title = f"{escape(str(operator))}: {words[str(action)]} ({count:,})"
        rows = [
            (f"{entry['source']}, {entry['row']}", *(
                short(entry[key]) for key in ("reason", "before", "after")
            ))
            for entry in entries.iter_rows(named=True)
        ]  # fmt: skip
        header = ("Row", "Reason", "Before", "After")
        body = table([say(h) for h in header], [(short(r[0]), *r[1:]) for r in rows], numbers=4)
        blocks.append(f"<details><summary>{title}</summary>{body}</details>")
    return "".join(blocks)


def sources(prepared: Prepared, say: Say) -> str:
    """Where rows came from, and which column became what."""
    rows = [
        (
            escape(source["source"]), escape(source["split"]), escape(source.get("format", "")),
            _mapping(prepared.card["columns"].get(source["source"], {})), f"{source['rows']:,}",
        )
        for source in prepared.card["sources"]
    ]  # fmt: skip
    header = ("Source", "Split", "Format", "Columns", "Rows")
    return table([say(h) for h in header], rows, numbers=4)


def notes(prepared: Prepared, _say: Say) -> str:
    """Repairs and guesses."""
    items = "".join(f"<li>{escape(note)}</li>" for note in prepared.card["notes"])
    return f"<ul>{items}</ul>" if items else ""


def _names(counts: Mapping[str, Any], say: Say) -> list[str]:
    known = {"train": say("train"), "validation": say("validation"), "test": say("test")}
    return [known[name] for name in counts]


def _counted(count: int, total: int, style: str) -> str:
    return f'{count:,} <span class="note">{100 * count / total:.1f}%</span>' + share_bar(
        count / total, style
    )


def _mapping(columns: Mapping[str, str]) -> str:
    return "<br>".join(f"{escape(role)} ← {escape(column)}" for role, column in columns.items())
