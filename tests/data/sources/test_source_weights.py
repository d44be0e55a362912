"""Weights: rows of train repeated or left out, after the division, each in the ledger."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import table, write_csv
from tests.data.making import context

from luthier.core.errors import LuthierError
from luthier.data.prepare import prepare
from luthier.data.roles import ADDED, ROW, SOURCE, SPLIT, WEIGHT
from luthier.data.weights import weighed
from luthier.recipe.load import load_recipe
from luthier.recipe.schema import Data

OFF = {"near_duplicates": False, "label_noise": False, "drift": False, "leakage": False}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_csv(tmp_path / "own.csv", table(60, 1), ("text", "label"))
    write_csv(tmp_path / "bought.csv", table(60, 2), ("text", "label"))
    return tmp_path


def prepared(folder: Path, weight: float, **more):
    train = ["own.csv", {"source": "bought.csv", "weight": weight}]
    return prepare(Data(train=train, steps=OFF, **more), base_dir=folder)


def counts(rows: pl.DataFrame) -> dict[int, int]:
    mine = rows.filter(pl.col(SOURCE) == "bought.csv")
    return dict(mine.group_by(ROW).len().iter_rows())


@pytest.mark.parametrize("weight", [0.25, 0.5, 1.5, 3])
def test_only_train_is_weighed_and_each_row_is_told(folder, weight):
    plain, heavy = prepared(folder, 1), prepared(folder, weight)
    for split in ("validation", "test"):
        assert heavy.splits[split].drop(ADDED, strict=False).equals(plain.splits[split])
    before, after = counts(plain.splits["train"]), counts(heavy.splits["train"])
    assert sum(after.values()) == round(weight * len(before))
    assert set(after.values()) <= {int(weight), int(weight) + 1}
    entries = heavy.ledger.filter(operator="weight")
    assert set(entries["action"]) == {"added" if weight > 1 else "dropped"}
    assert set(entries["source"]) == {"bought.csv"}
    assert set(entries["reason"]) == {f"weight {float(weight)} of its source"}
    assert len(entries) == abs(sum(after.values()) - len(before))
    told = heavy.card["operators"]["weight"]
    assert told["added"] + told["dropped"] == len(entries)
    assert len(heavy.quarantine) == len(plain.quarantine)


def test_repetitions_are_marked_and_stand_behind(folder):
    train = prepared(folder, 2).splits["train"]
    added = train[ADDED].is_not_null()
    assert set(train.filter(added)[ADDED]) == {"weight"}
    assert added.to_list() == sorted(added.to_list())
    assert WEIGHT not in train.columns


def test_other_sources_are_as_they_were(folder):
    def own(rows: pl.DataFrame) -> list[int]:
        return rows.filter(pl.col(SOURCE) == "own.csv")[ROW].to_list()

    plain, light = (prepared(folder, weight).splits["train"] for weight in (1, 0.5))
    assert own(light) == own(plain)


def test_repeated_rows_are_no_duplicates(folder):
    whole = prepare(
        Data(train={"source": "own.csv", "weight": 4}, split={"validation": 0, "test": 0.5}),
        base_dir=folder,
    )
    assert whole.card["operators"]["duplicates"]["dropped"] == 0
    assert len(whole.splits["train"]) == 4 * whole.splits["train"][ROW].n_unique()
    assert not set(whole.splits["train"][ROW]) & set(whole.splits["test"][ROW])


def test_the_same_seed_leaves_out_the_same_rows(folder):
    halves = [counts(prepared(folder, 0.5, split={"seed": seed}).splits["train"])
              for seed in (3, 3)]  # fmt: skip
    assert halves[0] == halves[1]


@settings(deadline=None, max_examples=60)
@given(
    weights=st.dictionaries(st.sampled_from("abc"), st.floats(0.1, 9), min_size=1),
    rows=st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["train", "test"]))),
)
def test_any_weights_give_so_many_rows(weights, rows):
    frame = pl.DataFrame(
        {
            "text": [str(n) for n in range(len(rows))], ROW: range(len(rows)),
            SOURCE: [source for source, _ in rows], SPLIT: [split for _, split in rows],
            WEIGHT: [weights.get(source) for source, _ in rows],
        },
        schema={"text": pl.String, ROW: pl.Int64, SOURCE: pl.String, SPLIT: pl.String,
                WEIGHT: pl.Float64},
    )  # fmt: skip
    told = context()
    after = weighed(frame, told)
    for source in "abc":
        for split in ("train", "test"):
            count = sum(row == (source, split) for row in rows)
            weight = weights.get(source, 1) if split == "train" else 1
            wanted = max(1, round(weight * count)) if count else 0
            assert (
                len(after.filter((pl.col(SOURCE) == source) & (pl.col(SPLIT) == split))) == wanted
            )
    actions = dict(told.ledger.table().group_by("action").len().iter_rows())
    assert len(frame) + actions.get("added", 0) - actions.get("dropped", 0) == len(after)


@pytest.mark.parametrize("weight", [0, -1, 101, "much"])
def test_a_weight_out_of_bounds_is_refused_by_its_place(weight):
    recipe = {"data": {"train": [{"source": "own.csv", "weight": weight}]}}
    with pytest.raises(LuthierError, match="weight"):
        load_recipe(recipe, data_alone=True)


def test_settings_of_one_source_do_not_touch_another(folder):
    (folder / "old.csv").write_bytes(
        "评论;类别\n".encode("gb18030")
        + b"".join(f"第{n}天送到，{'很好' if n % 2 else '很差'};{'好' if n % 2 else '差'}\n"
                   .encode("gb18030") for n in range(30))
    )  # fmt: skip
    old = {"source": "old.csv", "encoding": "gb18030", "delimiter": ";",
           "columns": {"text": "评论", "label": "类别"}}  # fmt: skip
    both = prepare(Data(train=["own.csv", old], steps=OFF), base_dir=folder)
    assert both.card["columns"]["old.csv"] == {"text": "评论", "label": "类别"}
    texts = pl.concat(rows.select("text", SOURCE) for rows in both.splits.values())
    assert texts.filter(pl.col(SOURCE) == "old.csv")["text"].str.starts_with("第").all()
