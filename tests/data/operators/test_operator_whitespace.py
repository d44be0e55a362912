"""White space."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.data.making import context, table

from luthier.data.operators.whitespace import Whitespace

TEXT = st.text(st.sampled_from("ab中 \t\n\r\u00a0\u3000\u2003"))


def _clean(text, **settings):
    return Whitespace(**settings).apply(table([(text, "x")]), context())["text"][0]


@pytest.mark.parametrize(
    ("text", "joined", "kept"),
    [
        ("  a \t b  ", "a b", "a b"),
        ("a\nb", "a b", "a\nb"),
        ("a \r\n\n  b\n", "a b", "a\nb"),
        ("中\u3000文\u00a0x", "中 文 x", "中 文 x"),
        (" \n ", "", ""),
        ("a b", "a b", "a b"),
    ],
)
def test_examples(text, joined, kept):
    assert _clean(text) == joined
    assert _clean(text, line_ends="keep") == kept


@settings(deadline=None, max_examples=100)
@given(TEXT)
def test_words_and_their_order_stay(text):
    assert _clean(text) == " ".join(text.split())


@settings(deadline=None, max_examples=100)
@given(TEXT)
def test_kept_line_ends_stand_between_lines_with_text(text):
    clean = _clean(text, line_ends="keep")
    assert clean.split() == text.split()
    assert all(line and line == line.strip() for line in clean.split("\n")) or clean == ""
    assert _clean(clean, line_ends="keep") == clean
