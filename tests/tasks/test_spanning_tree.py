"""The best tree is the best of all trees, has one root, and comes in a blink."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from luthier.data.formats.trees import is_tree
from luthier.tasks.parsing.spanning_tree import best_tree

Scores = NDArray[np.float64]


def total(scores: Scores, heads: NDArray[np.int64]) -> Scores:
    """What trees (..., words) are worth."""
    found: Scores = scores[np.arange(len(scores)), heads].sum(-1)
    return found


def every_tree(count: int) -> Iterator[NDArray[np.int64]]:
    """All trees over so many words in which one hangs on the root."""
    for heads in product(range(count + 1), repeat=count):
        if heads.count(0) == 1 and is_tree(heads):
            yield np.array(heads)


TREES = {count: np.array(list(every_tree(count))) for count in range(1, 6)}


def test_there_are_as_many_trees_as_cayley_says() -> None:
    assert {count: len(found) for count, found in TREES.items()} == {
        count: count ** (count - 1) for count in TREES
    }


@st.composite
def tables(draw: st.DrawFn) -> Scores:
    """Scores of up to five words: few whole numbers, so that they tie, or log probabilities."""
    count = draw(st.integers(1, 5))
    cell = draw(st.sampled_from((st.integers(-2, 2), st.floats(-700, 0), st.floats(-1e-3, 0))))
    cells = draw(st.lists(cell, min_size=count * (count + 1), max_size=count * (count + 1)))
    return np.array(cells, dtype=np.float64).reshape(count, count + 1)


@settings(max_examples=1000, deadline=None)
@given(scores=tables())
def test_no_tree_is_better(scores: Scores) -> None:
    heads = best_tree(scores)
    assert (heads == 0).sum() == 1
    assert is_tree(heads.tolist())
    best = total(scores, TREES[len(scores)]).max()
    assert total(scores, heads) == pytest.approx(best, abs=1e-9)


def test_greedy_heads_that_make_a_cycle_are_mended() -> None:
    # John saw Mary (McDonald et al. 2005): each verb argument wants the verb, and it one of them.
    scores = np.array([[9.0, -9, 30, 11], [10, 20, -9, 0], [9, 3, 30, -9]])
    assert best_tree(scores).tolist() == [2, 0, 2]


def test_one_word_hangs_on_the_root_however_much_others_want_to() -> None:
    scores = np.full((4, 5), -50.0)
    scores[:, 0] = (-1, -2, -1.5, -3)
    heads = best_tree(scores)
    assert (heads == 0).sum() == 1
    assert heads[0] == 0


def test_a_word_is_never_its_own_head() -> None:
    scores = np.zeros((6, 7))
    scores[np.arange(6), np.arange(1, 7)] = 99
    assert is_tree(best_tree(scores).tolist())


@given(count=st.integers(1, 60), seed=st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_a_planted_tree_is_found_in_long_sentences(count: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    order = random.permutation(count) + 1
    heads = np.zeros(count, dtype=np.int64)
    for place in range(1, count):
        heads[order[place] - 1] = random.choice(order[:place])
    scores = random.uniform(-5, 0, (count, count + 1))
    scores[np.arange(count), heads] += 6
    assert best_tree(scores).tolist() == heads.tolist()


def test_two_thousand_sentences_of_pure_noise_take_seconds() -> None:
    random = np.random.default_rng(0)
    tables = [random.normal(size=(n, n + 1)) for n in random.integers(1, 40, 2000)]
    started = time.process_time()
    found = [best_tree(scores) for scores in tables]
    assert time.process_time() - started < 20
    assert all((heads == 0).sum() == 1 for heads in found)


def test_no_words_have_no_heads() -> None:
    assert best_tree(np.zeros((0, 1))).tolist() == []
