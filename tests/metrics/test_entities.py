"""Entities are conlleval's, written down here once more from its tables of borders."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk
from tests.metrics.draws import CLOSE, QUICK, assert_sound

from luthier.core.errors import DataError, ModelError
from luthier.metrics import Tagged, measure_entities, measure_tags, mentions

Case = tuple[list[list[str]], list[list[str]]]
THOUSAND = settings(max_examples=1000, deadline=None)

ENDS = {
    a + b
    for a, after in {"B": "BSO", "I": "BSO", "E": "BIESO", "S": "BIESO"}.items()
    for b in after
}
BEGINS = {
    a + b
    for b, before in {"B": "BIESO", "S": "BIESO", "I": "ESO", "E": "ESO"}.items()
    for a in before
}
"""Letters of a word and of the next between which an entity ends, or begins, whatever the types."""


def borders(tags: list[str]) -> set[tuple[str, int, int]]:
    """(type, first word, last word) of every entity."""
    cells = [(tag[0], tag[2:]) for tag in ["O", *tags, "O"]]
    found, start = set(), 0
    for place, ((before, was), (letter, kind)) in enumerate(pairwise(cells)):
        other = was != kind
        if before != "O" and (before + letter in ENDS or other):
            found.add((was, start, place - 1))
        if letter != "O" and (before + letter in BEGINS or other):
            start = place
    return found


def share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def scores(truth: set[Any], said: set[Any]) -> tuple[float, float, float]:
    """Precision, recall and F1."""
    right = len(truth & said)
    precision, recall = share(right, len(said)), share(right, len(truth))
    return precision, recall, share(2 * right, len(said) + len(truth))


@st.composite
def tagged(draw: st.DrawFn, letters: str = "BIES") -> Case:
    """Tags of any letters in any order, true ones and others that often agree."""
    marked = [f"{letter}-{kind}" for letter in letters for kind in ("PER", "LOC")]
    tags = dict(enumerate(["O", *marked]))
    signs = "".join(map(str, tags))
    truth = draw(st.text(f"|{signs}", max_size=24))
    said = draw(st.text(f"====={signs}", min_size=len(truth), max_size=len(truth)))
    pairs = zip(truth, said, strict=True)
    answers = "".join(true if given == "=" or true == "|" else given for true, given in pairs)
    first, second = (
        [[tags[int(sign)] for sign in row] for row in f"{signed}|0".split("|")]
        for signed in (truth, answers)
    )
    return first, second


def answered(tags: list[str], chance: float = 1.0) -> Tagged:
    return Tagged(tags, [chance] * len(tags), [chance] * len(mentions(tags)))


def everywhere(rows: list[list[str]], kind: str = "") -> set[Any]:
    """The entities of all rows, or of one type."""
    found = {(n, *one) for n, tags in enumerate(rows) for one in borders(tags)}
    return {one for one in found if kind in ("", one[1])}


@THOUSAND
@given(tagged())
def test_precision_recall_and_f1_are_those_of_conlleval(case: Case) -> None:
    truth, said = case
    measures = measure_entities(truth, [answered(tags) for tags in said], resamples=0)
    found = measures.values()
    expected = scores(everywhere(truth), everywhere(said))
    assert [found[name] for name in ("precision", "recall", "f1")] == pytest.approx(
        expected, abs=CLOSE
    )
    for row in measures.per_class:
        kind = row["label"]
        own = scores(everywhere(truth, kind), everywhere(said, kind))
        assert (row["precision"], row["recall"], row["f1"]["value"]) == pytest.approx(own)
        assert row["support"] == len(everywhere(truth, kind))
    pairs = [p for rows in zip(truth, said, strict=True) for p in zip(*rows, strict=True)]
    right = share(sum(a == b for a, b in pairs), len(pairs))
    assert found["accuracy"] == pytest.approx(right, abs=CLOSE)


@QUICK
@given(tagged())
def test_mentions_are_the_entities_of_conlleval_in_order(case: Case) -> None:
    for tags in (*case[0], *case[1]):
        found = mentions(tags)
        assert found == sorted(found)
        assert {(kind, start, end - 1) for start, end, kind in found} == borders(tags)


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("B-PER L-PER U-LOC", [(0, 2, "PER"), (2, 3, "LOC")]),
        ("B-ORG M-ORG E-ORG S-ORG", [(0, 3, "ORG"), (3, 4, "ORG")]),
        ("I-PER I-PER B-PER O I-LOC", [(0, 2, "PER"), (2, 3, "PER"), (4, 5, "LOC")]),
        ("B I O B B", [(0, 2, "_"), (3, 4, "_"), (4, 5, "_")]),
        ("B-work-of-art I-work-of-art", [(0, 2, "work-of-art")]),
    ],
)
def test_every_scheme_is_read(tags: str, expected: list[Any]) -> None:
    assert mentions(tags.split()) == expected


@QUICK
@given(tagged("B").filter(lambda case: len({tag for tags in case[0] for tag in tags}) > 1))
def test_tags_are_measured_as_by_scikit_learn(case: Case) -> None:
    truth, said = case
    flat, given_tags = ([tag for tags in rows for tag in tags] for rows in case)
    measures = measure_tags(truth, [answered(tags) for tags in said], resamples=0)
    found = measures.values()
    assert found["accuracy"] == pytest.approx(sk.accuracy_score(flat, given_tags), abs=CLOSE)
    f1 = sk.f1_score(flat, given_tags, average="macro", zero_division=0)
    assert found["f1_macro"] == pytest.approx(f1, abs=CLOSE)
    whole = np.mean([a == b for a, b in zip(truth, said, strict=True)])
    assert found["complete_match"] == pytest.approx(whole, abs=CLOSE)
    labels = [row["label"] for row in measures.per_class]
    assert measures.confusion == sk.confusion_matrix(flat, given_tags, labels=labels).tolist()


@QUICK
@given(tagged(), st.floats(0, 1))
def test_whatever_the_tags_everything_is_finite_and_within_bounds(
    case: Case, chance: float
) -> None:
    truth, said = case
    for measure in (measure_entities, measure_tags):
        measures = measure(truth, [answered(tags, chance) for tags in said], resamples=20)
        assert_sound(measures)
        assert all(-CLOSE <= value <= 1 + CLOSE for value in measures.values().values())


def test_calibration_is_that_of_entities_or_of_words() -> None:
    truth, tags = [["B-PER", "O", "B-LOC"]], ["B-PER", "O", "B-PER"]
    said = [Tagged(tags, [0.9, 0.9, 0.9], [0.7, 0.7])]
    assert measure_entities(truth, said, resamples=0).values()["ece"] == pytest.approx(0.2)
    assert measure_tags(truth, said, resamples=0).values()["ece"] == pytest.approx(0.9 - 2 / 3)


def test_gains_are_over_no_entities_and_over_the_usual_tag() -> None:
    truth = [["B-PER", "O"], ["O", "O"]]
    said = [answered(tags) for tags in truth]
    found = measure_entities(truth, said, resamples=50).gains
    assert found["f1"].value == 1.0
    assert found["accuracy"].value == pytest.approx(0.25)
    assert measure_tags(truth, said, resamples=50).gains["accuracy"].value == pytest.approx(0.25)


def test_intervals_are_over_sentences() -> None:
    truth = [["B-PER"] * 50, ["B-LOC"] * 50]
    said = [answered(["B-PER"] * 50)] * 2
    found = measure_entities(truth, said, resamples=200).metrics["recall"]
    assert (found.low, found.value, found.high) == (0.0, 0.5, 1.0)


def test_rows_must_have_the_same_words() -> None:
    with pytest.raises(ValueError, match="same words"):
        measure_entities([["O", "O"], ["O"]], [answered(["O"]), answered(["O", "O"])])


def test_nothing_is_refused_and_so_are_chances_that_are_no_numbers() -> None:
    for measure in (measure_entities, measure_tags):
        with pytest.raises(DataError, match="no rows"):
            measure([], [])
        with pytest.raises(ModelError, match="not a number"):
            measure([["O"]], [answered(["O"], float("nan"))])
