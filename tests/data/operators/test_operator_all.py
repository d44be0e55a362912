"""What holds of every preparation step."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.data.making import LABELS, NUMBER, assert_accounted, context, ids, table

from luthier.data.operator import PROFILES
from luthier.data.roles import GROUP, ROW, SOURCE, SPLIT
from luthier.data.steps import steps_for
from luthier.recipe.registries import PREPARATION
from luthier.recipe.schema import Data

KINDS = sorted(PREPARATION.members())

TEXTS = [
    "a",
    "A",
    " a",
    "a  b",
    "a\nb",
    "a&amp;b",
    "<b>a</b>",
    "e\u0301",
    "a\u200b",
    "",
    "nan",
    None,
]
ANSWERS = ["Positive", "pos", " POSITIVE ", "1.0", "1", "积极", "积极 ", "none", "", None]
ROWS = st.lists(
    st.tuples(
        st.sampled_from(TEXTS), st.sampled_from(ANSWERS),
        st.sampled_from(["train", "validation", "test"]),
    ),
    max_size=14,
)  # fmt: skip


def _table(rows):
    return table([(text, label) for text, label, _ in rows], [split for *_, split in rows])


def step_of(kind):
    return PREPARATION.parse(kind)


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_runs_its_steps_in_the_order_of_their_places(profile):
    places = [step.place for step in steps_for(Data(train="x.csv", profile=profile))]
    assert places == sorted(set(places))


def test_no_two_steps_have_the_same_place():
    places = [member.place for member in PREPARATION.members().values()]
    assert len(places) == len(set(places))


@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None, max_examples=50)
@given(rows=ROWS)
def test_no_row_is_lost_or_moved(kind, rows):
    step = step_of(kind)
    before, told = _table(rows), context()
    after = step.apply(before, told)
    assert_accounted(before, after, told)
    assert [name for name in after.columns if name != GROUP] == before.columns
    same = before.join(after.select(SOURCE, ROW), on=[SOURCE, ROW], how="semi")
    assert after[SPLIT].to_list() == same[SPLIT].to_list()


@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None, max_examples=50)
@given(rows=ROWS)
def test_a_changed_value_is_in_the_ledger_with_both_values(kind, rows):
    step = step_of(kind)
    before, told = _table(rows), context()
    after = step.apply(before, told)
    entries = told.ledger.table().filter(pl.col("action") == "changed")
    noted = {row: (old, new) for row, old, new in entries.select("row", "before", "after").rows()}
    seen = {}
    for column in ("text", "label"):
        pairs = before.select(ROW, column).join(after.select(ROW, new=column), on=ROW)
        seen |= {row: (old, new) for row, old, new in pairs.rows() if old != new}
    assert noted == seen


@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None, max_examples=50)
@given(rows=ROWS)
def test_a_second_time_changes_nothing(kind, rows):
    step = step_of(kind)
    once = step.apply(_table(rows), context())
    told = context()
    assert step.apply(once, told).equals(once)
    assert told.ledger.table().filter(pl.col("action") != "flagged").is_empty()


@settings(deadline=None, max_examples=60)
@given(rows=ROWS)
def test_all_steps_together_lose_no_row(rows):
    before, told = _table(rows), context()
    after = before
    for step in steps_for():
        after = step.apply(after, told)
    assert_accounted(before, after, told)
    assert after.filter(pl.col("text").is_null() | pl.col("label").is_null()).is_empty()
    texts = after.group_by("text").agg(pl.col(SPLIT).n_unique(), pl.col("label").n_unique())
    assert (texts[SPLIT] == 1).all()
    assert (texts["label"] == 1).all()
    assert after["text"].n_unique() == len(after)


@pytest.mark.parametrize("role", [LABELS, NUMBER], ids=["labels", "number"])
@settings(deadline=None, max_examples=40)
@given(
    rows=st.lists(st.tuples(st.sampled_from(TEXTS), st.sampled_from(["a; b", "b,a", "1,5", "2"])))
)
def test_steps_serve_several_labels_and_numbers_too(role, rows):
    before, told = table(rows), context(role)
    after = before
    for step in steps_for():
        after = step.apply(after, told)
    assert_accounted(before, after, told)
    assert after.schema["label"] == (pl.Float64 if role is NUMBER else pl.List(pl.String))


@pytest.mark.parametrize("kind", KINDS)
def test_no_rows_stay_no_rows(kind):
    step = step_of(kind)
    assert ids(step.apply(table([]), context())) == []
