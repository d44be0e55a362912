"""Upper and lower case."""

from __future__ import annotations

from tests.data.making import context, table

from luthier.data.operators.casing import Casing
from luthier.data.steps import steps_for


def test_texts_are_in_lower_case_when_asked():
    rows, told = table([("Ärger in NEW York", "X"), ("好", "Y")]), context()
    assert Casing().apply(rows, told)["text"].to_list() == ["ärger in new york", "好"]
    assert told.ledger.table()["row"].to_list() == [0]
    assert Casing(action="none").apply(rows, context()).equals(rows)


def test_no_profile_does_it_unasked():
    assert "casing" not in {step.kind for step in steps_for()}
