"""Turns of a dialogue, in the several ways in which they are written."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

ROLES = {
    "system": "system", "developer": "system", "user": "user", "human": "user",
    "assistant": "assistant", "gpt": "assistant", "model": "assistant", "bot": "assistant",
    "chatgpt": "assistant", "tool": "tool", "function": "tool", "observation": "tool",
    "ipython": "tool", "function_call": "assistant", "tool_call": "assistant",
}  # fmt: skip
"""How a speaker is called elsewhere, to how it is called here."""

CALLS = ("function_call", "tool_call")
SWITCHES = ("loss", "train", "weight", "loss_weight")
"""Keys by which others say whether a turn is learned."""

Turn = dict[str, Any]


def read_turns(value: Any) -> list[Turn] | None:
    """The turns of a dialogue, or None if it is none.

    Args:
        value: A list of objects with ``role`` and ``content`` or ``from`` and ``value``; JSON of
            such a list; or one text, which the user says.
    """
    if isinstance(value, str):
        parsed = parsed_json(value)
        if not isinstance(parsed, list):
            return [turn("user", value)] if value.strip() else None
        value = parsed
    if isinstance(value, Mapping):
        value = [value]
    if not isinstance(value, Sequence) or not value:
        return None
    turns = [_read(one) for one in value]
    return None if None in turns else [one for one in turns if one is not None]


def turn(role: str, content: str | None, loss: bool | None = None, calls: Any = None) -> Turn:
    """One turn in canonical form."""
    written = (
        calls if calls is None or isinstance(calls, str) else json.dumps(calls, ensure_ascii=False)
    )
    return {"role": role, "content": content, "loss": loss, "tool_calls": written}


def as_messages(turns: Sequence[Turn]) -> list[Turn]:
    """Turns as the OpenAI API writes them; ``weight`` 0 or 1 where it was said."""
    found = []
    for one in turns:
        message: Turn = {"role": one["role"], "content": one["content"]}
        if one.get("tool_calls"):
            message["tool_calls"] = json.loads(one["tool_calls"])
        if one.get("loss") is not None:
            message["weight"] = int(one["loss"])
        found.append(message)
    return found


def as_sharegpt(turns: Sequence[Turn]) -> list[Turn]:
    """Turns with ``from`` and ``value``."""
    names = {"user": "human", "assistant": "gpt", "tool": "observation", "system": "system"}
    return [
        {"from": "function_call", "value": one["tool_calls"]} if one.get("tool_calls")
        else {"from": names[one["role"]], "value": one["content"]}
        for one in turns
    ]  # fmt: skip


def as_text(turns: Sequence[Turn]) -> str | None:
    """What is said, where one speaker says it; None where there are more."""
    return turns[0]["content"] if len(turns) == 1 else None


def parsed_json(text: str) -> Any:
    """The JSON value in a text, or None."""
    if not text.lstrip().startswith(("[", "{")):
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None


def _read(one: Any) -> Turn | None:
    if not isinstance(one, Mapping):
        return None
    name = one.get("role") or one.get("from")
    role = ROLES.get(str(name).lower())
    if role is None:
        return None
    content = one.get("content", one.get("value"))
    calls = one.get("tool_calls") or None
    if isinstance(content, list):
        content = "\n".join(
            str(part.get("text", part.get("value", ""))) for part in content if part
        )
    if str(name).lower() in CALLS:
        calls, content = content, None
    if content is None and calls is None:
        return None
    said = next((one[key] for key in SWITCHES if one.get(key) is not None), None)
    return turn(role, content, None if said is None else bool(said), calls)
