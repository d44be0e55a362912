"""Texts wherever they stand, and what becomes of them when they are changed."""

from __future__ import annotations

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from luthier.data.ledger import Ledger
from luthier.data.operator import Context
from luthier.data.roles import ROW, SOURCE, SPLIT, Role
from luthier.data.texts import change_texts, contents, row_texts, with_contents

TURN = pl.Struct({"role": pl.String, "content": pl.String, "loss": pl.Boolean})
TURNS = st.fixed_dictionaries(
    {
        "role": st.sampled_from(["user", "assistant"]),
        "content": st.none() | st.text(max_size=5),
        "loss": st.none() | st.booleans(),
    }
)
DIALOGUES = st.lists(st.none() | st.lists(TURNS, max_size=4), max_size=6)


def _rows(**columns):
    count = len(next(iter(columns.values())))
    origin = {ROW: range(count), SOURCE: ["s"] * count, SPLIT: ["train"] * count}
    return pl.DataFrame({**columns, **origin})


def _context(*roles):
    return Context(tuple(Role(*role) for role in roles), Ledger())


@settings(deadline=None, max_examples=80)
@given(DIALOGUES)
def test_contents_put_back_are_the_dialogues_as_they_were(dialogues):
    column = pl.Series("messages", dialogues, dtype=pl.List(TURN))
    assert with_contents(column, contents(column)).equals(column, null_equal=True)


@settings(deadline=None, max_examples=80)
@given(DIALOGUES, st.integers(0, 5), st.integers(1, 5))
def test_a_part_of_a_column_is_treated_as_a_column(dialogues, start, count):
    column = pl.Series("messages", dialogues, dtype=pl.List(TURN)).slice(start, count)
    louder = with_contents(column, contents(column).str.to_uppercase())
    expected = [
        d and [{**t, "content": t["content"] and t["content"].upper()} for t in d]
        for d in column.to_list()
    ]
    assert louder.to_list() == expected


def test_text_and_turns_are_changed_and_the_rest_is_not():
    messages = [[{"role": "user", "content": "a", "loss": None}], [], None]
    rows = _rows(
        text=["a", "b", None],
        context=["a", "a", "a"],
        messages=pl.Series(messages, dtype=pl.List(TURN)),
    )
    told = _context(("text", "text"), ("context", "verbatim"), ("messages", "dialogue"))
    after = change_texts(rows, told, "louder", lambda texts: texts.str.replace_all("a", "A"))
    assert after["text"].to_list() == ["A", "b", None]
    assert after["context"].to_list() == ["a", "a", "a"]
    assert after["messages"].to_list() == [[{**messages[0][0], "content": "A"}], [], None]
    entries = told.ledger.table().select("row", "reason", "before", "after").rows()
    assert entries == [(0, "text changed", "a", "A"), (0, "messages changed", "a", "A")]


def test_what_a_row_says_is_one_text():
    rows = _rows(
        text=["a", None],
        tokens=[["b", "c"], []],
        messages=pl.Series([[{"role": "user", "content": "d"}, {"role": "x", "content": "e"}]] * 2),
        label=["no", "no"],
    )
    told = _context(
        ("text", "text"), ("tokens", "tokens"), ("messages", "dialogue"), ("label", "label")
    )
    assert row_texts(rows, told).to_list() == ["a\nb c\nd\ne", "\n\nd\ne"]


def test_rows_that_say_nothing_have_empty_texts():
    assert row_texts(_rows(label=["x", "y"]), _context(("label", "label"))).to_list() == ["", ""]
