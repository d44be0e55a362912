from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luthier.core.names import nearest

KEYS = ["epochs", "batch_size", "learning_rate", "warmup", "MiniLM"]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("epoch", "epochs"),
        ("batchsize", "batch_size"),
        ("learning-rate", "learning_rate"),
        ("wramup", "warmup"),
    ],
)
def test_slips_find_the_name_that_was_meant(written: str, meant: str) -> None:
    assert nearest(written, KEYS) == meant


def test_case_does_not_count_and_the_known_spelling_is_returned() -> None:
    assert nearest("MINILM", KEYS) == "MiniLM"


@pytest.mark.parametrize("written", ["", "zzz", "温度"])
def test_nothing_close_is_none(written: str) -> None:
    assert nearest(written, KEYS) is None


def test_nothing_known_is_none() -> None:
    assert nearest("epochs", []) is None


def test_the_closest_of_several_close_names_wins() -> None:
    assert nearest("f1_macr", ["f1_micro", "f1_macro", "f1_weighted"]) == "f1_macro"


def test_known_names_may_be_given_once_only() -> None:
    assert nearest("epoch", iter(KEYS)) == "epochs"


@given(st.lists(st.text(min_size=1), min_size=1, unique_by=str.casefold), st.data())
def test_a_known_name_is_nearest_to_itself(known: list[str], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(known))
    assert nearest(name, known) == name


@given(st.text(), st.lists(st.text()))
def test_an_answer_is_always_one_of_the_known_names(name: str, known: list[str]) -> None:
    assert nearest(name, known) in {*known, None}
