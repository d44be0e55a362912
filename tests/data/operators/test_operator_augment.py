"""New rows for train: how many, of what, and what is said of them."""

from __future__ import annotations

import polars as pl
import pytest
from tests.conftest import table as sentences
from tests.data.making import LABELS, context, table

from luthier.core.errors import DataError
from luthier.data.ledger import Ledger
from luthier.data.operator import Context
from luthier.data.operators.augment import Augment
from luthier.data.roles import ADDED, ROW, SOURCE, SPLIT, Role
from luthier.data.shingles import normalise

DIVIDED = ["train"] * 160 + ["validation"] * 60 + ["test"] * 20


@pytest.fixture
def rows():
    """240 sentences, divided."""
    return table(sentences(240), DIVIDED)


def added(rows):
    return rows.filter(pl.col(ADDED) == "augment")


def apply(rows, told=None, **settings):
    told = told or context()
    return Augment(**settings).apply_divided(rows, told), told


@pytest.mark.parametrize("share", [0.25, 1.0, 2.0])
def test_the_share_says_how_many_new_rows_there_are(rows, share):
    after, told = apply(rows, share=share)
    made = len(added(after))
    assert made <= 2 * 160
    assert abs(made - share * 160) <= 25
    assert len(after) == len(rows) + made
    assert told.ledger.counts(["augment"])["augment"]["added"] == made


def test_only_train_grows_and_nothing_else_changes(rows):
    after, _ = apply(rows, share=1.0)
    assert set(added(after)[SPLIT]) == {"train"}
    assert after.head(len(rows)).drop(ADDED).equals(rows)


def test_every_new_row_has_the_label_of_its_original_and_stands_in_the_ledger(rows):
    after, told = apply(rows, share=1.0)
    pairs = added(after).join(rows.select(ROW, "label", was="text"), on=ROW)
    assert (pairs["label"] == pairs["label_right"]).all()
    assert (pairs["text"] != pairs["was"]).all()
    entries = told.ledger.table().sort("row")
    assert set(entries["action"]) == {"added"}
    assert sorted(entries["before"]) == sorted(pairs["was"])
    assert sorted(entries["after"]) == sorted(pairs["text"])


def test_no_new_row_says_what_validation_or_test_says():
    # One word apart: taking a word away would make train's row one of the test.
    pairs = [(f"oil price rose again today number {n} up", "a") for n in range(80)]
    short = [(text.rpartition(" ")[0].upper(), label) for text, label in pairs]
    rows = table([*pairs, *short, ("x y", "b")], ["train"] * 80 + ["test"] * 80 + ["train"])
    after, _ = apply(rows, share=4.0, methods=["delete", "case"])
    held_out = set(normalise(rows.filter(pl.col(SPLIT) == "test")["text"]))
    assert len(added(after)) > 100
    assert not held_out & set(normalise(added(after)["text"]))
    assert after["text"].n_unique() == len(after)


def test_the_order_of_rows_does_not_matter(rows):
    first, _ = apply(rows, share=1.0)
    shuffled = rows.sample(fraction=1, shuffle=True, seed=3)
    second, _ = apply(shuffled, share=1.0)
    keys = [SOURCE, ROW, "text"]
    assert added(first).sort(keys).equals(added(second).sort(keys))


def test_threads_do_not_matter(rows):
    first, one = apply(rows, context(workers=1), share=1.0)
    second, two = apply(rows, context(workers=2), share=1.0)
    assert first.equals(second)
    assert one.ledger.table().equals(two.ledger.table())
    assert one.measured == two.measured


def test_another_seed_makes_other_rows(rows):
    first, _ = apply(rows, share=1.0)
    other, _ = apply(rows, context(seed=1), share=1.0)
    assert set(added(first)["text"]) != set(added(other)["text"])


def test_only_the_labels_that_were_named_grow(rows):
    after, _ = apply(rows, share=1.0, labels=["neutral"])
    assert set(added(after)["label"]) == {"neutral"}


def test_rows_of_several_labels_grow_too():
    cells = [(text, None) for text, _ in sentences(40)]
    rows = table(cells).with_columns(
        label=pl.Series([["x", "y"], ["x"]] * 20, dtype=pl.List(pl.String))
    )
    after, told = apply(rows, context(LABELS), share=1.0, labels=["y"])
    assert set(added(after)["label"].list.join("+")) == {"x+y"}
    assert told.findings == []


def test_a_linear_model_judges_the_new_rows(rows):
    _, told = apply(rows, share=1.0)
    (finding,) = told.findings
    fields = finding.fields
    assert fields["asked"] == 60
    assert fields["made"] == told.ledger.counts(["augment"])["augment"]["added"]
    assert 0.5 < fields["without"] <= 1
    assert fields["low"] <= fields["gain"] <= fields["high"]
    assert finding.to_json()["text"]["zh"].startswith("数据增强新增")


def test_new_rows_that_hurt_are_advised_against(rows):
    turned = {"positive": "negative", "negative": "neutral", "neutral": "positive"}
    train = rows.filter(pl.col(SPLIT) == "train")
    wrong = train.with_columns(pl.col("label").replace(turned), pl.lit("augment").alias(ADDED))
    many = pl.concat([rows.with_columns(pl.lit(None, pl.String).alias(ADDED)), *[wrong] * 3])
    told = context()
    Augment()._judge(many, 480, told)
    (finding,) = told.findings
    assert finding.fix == "data.steps.augment=false"
    assert finding.fields["high"] < 0


TAGGED = (Role("tokens", "tokens"), Role("tags", "tags"))


def tagged(count):
    names = ["Ann", "Bo", "Cy", "Di"]
    return pl.DataFrame({
        "tokens": [[names[n % 4], "met", names[(n + 1) % 4], str(n)] for n in range(count)],
        "tags": [["B-PER", "O", "B-PER", "O"]] * count,
        SOURCE: ["s"] * count, ROW: range(count), SPLIT: ["train"] * count,
    })  # fmt: skip


def test_tagged_tokens_get_other_mentions():
    told = Context(TAGGED, Ledger())
    after, _ = apply(tagged(30), told, share=1.0)
    new = added(after)
    assert len(new) > 20
    assert set(new["tags"].list.join(" ")) == {"B-PER O B-PER O"}
    assert new["tokens"].list.get(1).to_list() == ["met"] * len(new)


@pytest.mark.parametrize(
    ("told", "settings", "says"),
    [
        (context(), {"methods": ["mentions"]}, "does not serve rows of this kind"),
        (context(), {"methods": ["synonyms"]}, "asks a base"),
        (Context((Role("text", "text"),), Ledger()), {}, "nothing to augment"),
    ],
)
def test_what_cannot_be_done_is_said(rows, told, settings, says):
    with pytest.raises(DataError, match=says) as caught:
        Augment(**settings).apply_divided(rows, told)
    assert caught.value.hint
