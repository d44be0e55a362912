"""The best tags and their chances are those of going through every sequence that is allowed."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from luthier.data.schemes import Scheme, breaks, tags_of
from luthier.metrics import mentions
from luthier.tasks.tagging.paths import Rules, tagged

QUICK = settings(max_examples=40, deadline=None)


@st.composite
def chances(draw: st.DrawFn, tags: int, most: int) -> np.ndarray:
    """(words, tags) of few values, some 0."""
    words = draw(st.integers(1, most))
    row = st.lists(st.integers(0, 6), min_size=tags, max_size=tags).filter(any)
    drawn = np.array(draw(st.lists(row, min_size=words, max_size=words)), dtype=np.float64)
    # No two sequences are equally likely.
    drawn += np.arange(drawn.size).reshape(drawn.shape) ** 1.5 / 1e4
    return drawn / drawn.sum(1, keepdims=True)


@pytest.mark.parametrize(("scheme", "most"), [("IO", 4), ("BIO", 4), ("BIOES", 3)])
@QUICK
@given(data=st.data())
def test_they_are_exact(scheme: Scheme, most: int, data: st.DataObject) -> None:
    labels = tags_of(["A", "B"], scheme)
    given_chances = data.draw(chances(len(labels), most))
    found = tagged(given_chances, Rules.of(labels, scheme), entities=True)
    every = {}
    for path in product(range(len(labels)), repeat=len(given_chances)):
        tags = tuple(labels[tag] for tag in path)
        if not breaks(tags, scheme):
            every[tags] = float(given_chances[range(len(path)), list(path)].prod())
    total = sum(every.values())
    assert every[tuple(found.tags)] == pytest.approx(max(every.values()))
    for word, chance in enumerate(found.probabilities):
        same = sum(p for tags, p in every.items() if tags[word] == found.tags[word])
        assert chance == pytest.approx(same / total, abs=1e-9)
    for one, chance in zip(mentions(found.tags), found.mentioned, strict=True):
        same = sum(p for tags, p in every.items() if one in mentions(tags))
        assert chance == pytest.approx(same / total, abs=1e-9)


def test_without_a_scheme_each_word_has_its_likeliest_tag() -> None:
    found = tagged(
        np.array([[0.2, 0.8], [0.6, 0.4]]), Rules.of(["DET", "NOUN"], None), entities=False
    )
    assert (found.tags, found.probabilities) == (["NOUN", "DET"], [0.8, 0.6])


def test_a_sentence_that_nothing_fits_has_legal_tags_all_the_same() -> None:
    labels = tags_of(["A"], "BIOES")
    certain = np.eye(len(labels))[[labels.index("E-A"), labels.index("B-A")]]
    found = tagged(certain, Rules.of(labels, "BIOES"), entities=True)
    assert not breaks(found.tags, "BIOES")
    assert np.isfinite(found.probabilities).all()


def test_no_words_have_no_tags_and_chances_that_are_no_numbers_stay_so() -> None:
    rules = Rules.of(["O", "I-A"], "IO")
    assert tagged(np.empty((0, 2)), rules, entities=True).tags == []
    assert np.isnan(tagged(np.full((2, 2), np.nan), rules, entities=True).probabilities).all()
