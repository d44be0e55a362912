"""Texts as pieces, and which of them may be changed."""

from __future__ import annotations

import time

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
)

SIGNS = st.text(alphabet="ab1.,:;!?@#$<>{}[]()-_'’/%％ 不没三利润，。\n️👩हि\u0301é", max_size=60)


def may_change(text):
    parts = pieces(text)
    return [parts[place] for place in free(parts)]


@settings(max_examples=80)
@given(st.one_of(st.text(), SIGNS))
def test_pieces_joined_are_the_text(text):
    assert "".join(pieces(text)) == text


@pytest.mark.parametrize(
    "kept",
    [
        "[EMAIL_1]", "[MASK]", "@user", "@anna_b", "@小明", "URL", "http", "<user>", "{name}",
        "{{name}}", "#NeverAgain", "#股市#", "$TSLA", "https://a.example/x?y=1&z=2",
        "www.a.example", "anna.b@a.example", "shop.example.com/item", "Amazon.com",
    ],
)  # fmt: skip
@pytest.mark.parametrize("around", ["{}", "see {} now", "见 {} 了", "({}), then", "“{}”。", "{}!"])
def test_placeholders_and_addresses_are_one_piece(kept, around):
    parts = pieces(around.replace("{}", kept))
    assert kept in parts
    assert is_kept(kept)
    assert not is_unit(kept)


@pytest.mark.parametrize("word", ["URLs", "https-only", "httpd", "a", "rose", "利", "3.5%"])
def test_words_that_only_look_like_them_are_words(word):
    assert pieces(word) == [word]
    assert not is_kept(word)


def test_an_address_ends_where_chinese_begins():
    assert pieces("见https://a.example/x很好") == ["见", "https://a.example/x", "很", "好"]


@pytest.mark.parametrize(
    "figure",
    ["3", "3.5%", "12.5％", "1,200.50", "5.2m", "3bn", "Q3", "10:30", "2020-01-05", "5-10%", "½",
     "１２", "三", "亿", "COVID-19", "three", "Twenty-five", "million", "两"],
)  # fmt: skip
def test_figures_are_one_piece_and_stay(figure):
    assert pieces(figure) == [figure]
    assert is_figure(figure)
    assert may_change(f"sales rose {figure} in") == ["sales", "rose", "in"]


@pytest.mark.parametrize("word", ["don't", "café", "naïve", "state-of-the-art", "हिन्दी", "ภาษา"])
def test_words_are_whole(word):
    assert pieces(f"a {word} b") == ["a", " ", word, " ", "b"]
    # The same word with its accents written apart.
    apart = "cafe\u0301"
    assert pieces(apart) == [apart]


def test_emoji_are_no_words():
    assert may_change("ok 👩\u200d💻 👍🏽 ❤️") == ["ok"]


@pytest.mark.parametrize(
    ("word", "negates"),
    [
        ("not", True), ("Not", True), ("DON’T", True), ("isnt", True), ("non-profit", True),
        ("not-so-good", True), ("不", True), ("没", True), ("note", False), ("know", False),
        ("non", True), ("profit", False), ("利", False),
    ],
)  # fmt: skip
def test_negations(word, negates):
    assert is_negation(word) is negates


@pytest.mark.parametrize(
    ("text", "changeable"),
    [
        ("it is not very good today", ["it", "is", "today"]),
        ("not good, but cheap", ["but", "cheap"]),
        ("no, the oil rose", ["the", "oil", "rose"]),
        ("it is good", ["it", "is", "good"]),
        ("公司没有任何盈利增长", ["公", "司", "利", "增", "长"]),
        ("不，公司赢了", ["公", "司", "赢", "了"]),
    ],
)
def test_what_a_negation_is_about_stays(text, changeable):
    assert may_change(text) == changeable


def test_the_mark_that_ends_a_negations_clause_belongs_to_it():
    parts = pieces("no, good")
    assert reached(parts) == {0, 1}


@settings(max_examples=80)
@given(SIGNS)
def test_what_may_change_is_a_word_and_neither_figure_nor_negation(text):
    for piece in may_change(text):
        assert is_unit(piece)
        assert not is_figure(piece)
        assert not is_negation(piece)
        assert not is_kept(piece)


@given(st.floats(0.001, 1), st.integers(1, 500))
def test_a_strength_is_about_one_word_at_least_and_all_at_most(strength, count):
    assert 1 <= how_many(strength, count) <= count
    assert how_many(strength, count) <= max(1, strength * count + 0.5)


@pytest.mark.parametrize(
    "sign", [".", "a", "a-", "a.b.", "@", "-", "{", "<", "#", "www.", "1.2,", "http://", "$", "[A"]
)
def test_strange_texts_are_cut_in_time_that_grows_with_their_length(sign):
    started = time.process_time()
    text = sign * (40_000 // len(sign))
    assert "".join(pieces(text)) == text
    assert time.process_time() - started < 2
