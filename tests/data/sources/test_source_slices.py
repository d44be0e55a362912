"""Slices: a part of any source, by place, by share or by chance; rows keep their places."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import table, write_csv
from tests.data.making import assert_helpful

from luthier.core.errors import DataError
from luthier.data.prepare import prepare
from luthier.data.sources import locate, moved, read_source, sliced, title
from luthier.data.sources.slices import Slice
from luthier.recipe.schema import Data

NUMBERS = st.integers(-30, 30) | st.none()
COUNTS = st.integers(0, 25)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("slices")
    write_csv(place / "news.csv", table(40), ("text", "label"))
    return place


def places(inside: str, count: int, seed: int = 0) -> list[int]:
    found = Slice.of(inside, seed)
    assert found is not None
    return found.places(count).to_list()


@settings(deadline=None)
@given(first=NUMBERS, last=NUMBERS, count=COUNTS)
def test_numbers_cut_as_python_does(first, last, count):
    text = f"{'' if first is None else first}:{'' if last is None else last}"
    if text != ":":
        assert places(text, count) == list(range(count))[first:last]


@settings(deadline=None)
@given(share=st.floats(0, 100).map(lambda share: round(share, 2)), count=COUNTS)
def test_shares_next_to_each_other_are_all_rows_once(share, count):
    together = places(f":{share}%", count) + places(f"{share}%:", count)
    assert together == list(range(count))
    assert len(places(f"~{share}%", count)) == len(places(f":{share}%", count))


@settings(deadline=None)
@given(wanted=st.integers(0, 40), count=COUNTS, seed=st.integers(0, 5))
def test_chance_takes_different_rows_in_order_and_by_the_seed(wanted, count, seed):
    found = places(f"~{wanted}", count, seed)
    assert len(set(found)) == min(wanted, count)
    assert found == sorted(found)
    assert set(found) <= set(range(count))
    assert found == places(f"~{wanted}", count, seed)


def test_another_seed_takes_other_rows():
    assert places("~10", 1000, seed=1) != places("~10", 1000, seed=2)


@settings(deadline=None)
@given(last=NUMBERS, first=NUMBERS, count=COUNTS)
def test_no_row_is_meant_beyond_the_most(first, last, count):
    found = Slice.of(f"{'' if first is None else first}:{'' if last is None else last}")
    if found is not None and found.most is not None:
        assert found.places(min(count, found.most)).to_list() == found.places(count).to_list()


@pytest.mark.parametrize("inside", ["", ":", "3", "a:b", "1:2:3", "~", "~-3", "10", "1.5:3", "%:"])
def test_what_says_no_rows_is_no_slice(inside):
    assert Slice.of(inside) is None


def test_a_row_is_known_by_its_index_in_the_source(folder):
    whole = read_source("news.csv", base_dir=folder)
    part = read_source("news.csv[10:13]", base_dir=folder)
    assert part.rows.equals(whole.rows[10:13])
    assert part.places.to_list() == [10, 11, 12]
    assert (part.name, part.sha256) == (whole.name, whole.sha256)


@pytest.mark.parametrize("cut", ["[20:]", "[~20]", "[50%:]"])
def test_the_index_is_kept_through_preparation(folder, cut):
    prepared = prepare(Data(train=f"news.csv{cut}"), base_dir=folder)
    whole = read_source("news.csv", base_dir=folder).rows
    (entry,) = prepared.card["sources"]
    assert (entry["source"], entry["slice"], entry["rows"]) == ("news.csv", cut, 20)
    for rows in prepared.splits.values():
        for text, source, row in rows.select("text", "_source", "_row").iter_rows():
            assert whole["text"][row] == text
            assert source == "news.csv"


def test_chance_goes_by_the_seed_of_the_split(folder):
    found = [
        prepare(Data(train="news.csv[~15]", split={"seed": seed}), base_dir=folder).splits
        for seed in (1, 1, 2)
    ]
    kept = [{row for rows in splits.values() for row in rows["_row"]} for splits in found]
    assert kept[0] == kept[1] != kept[2]


def test_two_slices_of_one_file_are_train_and_test(folder):
    data = Data(train="news.csv[:75%]", test="news.csv[75%:]", split={"validation": 0.2})
    prepared = prepare(data, base_dir=folder)
    assert set(prepared.splits["test"]["_row"]) == set(range(30, 40))
    assert set(prepared.splits["train"]["_row"]) < set(range(30))


@pytest.mark.parametrize(("spec", "says"), [
    ("news.csv[100:]", "has no rows: the source has 40"), ("news.csv[first]", "[:1000]"),
    ("news.csv[~0]", "has no rows"), ("nws.csv[:3]", "Did you mean 'news.csv'"),
])  # fmt: skip
def test_a_slice_that_makes_no_sense_is_refused(folder, spec, says):
    with pytest.raises(DataError) as caught:
        read_source(spec, base_dir=folder)
    assert says in caught.value.render()
    assert_helpful(caught.value, "news.csv" if spec.startswith("news") else str(folder))


def test_a_file_of_such_a_name_is_that_file(folder):
    write_csv(folder / "a[:2].csv", table(4), ("text", "label"))
    assert len(read_source("a[:2].csv", base_dir=folder).rows) == 4
    assert len(read_source("a[:2].csv[:1]", base_dir=folder).rows) == 1
    assert sliced("a[:2].csv", folder) == ("a[:2].csv", None)


def test_a_slice_stays_with_its_source(tmp_path, folder):
    assert locate("news.csv[:3]", folder) == (folder / "news.csv", None)
    assert moved("news.csv[:3]", tmp_path, tmp_path / "sub") == "../news.csv[:3]"
    assert title("news.csv[:3]") == "news"


def test_own_test_rows_of_a_data_set_are_not_cut(tmp_path):
    for split, count in (("train", 30), ("test", 12)):
        write_csv(tmp_path / f"{split}.csv", table(count, len(split)), ("text", "label"))
    prepared = prepare(Data(train=f"../{tmp_path.name}[:20]"), base_dir=tmp_path)
    rows = {entry["split"]: entry["rows"] for entry in prepared.card["sources"]}
    assert rows == {"train": 20, "test": 12}
