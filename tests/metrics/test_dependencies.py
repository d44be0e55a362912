"""Attachment scores are those of the evaluation of the CoNLL 2018 shared task."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.metrics.draws import CLOSE, QUICK, assert_sound

from luthier.core.errors import DataError
from luthier.metrics import DEPENDENCIES, Tree, best_chain, measure_dependencies
from luthier.metrics.dependencies import CONTENT

RELATIONS = ("nsubj", "nsubj:pass", "obj", "det", "punct", "case", "root", "aux:pass", "nmod:poss")

Pair = tuple[list[Tree], list[Tree]]
Word = tuple[int, str]


CHOICES = (9, 7, 7, len(RELATIONS), len(RELATIONS), 4)
"""How many there are of what is drawn of a word: see :func:`parsed`."""

SENTENCES = st.lists(st.lists(st.integers(0, math.prod(CHOICES) - 1), min_size=1, max_size=6),
                     min_size=1, max_size=4)  # fmt: skip
"""A number says all of a word, which is drawn far faster than one thing after the other."""


@st.composite
def parsed(draw: st.DrawFn) -> Pair:
    """True trees and answers that agree in part; of some words nothing is said."""
    truth, answers = [], []
    for numbers in draw(SENTENCES):
        gold, said, chances = [], [], []
        for chance, *heads, true, other, how in np.stack(np.unravel_index(numbers, CHOICES), 1):
            right, wrong = (int(head) % (len(numbers) + 1) for head in heads)
            gold.append((right, RELATIONS[true]))
            said.append(
                [gold[-1], (wrong, RELATIONS[true]), (wrong, RELATIONS[other]), (-1, "")][how]
            )
            chances.append(chance / 8)
        truth.append(Tree(*zip(*gold, strict=True)))
        answers.append(Tree(*zip(*said, strict=True), chances))
    return truth, answers


def words(trees: list[Tree]) -> list[Word]:
    """Of every word its head, as a word of the whole corpus, and its relation without subtype."""
    found: list[Word] = []
    for tree in trees:
        start = len(found)
        for head, deprel in zip(tree.heads, tree.deprels, strict=True):
            found.append((head if head <= 0 else start + head, deprel.split(":")[0]))
    return found


def conll_f1(
    gold: list[Word], system: list[Word], key: Callable[[Word], Any], counts: Callable[[Word], bool]
) -> float:
    """The F1 of words whose ``key`` agrees, as the shared task defines it.

    Precision over the system's words that count, recall over the true ones that do; both have
    the same words, so that each is aligned with itself.
    """
    correct = 0
    for one, other in zip(gold, system, strict=True):
        if counts(one) and key(one) == key(other):
            correct += 1
    in_gold, in_system = sum(map(counts, gold)), sum(map(counts, system))
    precision = correct / in_system if in_system else 0.0
    recall = correct / in_gold if in_gold else 0.0
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


@settings(max_examples=1000, deadline=None)
@given(pair=parsed())
def test_scores_are_those_of_the_shared_task(pair: Pair) -> None:
    gold, system = map(words, pair)
    found = measure_dependencies(*pair, resamples=0).values()
    expected = {
        "uas": conll_f1(gold, system, lambda word: word[0], lambda word: True),
        "las": conll_f1(gold, system, lambda word: word, lambda word: True),
        "clas": conll_f1(gold, system, lambda word: word, lambda word: word[1] in CONTENT),
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=CLOSE)


@QUICK
@given(pair=parsed())
def test_whole_sentences_subtypes_and_relations_are_counted(pair: Pair) -> None:
    truth, answers = pair
    measures = measure_dependencies(truth, answers, resamples=0)
    found = measures.values()
    full = [
        (h, d) == (a, b)
        for gold, said in zip(truth, answers, strict=True)
        for h, d, a, b in zip(gold.heads, gold.deprels, said.heads, said.deprels, strict=True)
    ]
    assert found["las_full"] == pytest.approx(np.mean(full), abs=CLOSE)
    whole = [words([gold]) == words([said]) for gold, said in zip(truth, answers, strict=True)]
    assert found["complete_match"] == pytest.approx(np.mean(whole), abs=CLOSE)
    gold_words, said_words = words(truth), words(answers)
    for row in measures.per_class or ():
        expected = conll_f1(gold_words, said_words, tuple, lambda w, of=row["label"]: w[1] == of)
        assert row["f1"]["value"] == pytest.approx(expected, abs=CLOSE), row


@QUICK
@given(pair=parsed())
def test_intervals_hold_their_values_and_the_truth_is_perfect(pair: Pair) -> None:
    truth, answers = pair
    assert_sound(measure_dependencies(truth, answers, resamples=50))
    sure = [Tree(tree.heads, tree.deprels, [1.0] * len(tree.heads)) for tree in truth]
    perfect = measure_dependencies(truth, sure, resamples=0).values()
    assert perfect.pop("ece") == pytest.approx(0)
    any_content = any(relation in CONTENT for _, relation in words(truth))
    assert perfect.pop("clas") == any_content
    assert set(perfect.values()) == {1.0}
    assert {*perfect, "ece", "clas"} == {*DEPENDENCIES}


def test_baseline_is_the_better_chain() -> None:
    truth = [Tree((2, 3, 0), ("det", "nsubj", "root")), Tree((2, 0, 2), ("det", "root", "obj"))]
    chain = best_chain(truth)
    assert [list(tree.heads) for tree in chain] == [[2, 3, 0], [2, 3, 0]]
    assert chain[1].deprels == ["det", "det", "root"]
    assert measure_dependencies(truth, chain, resamples=0).values()["uas"] == pytest.approx(4 / 6)


def test_trees_must_have_the_same_words() -> None:
    with pytest.raises(ValueError, match="same words"):
        measure_dependencies([Tree((0,), ("root",))], [Tree((0, 1), ("root", "obj"), (1, 1))])
    with pytest.raises(DataError):
        measure_dependencies([], [])
