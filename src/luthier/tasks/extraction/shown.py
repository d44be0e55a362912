"""Answers as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from luthier.tasks.extraction.spans import Candidate

AROUND = 100
"""Characters of the context shown before and after an answer."""


def answer(best: Candidate | None, probability: float) -> dict[str, Any]:
    """``answer``, ``probability``, ``start``, ``end``; an empty answer stands nowhere."""
    return {
        "answer": best.text if best else "",
        "probability": probability,
        "start": best.start if best else None,
        "end": best.end if best else None,
    }


def mistake(row: Mapping[str, Any], best: Candidate | None, probability: float) -> dict[str, Any]:
    """A wrong answer, with the question and what stands around the answer; ``-`` is none."""
    truths = dict.fromkeys(truth["text"] for truth in row["answers"])
    return {
        "text": f"{row['question']}\n{_around(row, best)}",
        "true": " | ".join(truths) or "-",
        "predicted": best.text if best else "-",
        "probability": probability,
    }


def _around(row: Mapping[str, Any], best: Candidate | None) -> str:
    """The part of the context that the true answer, else the one given, stands in."""
    places = [(truth["start"], truth["start"] + len(truth["text"])) for truth in row["answers"]]
    start, end = next(iter(places), (best.start, best.end) if best else (0, AROUND))
    first, last = max(0, start - AROUND), end + AROUND
    before, after = "…" if first else "", "…" if last < len(row["context"]) else ""
    return f"{before}{row['context'][first:last]}{after}"
