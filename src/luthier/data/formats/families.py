"""Kinds of rows, each with one canonical form: what the columns are called and what they hold."""

from __future__ import annotations

import polars as pl

from luthier.data.images import IMAGE
from luthier.data.roles import Role

TURN = pl.Struct(
    {"role": pl.String, "content": pl.String, "loss": pl.Boolean, "tool_calls": pl.String}
)
"""One turn of a dialogue. ``role``: ``system``, ``user``, ``assistant`` or ``tool``. ``loss``:
whether it is learned; null: if the assistant says it. ``tool_calls``: JSON."""

DIALOGUE = pl.List(TURN)
SPANS = pl.List(pl.Struct({"text": pl.String, "start": pl.Int64}))
WORDS = pl.List(pl.String)
HEADS = pl.List(pl.Int64)

FAMILIES: dict[str, dict[str, tuple[Role, pl.DataType | type[pl.DataType]]]] = {
    "classify": {
        "text": (Role("text", "text"), pl.String),
        "label": (Role("label", "label"), pl.String),
    },
    "text": {"text": (Role("text", "text"), pl.String)},
    "chat": {
        "messages": (Role("messages", "dialogue"), DIALOGUE),
        "tools": (Role("tools", "extra", required=False), pl.String),
    },
    "prefer": {
        "prompt": (Role("prompt", "dialogue"), DIALOGUE),
        "chosen": (Role("chosen", "dialogue"), DIALOGUE),
        "rejected": (Role("rejected", "dialogue"), DIALOGUE),
    },
    "feedback": {
        "messages": (Role("messages", "dialogue"), DIALOGUE),
        "label": (Role("label", "extra"), pl.String),
    },
    "extract": {
        "question": (Role("question", "text"), pl.String),
        "context": (Role("context", "verbatim"), pl.String),
        "answers": (Role("answers", "spans"), SPANS),
    },
    "tag": {
        "tokens": (Role("tokens", "tokens"), WORDS),
        "tags": (Role("tags", "tags"), WORDS),
    },
    "parse": {
        "tokens": (Role("tokens", "tokens"), WORDS),
        "tags": (Role("tags", "tags"), WORDS),
        "heads": (Role("heads", "heads"), HEADS),
        "deprels": (Role("deprels", "tags"), WORDS),
        "entities": (Role("entities", "tags", required=False), WORDS),
        "lemmas": (Role("lemmas", "extra", required=False), WORDS),
        "xpos": (Role("xpos", "extra", required=False), WORDS),
        "feats": (Role("feats", "extra", required=False), WORDS),
    },
    "image": {
        "image": (Role("image", "image"), IMAGE),
        "label": (Role("label", "label"), pl.String),
    },
    "pairs": {
        "source": (Role("source", "text"), pl.String),
        "target": (Role("target", "text"), pl.String),
    },
}
"""Kind of rows to its columns: role and type."""


def roles_of(family: str) -> tuple[Role, ...]:
    """The roles of a kind of rows."""
    return tuple(role for role, _ in FAMILIES[family].values())


def canonical(rows: list[dict[str, object] | None], family: str) -> pl.DataFrame:
    """Rows in canonical form; those that are None, and columns they lack, are null.

    Args:
        rows: Column to value each.
        family: Kind of rows.
    """
    columns = FAMILIES[family]
    return pl.DataFrame({
        name: pl.Series(name, [None if row is None else row.get(name) for row in rows], dtype=kind)
        for name, (_, kind) in columns.items()
    })  # fmt: skip
