"""Ten thousand rows of real texts with planted faults, through the whole default preparation."""

from __future__ import annotations

import pytest
from benchmarks.planted import clean_changed, measure, prepared_of
from benchmarks.planting import plant
from tests.public import FOLDER, needs_data

LEAST = {
    "exact duplicates found": 1.0,
    "near copies found": 0.95,
    "near copies, precision": 0.98,
    "contamination found, exact": 1.0,
    "contamination found, edited": 0.95,
    "flipped labels in the first 15%": 0.7,
    "personal data found": 0.95,
    "personal data, precision": 0.95,
}


@pytest.fixture(scope="module")
def planted():
    return plant(FOLDER)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("planted")


@pytest.fixture(scope="module")
def found(planted, folder):
    return measure(planted, prepared_of(planted, folder))


@needs_data
@pytest.mark.parametrize("what", LEAST)
def test_planted_faults_are_found(found, what):
    assert found[what] >= LEAST[what]


@needs_data
def test_the_rows_are_ten_thousand(planted):
    assert len(planted.rows) >= 10_000


@pytest.mark.slow
@needs_data
def test_one_worker_or_two_give_the_same_bytes(planted, found, folder, tmp_path):
    prepared_of(planted, tmp_path, workers=1)
    first, again = folder / "out", tmp_path / "out"
    names = sorted(path.name for path in first.iterdir())
    assert names == sorted(path.name for path in again.iterdir())
    for name in names:
        assert (first / name).read_bytes() == (again / name).read_bytes(), name


@needs_data
def test_clean_rows_are_left_alone(tmp_path):
    assert clean_changed(tmp_path) < 0.005
