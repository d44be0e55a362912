"""The section about the supervision audit: what of the training rows teaches."""

from __future__ import annotations

from html import escape
from typing import Any

from luthier.core.page import Say, table
from luthier.core.page.findings import findings
from luthier.evaluation.report.sections import Report


def audit(report: Report, say: Say) -> str:
    """The audit's findings, and a table of its figures for every task."""
    audited = report["audit"]
    text = "Looked at before the first step, on the rows as they are encoded."
    tables = "".join(_table(name, found, say) for name, found in audited["tasks"].items())
    return f'<p class="note">{say(text)}</p>{findings(audited["findings"], say)}{tables}'


def _table(name: str, found: dict[str, Any], say: Say) -> str:
    facts = [(say("Rows that teach"), _of(found["rows_trained"], found["rows"]))]
    if "tokens" in found:
        facts += _tokens(found, say)
    facts.append(
        (say("Rows that equal one of another label"), _of(found["alike_differ"], found["rows"]))
    )
    return table((escape(name) or say("Training rows"), ""), facts)


def _tokens(found: dict[str, Any], say: Say) -> list[tuple[str, str]]:
    facts = [
        (say("Tokens"), f"{found['tokens']:,}"),
        (say("Rows cut at {count} tokens", count=found["max_length"]),
         _of(found["rows_cut"], found["rows"])),
        (say("Tokens cut off"), _of(found["tokens_cut"], found["tokens"] + found["tokens_cut"])),
        (say("Tokens unknown to the base"), f"{found['unknown']:.2%}"),
        (say("Tokens a word"), f"{found['tokens_per_word']:.2f}"),
    ]  # fmt: skip
    if found["tokens_trained"] is not None:
        facts.insert(1, (say("Tokens that teach"), _of(found["tokens_trained"], found["tokens"])))
    if found["targets_cut"] is not None:
        facts.append((say("Targets that are cut"), _of(found["targets_cut"], found["rows"])))
    if found["stop_trained"] is not None:
        facts.append((say("Rows that teach to stop"), f"{found['stop_trained']:.1%}"))
    if found["served_alike"] is not None:
        facts.append((say("Rows that serving encodes alike"), f"{found['served_alike']:.1%}"))
    return facts


def _of(count: int, total: int) -> str:
    return f"{count:,} ({count / max(1, total):.1%})"
