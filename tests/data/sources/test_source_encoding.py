"""Bytes to text: the same text in every encoding that is detected."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.data.making import assert_helpful, read

from luthier.core.errors import DataError
from luthier.data.sources.encoding import decode

ENGLISH = "text,label\nProfit rose sharply – again,positive\nSales fell in May,negative\n"
CHINESE = (
    "文本,标签\n公司今年的利润大幅上升，股价创下新高,积极\n银行的亏损继续扩大，前景不明,消极\n"
)

ENCODED = {
    "utf-8": lambda text: text.encode(),
    "utf-8 with mark": lambda text: codecs.BOM_UTF8 + text.encode(),
    "utf-16-le with mark": lambda text: codecs.BOM_UTF16_LE + text.encode("utf-16-le"),
    "utf-16-be with mark": lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
    "utf-16-le": lambda text: text.encode("utf-16-le"),
    "utf-16-be": lambda text: text.encode("utf-16-be"),
    "utf-32 with mark": lambda text: text.encode("utf-32"),
}


@pytest.mark.parametrize("text", [ENGLISH, CHINESE], ids=["english", "chinese"])
@pytest.mark.parametrize("encoding", ENCODED)
def test_unicode_is_detected(encoding, text):
    assert decode(ENCODED[encoding](text), "t.csv")[0] == text


def test_plain_utf8_needs_no_note():
    assert decode(CHINESE.encode(), "t.csv") == (CHINESE, [])


@pytest.mark.parametrize("encoding", ["gb18030", "gbk"])
def test_chinese_encodings_are_detected_and_noted(encoding):
    text, notes = decode(CHINESE.encode(encoding), "t.csv")
    assert text == CHINESE
    assert "GB18030" in notes[0]


def test_western_letters_are_read_as_cp1252_and_noted():
    text, notes = decode("text,label\nthe café’s résumé,good\n".encode("cp1252"), "t.csv")
    assert "café’s résumé" in text
    assert "cp1252" in notes[0]


def test_few_strange_bytes_in_utf8_are_repaired_with_their_line():
    content = (CHINESE * 3).encode() + "caf\xe9,x\n".encode("latin-1")
    text, notes = decode(content, "t.csv")
    assert text == CHINESE * 3 + "café,x\n"
    assert "line 10" in notes[0]


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16", "shift_jis", "cp1251"])
def test_the_encoding_given_is_used(tmp_path, encoding):
    word = "я" if encoding == "cp1251" else "日"
    raw = read(tmp_path, "t.csv", f"text,label\n{word},x\n".encode(encoding), encoding=encoding)
    assert raw.rows.rows() == [(word, "x")]


def test_bytes_that_do_not_fit_the_encoding_given_are_refused_with_their_line(tmp_path):
    with pytest.raises(DataError, match="does not fit") as caught:
        read(tmp_path, "t.csv", "text,label\na,x\né,y\n".encode("latin-1"), encoding="utf-8")
    assert_helpful(caught.value, "t.csv:3")


def test_an_unknown_encoding_is_refused(tmp_path):
    with pytest.raises(DataError, match="no encoding 'utf-9'") as caught:
        read(tmp_path, "t.csv", "text,label\na,x\n", encoding="utf-9")
    assert_helpful(caught.value, "t.csv")


@settings(deadline=None, max_examples=100)
@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"])))
def test_any_text_in_utf8_is_itself(text):
    assert decode(text.encode(), "t.csv")[0] == text.removeprefix("\ufeff")


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=400))
def test_any_bytes_are_text_or_one_error(content):
    try:
        text, _ = decode(content, "t.csv")
    except DataError as error:
        assert_helpful(error, "t.csv")
    else:
        assert "\x00" not in text
