"""Formats of annotated texts: answers in a context, tags of tokens, pairs of texts."""

from __future__ import annotations

import re
from typing import Any, ClassVar

import polars as pl

from luthier.data.formats.format import Columns, Format, Row, by_name, sample

PAIRS = (
    (("source", "src", "原文"), ("target", "tgt", "译文")),
    (("document", "article", "dialogue", "passage", "content", "text", "正文", "文章"),
     ("summary", "highlights", "abstract", "摘要")),
)  # fmt: skip
LANGUAGE = re.compile(r"[a-z]{2}(?:[-_][A-Za-z]{2,4})?")


class Squad(Format):
    """``question``, ``context`` and ``answers`` with their ``answer_start``, flat as on the hub."""

    name: ClassVar[str] = "squad"
    family: ClassVar[str] = "extract"

    def match(self, rows: pl.DataFrame) -> Columns | None:
        """The three columns."""
        found = {name: by_name(rows, name) for name in ("question", "context", "answers")}
        return None if None in found.values() else {k: v for k, v in found.items() if v}

    def read_row(self, row: Row, columns: Columns) -> dict[str, Any] | None:
        """Answers as spans; none where the question cannot be answered."""
        question, context, answers = (row[columns[n]] for n in ("question", "context", "answers"))
        if not isinstance(question, str) or not isinstance(context, str):
            return None
        spans = []
        for text, start in _answers(answers):
            place = _nearest(context, text, start)
            if place is None:
                return None
            spans.append({"text": text, "start": place})
        return {"question": question, "context": context, "answers": spans}

    def write_row(self, row: Row) -> dict[str, Any] | None:
        """As on the hub."""
        spans = row["answers"]
        return {
            "question": row["question"], "context": row["context"],
            "answers": {
                "text": [span["text"] for span in spans],
                "answer_start": [span["start"] for span in spans],
            },
        }  # fmt: skip


class Tokens(Format):
    """A list of words and a list of as many tags."""

    name: ClassVar[str] = "tokens,ner_tags"
    family: ClassVar[str] = "tag"

    def match(self, rows: pl.DataFrame) -> Columns | None:
        """Two columns of lists."""
        words = by_name(rows, "tokens", "words")
        tags = by_name(rows, "ner_tags", "tags", "labels", "ner", "pos_tags", "upos", "pos")
        listed = all(c and isinstance(rows[c].dtype, pl.List) for c in (words, tags))
        return {"tokens": str(words), "tags": str(tags)} if listed else None

    def read_row(self, row: Row, columns: Columns) -> dict[str, Any] | None:
        """Words and tags as text; None where they are not as many."""
        words, tags = row[columns["tokens"]], row[columns["tags"]]
        if not words or tags is None or len(words) != len(tags):
            return None
        return {"tokens": [str(w) for w in words], "tags": [str(t) for t in tags]}

    def write_row(self, row: Row) -> dict[str, Any] | None:
        """As it is."""
        return {"tokens": row["tokens"], "ner_tags": row["tags"]}


class Pairs(Format):
    """Two texts of which one is made of the other: translations, summaries."""

    name: ClassVar[str] = "source,target"
    family: ClassVar[str] = "pairs"

    def match(self, rows: pl.DataFrame) -> Columns | None:
        """Usual names, or two columns named by languages, or one with both."""
        for sources, targets in PAIRS:
            source, target = by_name(rows, *sources), by_name(rows, *targets)
            if source and target and rows[target].n_unique() > 0.1 * len(rows):
                return {"source": source, "target": target}
        languages = [
            c for c in rows.columns if LANGUAGE.fullmatch(c) and rows[c].dtype == pl.String
        ]
        if len(languages) == 2:
            return {"source": languages[0], "target": languages[1]}
        both = by_name(rows, "translation")
        found = sample(rows, both, 1) if both else []
        if both and found and isinstance(found[0], dict) and len(found[0]) > 1:
            one, other, *_ = found[0]
            return {"source": f"{both}.{one}", "target": f"{both}.{other}"}
        return None

    def read_row(self, row: Row, columns: Columns) -> dict[str, Any] | None:
        """The two texts."""
        return {name: _inside(row, column) for name, column in columns.items()}

    def write_row(self, row: Row) -> dict[str, Any] | None:
        """As it is."""
        return {"source": row["source"], "target": row["target"]}


def _inside(row: Row, column: str) -> Any:
    if column in row:
        return row[column]
    outer, _, inner = column.partition(".")
    return (row[outer] or {}).get(inner)


def _answers(value: Any) -> list[tuple[str, int]]:
    """(text, start) of each answer, from lists side by side or from a list of objects."""
    if isinstance(value, dict):
        return list(zip(value.get("text") or [], value.get("answer_start") or [], strict=False))
    return [(one["text"], one["answer_start"]) for one in value or []]


def _nearest(context: str, text: str, start: int) -> int | None:
    """Where a text stands, nearest to where it is said to stand; None where it does not."""
    places = [found.start() for found in re.finditer(re.escape(text), context)] if text else []
    return min(places, key=lambda place: abs(place - start), default=None)
