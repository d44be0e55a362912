"""The section with texts that the model wrote."""

from __future__ import annotations

from html import escape

from luthier.core.page import Say, table
from luthier.evaluation.report.sections import Report

SHOWN = 600
"""Characters of a text."""


def samples(report: Report, say: Say) -> str:
    """Sources, right texts and what was written, from the worst to the best."""
    rows = [
        (*(_text(sample[name]) for name in ("text", "true", "predicted")), f"{sample['score']:.3g}")
        for sample in report.get("samples", ())
    ]
    if not rows:
        return ""
    header = ("Given", "Right", "Written", "Score")
    text = "Test rows from the worst to the best, each scored by {metric} alone."
    note = say(text, metric=report["verdict"]["headline"])
    return f'<p class="note">{note}</p>' + table([say(h) for h in header], rows, numbers=3)


def _text(text: str) -> str:
    short = text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"
    return escape(short).replace("\n", "<br>")
