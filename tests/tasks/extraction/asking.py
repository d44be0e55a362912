"""Questions about small texts that a tiny network learns in seconds."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

SAID = {
    "who": ["anna", "boris", "chen", "dora", "emil"],
    "when": ["monday", "noon", "june", "dawn", "tuesday"],
    "where": ["oslo", "rome", "lima", "cairo", "paris"],
}
FILLER = ["the", "meeting", "was", "held", "by", "in", "and", "a", "board", "vote", "then", "open"]
WORDS = sorted({*FILLER, *SAID, *(word for words in SAID.values() for word in words)})
Asked = dict[str, Any]


def questions(count: int, *, seed: int = 0, none: float = 0.25, longest: int = 70) -> list[Asked]:
    """Rows in SQuAD's form; an answer is one word, or twice the same, and the text may lack it.

    Args:
        count: Rows.
        seed: Of all chance.
        none: Share of rows without an answer.
        longest: Words of a text, at most.
    """
    choose = random.Random(seed)
    rows = []
    while len(rows) < count:
        question = choose.choice(list(SAID))
        words = choose.choices(FILLER, k=choose.choice([5, 9, 14, longest]))
        answer = " ".join([choose.choice(SAID[question])] * choose.choice([1, 1, 2]))
        if choose.random() < none:
            answer = ""
        other = choose.choice([name for name in SAID if name != question])
        words.insert(choose.randrange(len(words)), choose.choice(SAID[other]))
        place = choose.randrange(len(words) + 1)
        said = [*words[:place], *([answer] if answer else []), *words[place:]]
        start = sum(len(word) + 1 for word in words[:place])
        answers = {"text": [answer] * bool(answer), "answer_start": [start] * bool(answer)}
        rows.append({"question": question, "context": " ".join(said), "answers": answers})
    return rows


def write_rows(path: Path, rows: list[Asked]) -> Path:
    """A file of JSON lines."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path
