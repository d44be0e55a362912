"""Formats of annotated texts: answers in a context, tags of tokens, pairs of texts."""

from __future__ import annotations

import re
from typing import Any, ClassVar

import polars as pl

from luthier.data.formats.dialogues import ANSWERS, PROMPTS
from luthier.data.formats.format import Columns, Format, Row, by_name, is_listed, items, sample
from luthier.data.formats.turns import parsed_json

PAIRS = (
    (("source", "src", "原文"), ("target", "tgt", "译文")),
    (("document", "article", "dialogue", "passage", "content", "text", "正文", "文章"),
     ("summary", "highlights", "abstract", "摘要", "summary1", "summary_1")),
    (PROMPTS, ANSWERS),
)  # fmt: skip
LANGUAGE = re.compile(r"([a-z]{2})(?:[-_][A-Za-z]{2,4})?")
CODES = frozenset({
    "af", "am", "ar", "az", "be", "bg", "bn", "bs", "ca", "cs", "cy", "da", "de", "el", "en", "eo",
    "es", "et", "eu", "fa", "fi", "fr", "ga", "gl", "gu", "he", "hi", "hr", "hu", "hy", "id", "is",
    "it", "ja", "ka", "kk", "km", "kn", "ko", "ku", "ky", "lo", "lt", "lv", "mg", "mk", "ml", "mn",
    "mr", "ms", "mt", "my", "ne", "nl", "no", "pa", "pl", "ps", "pt", "ro", "ru", "sd", "si", "sk",
    "sl", "so", "sq", "sr", "sv", "sw", "ta", "te", "tg", "th", "tk", "tl", "tr", "tt", "uk", "ur",
    "uz", "vi", "xh", "yo", "zh", "zu",
})  # fmt: skip
"""ISO 639-1 codes by which columns of texts are named."""


class Squad(Format):
    """``question``, ``context`` and ``answers`` with their ``answer_start``, flat as on the hub."""

    name: ClassVar[str] = "squad"
    family: ClassVar[str] = "extract"

    def match(self, rows: pl.DataFrame) -> Columns | None:
        """The three columns."""
        found = {name: by_name(rows, name) for name in ("question", "context", "answers")}
        return None if None in found.values() else {k: v for k, v in found.items() if v}

    def read_row(self, row: Row, columns: Columns) -> dict[str, Any] | None:
        """Answers as spans; none where the question cannot be answered.

        Of several answers those stay that the passage has; a row that has none of its is not sound.
        """
        question, context, answers = (row[columns[n]] for n in ("question", "context", "answers"))
        if not isinstance(question, str) or not isinstance(context, str):
            return None
        said = _answers(answers)
        if said is None:
            return None
        places = [(text, _nearest(context, text, start)) for text, start in said]
        spans = [{"text": text, "start": place} for text, place in places if place is not None]
        if said and not spans:
            return None
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
        both = is_listed(rows, words) and is_listed(rows, tags)
        return {"tokens": str(words), "tags": str(tags)} if both else None

    def read_row(self, row: Row, columns: Columns) -> dict[str, Any] | None:
        """Words and tags as text; None where they are not as many."""
        words, tags = items(row[columns["tokens"]]), items(row[columns["tags"]])
        if not words or tags is None or len(words) != len(tags) or None in (*words, *tags):
            return None
        return {"tokens": [str(w) for w in words], "tags": [str(t) for t in tags]}

    def write_row(self, row: Row) -> dict[str, Any] | None:
        """As it is; None where a tree has no such tags."""
        return {"tokens": row["tokens"], "ner_tags": row["tags"]} if row["tags"] else None


class Pairs(Format):
    """Two texts of which one is made of the other: translations, summaries."""

    name: ClassVar[str] = "source,target"
    family: ClassVar[str] = "pairs"

    def match(self, rows: pl.DataFrame) -> Columns | None:
        """Usual names, or the first two columns named by languages, or one column with both."""
        for sources, targets in PAIRS:
            source, target = by_name(rows, *sources), by_name(rows, *targets)
            if source and target and rows[target].n_unique() > 0.1 * len(rows):
                beside = by_name(rows, "input") if source.casefold() == "instruction" else None
                more = {"more": beside} if beside else {}
                return {"source": source, "target": target, **more}
        languages = [column for column in rows.columns if _is_language(rows, column)]
        if len(languages) > 1:
            return {"source": languages[0], "target": languages[1]}
        both = by_name(rows, "translation")
        found = _object(sample(rows, both, 1)[0]) if both and sample(rows, both, 1) else {}
        if both and len(found) > 1:
            one, other, *_ = found
            return {"source": f"{both}.{one}", "target": f"{both}.{other}"}
        return None

    def read_row(self, row: Row, columns: Columns) -> dict[str, Any] | None:
        """The two texts; an instruction with the input that stands beside it."""
        found = {name: _inside(row, column) for name, column in columns.items()}
        beside = found.pop("more", None)
        return {**found, "source": f"{found['source']}\n{beside}"} if beside else found

    def write_row(self, row: Row) -> dict[str, Any] | None:
        """As it is."""
        return {"source": row["source"], "target": row["target"]}


def _inside(row: Row, column: str) -> Any:
    if column in row:
        return row[column]
    outer, _, inner = column.partition(".")
    return _object(row[outer]).get(inner)


def _object(value: Any) -> dict[str, Any]:
    """An object as it is, or out of its JSON in a cell; empty where there is none."""
    parsed = parsed_json(value) if isinstance(value, str) else value
    return parsed if isinstance(parsed, dict) else {}


def _is_language(rows: pl.DataFrame, column: str) -> bool:
    """Whether a column is named by a language; ``id`` is one only where its values are texts."""
    match = LANGUAGE.fullmatch(column)
    if match is None or match[1] not in CODES or rows.schema[column] != pl.String:
        return False
    return column != "id" or sum(" " in value for value in sample(rows, column)) > 0


def _answers(value: Any) -> list[tuple[str, int]] | None:
    """(text, start) of each answer, from lists side by side or from a list of objects."""
    value = parsed_json(value) if isinstance(value, str) else value or []
    if isinstance(value, dict):
        texts, starts = value.get("text"), value.get("answer_start")
        return list(zip(items(texts) or [], items(starts) or [], strict=False))
    if not isinstance(value, list):
        return None
    return [(one.get("text"), one.get("answer_start")) for one in value]


def _nearest(context: str, text: str | None, start: int | None) -> int | None:
    """Where a text stands, nearest to where it is said to stand; None where it does not."""
    places = [found.start() for found in re.finditer(re.escape(text), context)] if text else []
    return min(places, key=lambda place: abs(place - (start or 0)), default=None)
