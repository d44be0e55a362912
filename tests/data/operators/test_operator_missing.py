"""Missing values: what is absent, and what only looks so."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest
import scipy.stats
from pydantic import ValidationError
from tests.data.making import LABELS, NUMBER, assert_accounted, context, reasons, table

from luthier.core.errors import DataError
from luthier.data.absent import association
from luthier.data.ledger import Ledger
from luthier.data.operator import Context
from luthier.data.operators.labels import Labels
from luthier.data.operators.missing import Missing
from luthier.data.roles import ROW, SOURCE, SPLIT, Role


@pytest.mark.parametrize("label", [None, "", "  ", "nan", "NaN", "N/A", "NULL", "None", "缺失"])
def test_a_row_without_label_is_dropped(label):
    told = context()
    after = Missing().apply(table([("a", "x"), ("b", label)]), told)
    assert after["text"].to_list() == ["a"]
    assert reasons(told) == {1: "no label"}
    assert told.ledger.table()["before"].to_list() == [label]


@pytest.mark.parametrize("text", [None, "", " \t\n", "NaN", "N/A", "null", "None"])
def test_a_row_without_text_is_dropped(text):
    told = context()
    assert Missing().apply(table([("a", "x"), (text, "x")]), told)["text"].to_list() == ["a"]
    assert reasons(told) == {1: "no text"}


@pytest.mark.parametrize("text", ["none", "nothing", "na", "0", "无", "-"])
def test_a_short_text_is_a_text(text):
    assert len(Missing().apply(table([(text, "x")]), context())) == 1


@pytest.mark.parametrize("label", ["0", "no", "neutral", "na", "无"])
def test_a_short_label_is_a_label(label):
    assert len(Missing().apply(table([("a", label)]), context())) == 1


def test_a_frequent_label_none_is_a_class_and_noted():
    told = context()
    rows = table([(f"a{i}", "none" if i % 2 else "x") for i in range(40)])
    assert len(Missing().apply(rows, told)) == 40
    assert "'none'" in told.notes[0]


def test_a_rare_label_none_is_missing():
    rows = table([(f"a{i}", "x" if i > 2 else "none") for i in range(40)])
    assert len(Missing().apply(rows, context())) == 37


@pytest.mark.parametrize("told", [context(labels={"NULL": "empty"}), context(classes=("null",))])
def test_a_marker_that_the_recipe_or_model_knows_is_a_label(told):
    assert len(Missing().apply(table([("a", "null"), ("b", "nan")]), told)) == 1


def test_markers_can_be_chosen():
    step = Missing(markers=["?"], text_markers=[])
    after = step.apply(table([("NaN", "x"), ("b", "?"), ("c", "nan")]), context())
    assert after["text"].to_list() == ["NaN", "c"]


def test_no_label_at_all_is_an_answer_in_a_list():
    rows = table([("a", "x"), ("b", "x"), ("c", "x")]).with_columns(
        label=pl.Series([["x"], [], None], dtype=pl.List(pl.String))
    )
    assert Missing().apply(rows, context(LABELS))["text"].to_list() == ["a", "b"]


EXTRA = [Role("price", "extra", required=False), Role("title", "extra", required=False)]


def _more(cells, prices, titles, splits=None):
    rows = table(cells, splits).with_columns(price=pl.Series(prices), title=pl.Series(titles))
    told = context()
    told.roles = (*told.roles, *EXTRA)
    return rows, told


def _both(step, rows, told):
    return step.apply_divided(step.apply(rows, told), told)


def test_a_constant_is_put_in_and_entered():
    rows, told = _more([("a", "x"), ("b", None)], [1.5, None], ["t", " "])
    step = Missing.model_validate(
        {"columns": {
            "label": {"fill": "constant", "value": "other"},
            "title": {"fill": "constant", "value": "?"},
        }}
    )  # fmt: skip
    after = step.apply(rows, told)
    assert after["label"].to_list() == ["x", "other"]
    assert after["title"].to_list() == ["t", "?"]
    assert told.ledger.table().select("row", "action", "before", "after").rows() == [
        (1, "changed", None, "other"), (1, "changed", " ", "?"),
    ]  # fmt: skip


def test_statistics_are_those_of_train_alone():
    cells = [(f"t{n}", label) for n, label in enumerate(["x", "x", "y", None, "z", "z", "z", None])]
    splits = ["train"] * 4 + ["test"] * 4
    rows, told = _more(cells, [1.0, 2.0, 9.0, None, 70.0, 80.0, 90.0, None], ["t"] * 8, splits)
    step = Missing.model_validate(
        {"columns": {"label": {"fill": "most_frequent"}, "price": {"fill": "median"}}}
    )
    waiting = step.apply(rows, told)
    assert len(waiting) == 8
    after = step.apply_divided(waiting, told)
    assert after["label"].to_list() == ["x", "x", "y", "x", "z", "z", "z", "x"]
    assert after["price"].to_list() == [1.0, 2.0, 9.0, 2.0, 70.0, 80.0, 90.0, 2.0]
    assert told.fitted["missing"] == {"fills": {"label": "x", "price": 2.0}}


def test_what_was_learned_before_is_used_at_once():
    step = Missing.model_validate({"columns": {"label": {"fill": "most_frequent"}}})
    told = context(fitted={"missing": {"fills": {"label": "x"}}})
    after = step.apply(table([("a", "y"), ("b", "nan")], ["test"] * 2), told)
    assert after["label"].to_list() == ["y", "x"]
    assert told.fitted == {"missing": {"fills": {"label": "x"}}}


@pytest.mark.parametrize(("prices", "filled"), [([1, 2, None], 1.5), ([1, 3, None], 2)])
def test_the_median_of_whole_numbers_may_be_a_fraction(prices, filled):
    rows, told = _more([("a", "x"), ("b", "x"), ("c", "y")], prices, ["t"] * 3)
    step = Missing.model_validate({"columns": {"price": {"fill": "median"}}})
    assert _both(step, rows, told)["price"].to_list() == [*prices[:2], filled]


def test_scores_wait_for_their_median_through_the_step_labels():
    told = context(NUMBER)
    missing = Missing.model_validate({"columns": {"label": {"fill": "median"}}})
    rows = table([("a", "1"), ("b", "3,5"), ("c", "n/a"), ("d", "x")])
    rows = Labels().apply(missing.apply(rows, told), told)
    assert missing.apply_divided(rows, told)["label"].to_list() == [1.0, 3.5, 2.25]
    assert reasons(told)[3] == "label is not a number"


def test_a_value_comes_from_another_column_or_the_row_goes():
    cells = [("a", "x"), (None, "x"), ("NaN", "y"), ("d", "y")]
    rows, told = _more(cells, [1] * 4, ["one", "two", None, "four"])
    step = Missing.model_validate({"columns": {"text": {"fill": "from", "column": "title"}}})
    after = step.apply(rows, told)
    assert after["text"].to_list() == ["a", "two", "d"]
    assert_accounted(rows, after, told)


def test_a_flag_is_a_column_with_a_role_of_its_own():
    rows, told = _more([("a", "x"), ("b", "y")], [None, 1.0], ["t", "t"])
    step = Missing.model_validate({"columns": {"price": {"flag": True}}})
    once = step.apply(rows, told)
    assert once["price_missing"].to_list() == [True, False]
    assert once["price"].to_list() == [None, 1.0]
    assert "price_missing" in told.named("extra")
    assert step.apply(once, told).equals(once)
    assert len(told.roles) == 5
    with pytest.raises(DataError, match="price_missing"):
        step.apply(rows.with_columns(price_missing=pl.lit("no")), told)


def test_rows_can_be_dropped_for_other_columns():
    rows, told = _more([("a", "x"), ("b", "y")], [1, 2], ["N/A", "t"])
    step = Missing.model_validate({"columns": {"title": {"fill": "drop"}}})
    assert step.apply(rows, told)["text"].to_list() == ["b"]
    assert reasons(told) == {0: "no title"}


def test_a_column_that_no_row_has_is_refused_but_not_where_rows_are_measured():
    step = Missing.model_validate({"columns": {"prise": {"fill": "drop"}}})
    rows, told = _more([("a", "x")], [1], ["t"])
    with pytest.raises(DataError, match="Did you mean 'price'"):
        step.apply(rows, told)
    assert len(step.apply(table([("a", "x")], ["test"]), context())) == 1


@pytest.mark.parametrize("fill", [{"fill": "constant"}, {"value": 1}, {"fill": "from"}])
def test_a_fill_must_be_whole(fill):
    with pytest.raises(ValidationError):
        Missing.model_validate({"columns": {"label": fill}})


TURN = pl.List(pl.Struct({"role": pl.String, "content": pl.String}))
ANSWER = pl.List(pl.Struct({"text": pl.String, "start": pl.Int64}))


@pytest.mark.parametrize(
    ("kind", "dtype", "values", "kept"),
    [
        ("dialogue", TURN, [[{"role": "user", "content": "hi"}, {"role": "a", "content": ""}],
                            [], None, [{"role": "user", "content": " "}], [{"role": "u"}]], [0]),
        ("tokens", pl.List(pl.String), [["a", ""], [], None, ["", " "], [None]], [0]),
        ("tags", pl.List(pl.Int64), [[0], [], None, [None]], [0]),
        ("spans", ANSWER, [[{"text": "a", "start": 0}], [], None, [{"text": " "}]], [0, 1]),
    ],
)  # fmt: skip
def test_lists_of_nothing_are_missing(kind, dtype, values, kept):
    rows = table([(None, None)] * len(values)).select(
        pl.Series("value", values, dtype=dtype), ROW, SOURCE, SPLIT
    )
    told = Context((Role("value", kind),), Ledger())
    after = Missing().apply(rows, told)
    assert after[ROW].to_list() == kept
    assert_accounted(rows, after, told)


def test_an_empty_answer_can_be_a_missing_one():
    rows = table([("a", None)]).with_columns(label=pl.Series([[]], dtype=ANSWER))
    told = context(Role("label", "spans"))
    assert len(Missing().apply(rows, told)) == 1
    assert Missing(empty_answers=False).apply(rows, told).is_empty()


def test_the_pattern_of_what_is_missing_is_told():
    cells = [(f"t{n}", "xy"[n % 2]) for n in range(100)]
    prices = [None if n % 2 else 1.0 for n in range(100)]
    rows, told = _more(cells, prices, [None if n % 10 == 1 else "t" for n in range(100)])
    Missing().apply(rows, told)
    whole, price = told.findings[0], told.findings[1]
    assert whole.fields["columns"] == {"price": 50, "title": 10}
    assert whole.fields["together"] == [{"columns": ["price", "title"], "rows": 10}]
    assert price.fields["shares"] == {"x": 0.0, "y": 1.0}
    assert price.fields["strength"] == 1.0
    assert price.fix == "data.steps.missing.columns.price.flag=true"
    json.dumps([finding.to_json() for finding in told.findings])


def test_what_is_missing_at_random_is_not_said_to_go_with_the_label():
    random = np.random.default_rng(0)
    prices = [None if random.random() < 0.3 else 1.0 for _ in range(2000)]
    rows, told = _more([(f"t{n}", "xyz"[n % 3]) for n in range(2000)], prices, ["t"] * 2000)
    Missing().apply(rows, told)
    assert len(told.findings) == 1


def test_association_is_that_of_scipy():
    counts = np.array([[30, 5, 12], [40, 60, 33]])
    strength, chance = association(counts.astype(float))
    result = scipy.stats.chi2_contingency(counts, correction=False)
    assert chance == pytest.approx(result.pvalue)
    assert strength == pytest.approx(scipy.stats.contingency.association(counts, method="cramer"))
