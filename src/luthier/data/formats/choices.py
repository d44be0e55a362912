"""Formats of what people prefer: pairs of answers, and answers liked or not."""

from __future__ import annotations

import re
from typing import Any, ClassVar

import polars as pl

from luthier.data.formats.dialogues import DIALOGUES, PROMPTS, PromptCompletion, read_answer
from luthier.data.formats.format import Columns, Format, Row, by_name
from luthier.data.formats.turns import as_messages, as_text, read_turns, turn

SPEAKER = re.compile(r"\n\n(Human|Assistant): ?")
YES = {"true", "1", "yes", "good", "like", "up", "desirable"}


class Preference(Format):
    """``prompt``, ``chosen``, ``rejected``; or two whole dialogues that begin alike."""

    name: ClassVar[str] = "prompt,chosen,rejected"
    family: ClassVar[str] = "prefer"

    def match(self, rows: pl.DataFrame) -> Columns | None:
        """Columns chosen and rejected."""
        chosen, rejected = by_name(rows, "chosen"), by_name(rows, "rejected")
        if chosen is None or rejected is None:
            return None
        prompt = by_name(rows, *PROMPTS, *DIALOGUES)
        return {**({"prompt": prompt} if prompt else {}), "chosen": chosen, "rejected": rejected}

    def read_row(self, row: Row, columns: Columns) -> dict[str, Any] | None:
        """The prompt, and the two answers to it."""
        chosen, rejected = (_answer(row[columns[name]]) for name in ("chosen", "rejected"))
        if not chosen or not rejected:
            return None
        if "prompt" in columns:
            prompt = read_turns(row[columns["prompt"]])
        else:
            prompt = _common(chosen, rejected)
            chosen, rejected = chosen[len(prompt) :], rejected[len(prompt) :]
        if not prompt or not chosen or not rejected:
            return None
        return {"prompt": prompt, "chosen": chosen, "rejected": rejected}

    def write_row(self, row: Row) -> dict[str, Any] | None:
        """Lists of messages."""
        return {name: as_messages(row[name]) for name in ("prompt", "chosen", "rejected")}

    def write_plain(self, row: Row) -> dict[str, Any] | None:
        """One question and two answers."""
        plain = {name: as_text(row[name]) for name in ("prompt", "chosen", "rejected")}
        asked = row["prompt"][0]["role"] == "user"
        return dict(plain) if asked and None not in plain.values() else None


class Kto(Format):
    """A dialogue, or prompt and completion, with whether it was liked."""

    name: ClassVar[str] = "prompt,completion,label"
    family: ClassVar[str] = "feedback"

    def match(self, rows: pl.DataFrame) -> Columns | None:
        """A verdict of two values beside a dialogue or an answer."""
        label = by_name(rows, "label", "kto_tag")
        dialogue = by_name(rows, *DIALOGUES)
        prompt, answer = by_name(rows, "prompt"), by_name(rows, "completion")
        if label is None or rows[label].dtype not in (pl.Boolean, pl.String, pl.Int64):
            return None
        if rows[label].drop_nulls().n_unique() > 2:
            return None
        if dialogue is not None:
            return {"messages": dialogue, "label": label}
        both = prompt is not None and answer is not None
        return {"prompt": str(prompt), "completion": str(answer), "label": label} if both else None

    def read_row(self, row: Row, columns: Columns) -> dict[str, Any] | None:
        """The dialogue and ``true`` or ``false``."""
        if "messages" in columns:
            turns = read_turns(row[columns["messages"]])
        else:
            asked = read_turns(row[columns["prompt"]])
            answer = read_answer(row[columns["completion"]])
            turns = asked + answer if asked and answer else None
        liked = row[columns["label"]]
        if not turns or liked is None:
            return None
        return {"messages": turns, "label": "true" if str(liked).lower() in YES else "false"}

    def write_row(self, row: Row) -> dict[str, Any] | None:
        """The last turn is what was judged."""
        *asked, answer = row["messages"]
        both = {"prompt": as_messages(asked), "completion": as_messages([answer])}
        return {**both, "label": row["label"] == "true"} if asked else None

    def write_plain(self, row: Row) -> dict[str, Any] | None:
        """One question, one answer, and whether it was liked."""
        found = PromptCompletion().write_plain(row)
        return found and {**found, "label": row["label"] == "true"}


def _answer(value: Any) -> list[dict[str, Any]] | None:
    """The turns of an answer; of a text with speakers in it, those of the whole dialogue."""
    if isinstance(value, str) and SPEAKER.match(value):
        _, *parts = SPEAKER.split(value)
        names = {"Human": "user", "Assistant": "assistant"}
        said = zip(parts[::2], parts[1::2], strict=True)
        return [turn(names[name], text.strip()) for name, text in said]
    return read_answer(value)


def _common(one: list[Any], other: list[Any]) -> list[Any]:
    """The turns with which both begin."""
    same = 0
    while same < min(len(one), len(other)) and one[same] == other[same]:
        same += 1
    return one[:same]
