"""Formats of dialogues: messages, sharegpt, alpaca, prompt and completion."""

from __future__ import annotations

import json
from typing import Any, ClassVar

import polars as pl

from luthier.data.formats.format import Columns, Format, Row, by_name, sample
from luthier.data.formats.turns import (
    as_messages,
    as_sharegpt,
    parsed_json,
    read_turns,
    turn,
)

DIALOGUES = ("messages", "conversations", "conversation", "dialogue", "dialog", "chat")
PROMPTS = ("prompt", "query", "question", "problem", "instruction", "input", "问题", "提问")
ANSWERS = ("completion", "response", "answer", "solution", "output", "target", "回答", "答案")


class Messages(Format):
    """A list of ``role`` and ``content``, as in the OpenAI API."""

    name: ClassVar[str] = "messages"
    family: ClassVar[str] = "chat"
    key: ClassVar[str] = "role"

    def match(self, rows: pl.DataFrame) -> Columns | None:
        """A column of dialogues whose turns have this format's key."""
        column = by_name(rows, *DIALOGUES)
        if column is None or not _has_key(sample(rows, column), self.key):
            return None
        tools = by_name(rows, "tools", "functions")
        return {"messages": column, **({"tools": tools} if tools else {})}

    def read_row(self, row: Row, columns: Columns) -> dict[str, Any] | None:
        """The dialogue, after the row's own system prompt."""
        turns = read_turns(row[columns["messages"]])
        if turns is None:
            return None
        system = row.get("system")
        if isinstance(system, str) and system and turns[0]["role"] != "system":
            turns = [turn("system", system), *turns]
        tools = row.get(columns.get("tools", "")) or None
        written = (
            tools
            if tools is None or isinstance(tools, str)
            else json.dumps(tools, ensure_ascii=False)
        )
        return {"messages": turns, "tools": written}

    def write_row(self, row: Row) -> dict[str, Any] | None:
        """The dialogue as messages."""
        tools = {"tools": parsed_json(row["tools"])} if row.get("tools") else {}
        return {"messages": as_messages(row["messages"]), **tools}


class Sharegpt(Messages):
    """A list of ``from`` and ``value``."""

    name: ClassVar[str] = "sharegpt"
    key: ClassVar[str] = "from"

    def write_row(self, row: Row) -> dict[str, Any] | None:
        """The dialogue with sharegpt's names."""
        tools = {"tools": row["tools"]} if row.get("tools") else {}
        return {"conversations": as_sharegpt(row["messages"]), **tools}


class Alpaca(Format):
    """``instruction``, ``input``, ``output``; perhaps ``system`` and ``history``."""

    name: ClassVar[str] = "alpaca"
    family: ClassVar[str] = "chat"

    def match(self, rows: pl.DataFrame) -> Columns | None:
        """Columns instruction and output."""
        asked, answer = by_name(rows, "instruction"), by_name(rows, "output")
        if asked is None or answer is None:
            return None
        rest = {name: by_name(rows, name) for name in ("input", "system", "history")}
        found = {name: column for name, column in rest.items() if column}
        return {"instruction": asked, "output": answer, **found}

    def read_row(self, row: Row, columns: Columns) -> dict[str, Any] | None:
        """System prompt, earlier questions and answers, the question, the answer."""
        said = {name: row[column] for name, column in columns.items()}
        if not _is_text(said["output"]) or not (_is_text(said["instruction"]) or said.get("input")):
            return None
        turns = [turn("system", said["system"])] if said.get("system") else []
        for earlier in said.get("history") or []:
            turns += [turn("user", earlier[0]), turn("assistant", earlier[1])]
        asked = "\n".join(filter(None, (said["instruction"], said.get("input"))))
        return {"messages": [*turns, turn("user", asked), turn("assistant", said["output"])]}

    def write_row(self, row: Row) -> dict[str, Any] | None:
        """The last question and answer; earlier ones as history."""
        turns = list(row["messages"])
        system = turns.pop(0)["content"] if turns and turns[0]["role"] == "system" else None
        roles = [one["role"] for one in turns]
        if not turns or roles != ["user", "assistant"] * (len(turns) // 2):
            return None
        said = [one["content"] for one in turns]
        history = [list(pair) for pair in zip(said[:-2:2], said[1:-2:2], strict=True)]
        extra = {"system": system} if system else {}
        extra |= {"history": history} if history else {}
        return {"instruction": said[-2], "input": "", "output": said[-1], **extra}


class PromptCompletion(Format):
    """A prompt and what is to follow it, as texts or as lists of messages."""

    name: ClassVar[str] = "prompt,completion"
    family: ClassVar[str] = "chat"

    def match(self, rows: pl.DataFrame) -> Columns | None:
        """Two columns with the usual names, the answers being many different ones."""
        asked, answer = by_name(rows, *PROMPTS), by_name(rows, *ANSWERS)
        if asked is None or answer is None or asked == answer:
            return None
        few = rows[answer].dtype == pl.String and rows[answer].n_unique() <= max(2, 0.1 * len(rows))
        return None if few and answer != "completion" else {"prompt": asked, "completion": answer}

    def read_row(self, row: Row, columns: Columns) -> dict[str, Any] | None:
        """The prompt's turns, then the completion's."""
        asked, answer = read_turns(row[columns["prompt"]]), read_answer(row[columns["completion"]])
        return {"messages": asked + answer} if asked and answer else None

    def write_row(self, row: Row) -> dict[str, Any] | None:
        """The last turn is the completion."""
        *asked, answer = row["messages"]
        if not asked or answer["role"] != "assistant":
            return None
        return {"prompt": as_messages(asked), "completion": as_messages([answer])}

    def write_plain(self, row: Row) -> dict[str, Any] | None:
        """One question and one answer."""
        roles = [one["role"] for one in row["messages"]]
        if roles != ["user", "assistant"] or any(one["tool_calls"] for one in row["messages"]):
            return None
        asked, answer = row["messages"]
        return {"prompt": asked["content"], "completion": answer["content"]}


def read_answer(value: Any) -> list[dict[str, Any]] | None:
    """The turns of an answer: one text is said by the assistant."""
    if isinstance(value, str) and parsed_json(value) is None:
        return [turn("assistant", value)] if value.strip() else None
    return read_turns(value)


def _has_key(values: list[Any], key: str) -> bool:
    for value in values:
        listed = parsed_json(value) if isinstance(value, str) else value
        if isinstance(listed, list) and listed and isinstance(listed[0], dict):
            return listed[0].get(key) is not None
    return False


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())
