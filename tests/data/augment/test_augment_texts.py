"""Changes of texts: what they may touch, and that chance alone decides."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from luthier.data.augment.pieces import is_negation, is_unit, pieces
from luthier.data.augment.typos import typos
from luthier.data.augment.words import delete, swap
from luthier.data.augment.writing import case, punctuation

CHANGES = {"delete": delete, "swap": swap, "typos": typos, "case": case, "punctuation": punctuation}
SNIPPETS = [
    "profit", "Rose", "don't", "not", "3.5%", "1,200", "不", "利", "润", "上涨", "。", ",", " ",
    "!", "[EMAIL_1]", "@anna", "https://a.example/x?y=1", "state-of-the-art", "naïve", "\n", "(",
    "  ", "’",
]  # fmt: skip
TEXTS = st.one_of(st.lists(st.sampled_from(SNIPPETS), max_size=14).map(" ".join), st.text())
SEEDS = st.integers(0, 1000)
ALL = pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)


def negations(text):
    return [piece for piece in pieces(text) if is_negation(piece)]


def figures(text):
    return Counter(piece for piece in pieces(text) if piece[0].isdigit())


def whole(text):
    return Counter(piece for piece in pieces(text) if piece[0] in "@[" or "://" in piece)


@settings(max_examples=300)
@given(TEXTS)
def test_pieces_joined_are_the_text(text):
    assert "".join(pieces(text)) == text


@ALL
@settings(max_examples=200)
@given(text=TEXTS, seed=SEEDS, strength=st.floats(0.01, 1))
def test_chance_alone_decides(change, text, seed, strength):
    assert change(text, Random(seed), strength) == change(text, Random(seed), strength)


@ALL
@settings(max_examples=300)
@given(parts=st.lists(st.sampled_from(SNIPPETS), max_size=14), seed=SEEDS)
def test_negations_names_and_addresses_stay(change, parts, seed):
    text = " ".join(parts)
    changed = change(text, Random(seed), 0.5)
    if change is not case:
        assert negations(changed) == negations(text)
    assert whole(changed) == whole(text)


@pytest.mark.parametrize("change", [swap, typos, case, punctuation])
@settings(max_examples=200)
@given(parts=st.lists(st.sampled_from(SNIPPETS), max_size=14), seed=SEEDS)
def test_figures_stay(change, parts, seed):
    text = " ".join(parts)
    assert figures(change(text, Random(seed), 0.5)) == figures(text)


@settings(max_examples=200)
@given(parts=st.lists(st.sampled_from(["oil", "rose", "利", "润"]), min_size=1, max_size=20),
       seed=SEEDS, strength=st.floats(0.05, 1))  # fmt: skip
def test_strength_says_how_many_words_go(parts, seed, strength):
    text = " ".join(parts)
    left = sum(map(is_unit, pieces(delete(text, Random(seed), strength))))
    gone = len(parts) - left
    assert gone == min(max(1, round(strength * len(parts))), len(parts) - 1)


@settings(max_examples=200)
@given(
    parts=st.lists(st.sampled_from(["oil", "rose", "fell", "利", "润"]), max_size=12), seed=SEEDS
)
def test_swapped_words_are_the_same_words(parts, seed):
    text = " ".join(parts)
    assert Counter(pieces(swap(text, Random(seed), 0.3))) == Counter(pieces(text))


@settings(max_examples=200)
@given(parts=st.lists(st.sampled_from(["Oil", "rose", "STRASSE"]), max_size=12), seed=SEEDS)
def test_case_changes_case_alone(parts, seed):
    text = " ".join(parts)
    assert case(text, Random(seed), 0.5).casefold() == text.casefold()


def test_no_blank_is_left_over():
    for seed in range(40):
        changed = delete("the oil price rose, then fell", Random(seed), 0.2)
        assert "  " not in changed
        assert changed == changed.strip()
        assert " ," not in changed


def test_a_typo_keeps_the_first_letter():
    for seed in range(60):
        assert typos("profits", Random(seed), 1)[0] == "p"


def test_marks_between_ideographs_are_full_width():
    found = {punctuation("利润增长", Random(seed), 0.3) for seed in range(40)}
    assert found - {"利润增长"}
    assert not any(mark in text for text in found for mark in ".,;:!?")
