"""Answers without a model: what a tuned one has to be better than."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

SENTENCE = re.compile(r"[^\s](?:.*?[.!?…](?=\s|$)|.*?[。！？]|.+$)", re.DOTALL)
"""A sentence: up to its end sign, or all that is left."""

LEAD = 3
"""Sentences from the beginning that make a summary (See et al. 2017)."""

SPEAKER = re.compile(r"^\s*[^\s:：][^:：\n]{0,40}[:：]\s*")
"""Who says a line of a dialogue."""


def lead(text: str, sentences: int = LEAD) -> str:
    """The first sentences, or the first lines of a dialogue."""
    lines = [line for line in text.splitlines() if line.strip()]
    parts = lines if len(lines) > 1 else [found.group() for found in SENTENCE.finditer(text)]
    return " ".join(part.strip() for part in parts[:sentences])


def longest_turn(text: str) -> str:
    """The longest line, without who says it."""
    return max((SPEAKER.sub("", line) for line in text.splitlines()), key=len, default="")


def usual(answers: Sequence[str]) -> str:
    """The most frequent one; of several the first."""
    counted = Counter(answers).most_common(1)
    return counted[0][0] if counted else ""


def plain_answers(
    use: str, sources: Sequence[str], targets: Sequence[str]
) -> list[tuple[str, ...]]:
    """What could be answered to each row without a model; all rows have as many.

    A summary: the text's beginning, the longest turn of a dialogue, or the most frequent one. An
    answer: the most frequent one. Else the source itself.

    Args:
        use: As in the recipe.
        sources: (rows,) texts to start from.
        targets: (rows,) right texts.
    """
    if use == "summarise":
        often = usual(targets)
        return [(lead(text), longest_turn(text), often) for text in sources]
    if use == "answer":
        return [(usual(targets),)] * len(sources)
    return [(text,) for text in sources]
