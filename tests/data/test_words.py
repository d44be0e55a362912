"""Words of running text stand where they are said to, and nothing but space is lost."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from luthier.data.words import by_character, join_words, split_words, word_places

QUICK = settings(max_examples=200, deadline=None)
TEXTS = st.text(max_size=40) | st.text("aZ9 .-'’nt_@,/:\u0301\u200b苹果公\n", max_size=30)


@QUICK
@given(TEXTS, st.booleans())
@example("Caf\u0301e\u0301 na\u200bïve ‘quoted’ don't", False)
def test_places_are_in_order_and_leave_out_space_alone(text: str, characters: bool) -> None:
    places = word_places(text, characters=characters)
    borders = [0, *(place for pair in places for place in pair), len(text)]
    assert borders == sorted(borders)
    assert all(start < end for start, end in places)
    between = zip(borders[::2], borders[1::2], strict=True)
    assert not "".join(text[a:b] for a, b in between).strip()
    if not characters:
        assert split_words(text) == [text[start:end] for start, end in places]


@QUICK
@given(st.lists(TEXTS, max_size=6))
def test_joined_words_stand_where_they_are_said_to(words: list[str]) -> None:
    text, places = join_words(words)
    assert [text[start:end] for start, end in places] == words


def test_chinese_is_parted_into_characters_and_joined_without_spaces() -> None:
    assert split_words("苹果公司2024年发布iPhone。") == [
        *"苹果公司", "2024", *"年发布", "iPhone", "。",
    ]  # fmt: skip
    assert split_words("苹果 公司") == ["苹果", "公司"]
    assert [*word_places("苹果 公司", characters=True)] == [(0, 1), (1, 2), (3, 4), (4, 5)]
    assert join_words(["苹", "果", "sells", "phones"])[0] == "苹果 sells phones"


def test_contractions_abbreviations_and_addresses_are_words() -> None:
    assert split_words("Dr. Lee can't pay U.S. rates (see www.x.org/a).") == [
        "Dr.", "Lee", "ca", "n't", "pay", "U.S.", "rates", "(", "see", "www.x.org/a", ")", ".",
    ]  # fmt: skip


def test_words_that_are_characters_are_told_from_words_that_are_longer() -> None:
    assert by_character([*"苹果公司", "iPhone"])
    assert not by_character(["苹果", "公司", "的"])
    assert by_character(["apples"])
