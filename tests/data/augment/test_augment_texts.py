"""Changes of texts: what they may touch, how much, and that chance alone decides."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from luthier.data.augment.pieces import (
    free,
    how_many,
    is_figure,
    is_kept,
    is_negation,
    is_unit,
    pieces,
    reached,
    units,
)
from luthier.data.augment.typos import HOMOPHONES, typos
from luthier.data.augment.words import delete, swap
from luthier.data.augment.writing import case, punctuation

CHANGES = {"delete": delete, "swap": swap, "typos": typos, "case": case, "punctuation": punctuation}
SNIPPETS = [
    "profit", "Rose", "now", "note", "don't", "not", "never", "3.5%", "1,200", "Q3", "不", "没",
    "利", "润", "三", "亿", "上涨", "。", "，", ",", " ", "!", "[EMAIL_1]", "@anna", "URL", "#tag",
    "https://a.example/x?y=1", "state-of-the-art", "naïve", "\n", "(", "  ", "’", "😀",
]  # fmt: skip
PARTS = st.lists(st.sampled_from(SNIPPETS), max_size=14)
TEXTS = st.one_of(PARTS.map(" ".join), PARTS.map("".join), st.text())
WORDS = st.lists(st.sampled_from(["oil", "rose", "fell", "利", "润"]), min_size=1, max_size=20)
SEEDS = st.integers(0, 1000)
STRENGTHS = st.floats(0.01, 1)
ALL = pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)


@ALL
@settings(max_examples=80)
@given(text=TEXTS, seed=SEEDS, strength=STRENGTHS)
def test_chance_alone_decides(change, text, seed, strength):
    assert change(text, Random(seed), strength) == change(text, Random(seed), strength)


@ALL
@settings(max_examples=100)
@given(parts=PARTS, seed=SEEDS, strength=STRENGTHS)
def test_negations_figures_names_and_addresses_stay(change, parts, seed, strength):
    text = " ".join(parts)
    changed = change(text, Random(seed), strength)
    for stays in (is_negation, is_figure, is_kept):
        expected = [piece for piece in pieces(text) if stays(piece)]
        assert [piece for piece in pieces(changed) if stays(piece)] == expected


@ALL
@settings(max_examples=100)
@given(text=TEXTS, seed=SEEDS)
def test_what_is_negated_stays(change, text, seed):
    def negated(text):
        parts = pieces(text)
        return [parts[place] for place in sorted(reached(parts)) if is_unit(parts[place])]

    before, after = negated(text), negated(change(text, Random(seed), 0.5))
    # A reach that a mark or the end cut short may grow; nothing of it goes.
    rest = iter(after)
    assert all(piece in rest for piece in before)


@settings(max_examples=100)
@given(parts=WORDS, seed=SEEDS, strength=STRENGTHS)
def test_strength_says_how_many_words_go(parts, seed, strength):
    changed = pieces(delete(" ".join(parts), Random(seed), strength))
    gone = len(parts) - sum(map(is_unit, changed))
    assert gone == min(how_many(strength, len(parts)), len(parts) - 1)


@settings(max_examples=100)
@given(parts=WORDS, seed=SEEDS, strength=STRENGTHS)
def test_swapped_words_are_the_same_words_and_few_of_them_move(parts, seed, strength):
    text = " ".join(parts)
    changed = pieces(swap(text, Random(seed), strength))
    assert Counter(changed) == Counter(pieces(text))
    moved = sum(one != other for one, other in zip(pieces(text), changed, strict=True))
    assert moved <= max(2, strength * len(parts) + 1)


@settings(max_examples=80)
@given(count=st.integers(2, 30), seed=SEEDS, strength=STRENGTHS)
def test_as_many_words_are_mistyped_as_the_strength_says(count, seed, strength):
    words = [f"profit{'abcdefghij'[n % 10]}x" for n in range(count)]
    changed = typos(" ".join(words), Random(seed), strength).split(" ")
    wrong = sum(one != other for one, other in zip(words, changed, strict=True))
    assert wrong == how_many(strength, count)


@settings(max_examples=80)
@given(parts=st.lists(st.sampled_from(["Oil", "rose", "STRASSE"]), max_size=12), seed=SEEDS,
       strength=STRENGTHS)  # fmt: skip
def test_case_changes_case_alone_and_as_often_as_asked(parts, seed, strength):
    text = " ".join(parts)
    changed = case(text, Random(seed), strength)
    assert changed.casefold() == text.casefold()
    other = sum(a != b for a, b in zip(text.split(), changed.split(), strict=True))
    assert other == how_many(strength, len(parts)) * bool(parts)


@settings(max_examples=80)
@given(text=TEXTS, seed=SEEDS, strength=STRENGTHS)
def test_punctuation_leaves_the_words(text, seed, strength):
    changed = punctuation(text, Random(seed), strength)
    signs = set(".,;:!?。，；：！？、")
    assert [c for c in changed if c not in signs] == [c for c in text if c not in signs]
    number = how_many(strength, len(units(pieces(text))))
    assert abs(len(changed) - len(text)) <= max(1, number)


@pytest.mark.parametrize(
    "text", ["no, good", "不，好", "没有，涨", "3，5", "三、四", "not good."]
)  # fmt: skip
def test_marks_that_matter_stay(text):
    parts = pieces(text)
    marks = Counter(sign for sign in text if sign in ",.，、")
    for seed in range(60):
        changed = punctuation(text, Random(seed), 1)
        assert not marks - Counter(sign for sign in changed if sign in ",.，、"), changed
        assert [p for p in pieces(changed) if is_unit(p)] == [p for p in parts if is_unit(p)]


def test_no_blank_is_left_over():
    for seed in range(40):
        changed = delete("the oil price rose, then fell", Random(seed), 0.2)
        assert "  " not in changed
        assert changed == changed.strip()
        assert " ," not in changed


def test_a_typo_keeps_the_first_letter_and_makes_no_negation():
    for seed in range(300):
        assert typos("profits", Random(seed), 1)[0] == "p"
        for word in ("now", "note", "none-such", "nob", "knot", "canot"):
            changed = typos(f"{word} rose", Random(seed), 1)
            assert not is_negation(pieces(changed)[0]) or is_negation(word), changed


def test_chinese_is_mistyped_as_it_sounds():
    found = {typos("他在", Random(seed), 1) for seed in range(30)}
    assert found == {"她再", "它再"}
    for letter, others in HOMOPHONES.items():
        assert letter not in others
        assert all(letter in HOMOPHONES[other] for other in others)
        assert not any(is_negation(c) or is_figure(c) for c in letter + others)


def test_other_chinese_characters_are_exchanged_omitted_or_doubled():
    found = {typos("银河", Random(seed), 0.5) for seed in range(60)}
    assert found == {"河银", "银", "河", "银银河", "银河河"}


def test_marks_between_ideographs_are_full_width():
    found = {punctuation("利润增长", Random(seed), 0.3) for seed in range(40)}
    assert found - {"利润增长"}
    assert not any(mark in text for text in found for mark in ".,;:!?")


@ALL
def test_long_texts_take_time_that_grows_with_their_length(change):
    text = "profit rose to EUR 5.2m, 市场没有反应。 " * 1000
    assert len(free(pieces(text))) > 4000
    change(text, Random(0), 0.1)
