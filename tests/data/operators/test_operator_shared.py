"""Texts that several splits have."""

from __future__ import annotations

import pytest
from tests.data.making import context, reasons, table

from luthier.data.operators.shared import Shared
from luthier.data.roles import SPLIT


@pytest.mark.parametrize(
    ("splits", "kept"),
    [
        (["train", "test"], ["test"]),
        (["train", "validation"], ["validation"]),
        (["test", "validation"], ["test"]),
        (["train", "validation", "test"], ["test"]),
        (["train", "train"], ["train", "train"]),
        (["test", "test"], ["test", "test"]),
    ],
)
def test_a_text_stays_in_the_latest_split(splits, kept):
    rows = table([("a", f"label {n}") for n in range(len(splits))], splits)
    assert Shared().apply(rows, context())[SPLIT].to_list() == kept


def test_the_ledger_says_where_the_text_is_too():
    told = context()
    Shared().apply(
        table([("a", "x"), ("b", "x"), ("b", "x")], ["train", "validation", "test"]), told
    )
    assert reasons(told) == {1: "its text is in test too"}
