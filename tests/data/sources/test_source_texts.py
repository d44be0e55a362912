"""Plain texts: files, folders, and what a file without a telling name is."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.data.making import assert_helpful, read

from luthier.core.errors import DataError
from luthier.data.prepare import prepare
from luthier.data.sources import read_source
from luthier.data.sources.plain import read_plain
from luthier.data.sources.told import kind_of_text
from luthier.recipe.schema import Data

LETTER = """The ferry leaves at nine, if the wind allows.
Bring bread, cheese and a coat.

Nobody knew the captain's name.


三点之后没有船，只能住一晚。
"""


def test_blank_lines_part_paragraphs(tmp_path):
    raw = read(tmp_path, "letter.txt", LETTER)
    assert [text.split()[0] for text in raw.rows["text"]] == [
        "The",
        "Nobody",
        "三点之后没有船，只能住一晚。",
    ]
    assert "paragraph" in raw.notes[0]


def test_without_blank_lines_each_line_is_a_row(tmp_path):
    raw = read(tmp_path, "lines.txt", "one ship\r\ntwo ships\r\nthree ships\r\n")
    assert raw.rows["text"].to_list() == ["one ship", "two ships", "three ships"]
    assert "each line" in raw.notes[0]


def test_packed_and_other_encodings(tmp_path):
    content = gzip.compress(LETTER.encode("utf-16"))
    assert len(read(tmp_path, "letter.txt.gz", content).rows) == 3


@given(st.lists(st.text("ab ,.\t|é字", min_size=1).filter(str.strip), min_size=1, max_size=6))
def test_no_paragraph_is_lost(paragraphs):
    stripped = [text.strip() for text in paragraphs]
    rows, _ = read_plain("\n\n".join(stripped))
    assert rows["text"].to_list() == stripped


@pytest.mark.parametrize(("name", "text", "kind"), [
    ("a.txt", LETTER, "text"), ("a.md", "# Title\n\nSome, words\nmore, words\n", "text"),
    ("a", '{"text": "a"}\n{"text": "b"}\n', "json"), ("a.txt", '[{"text": "a"}]', "json"),
    ("a.txt", "[sighs] I know, I know.\n", "text"), ("a.txt", "{braces} are text too\n", "text"),
    ("a.txt", "text,label\nfine,good\nbad,bad\n", "table"), ("a", "x;y\n1;2\n3;4\n", "table"),
    ("a.txt", "Yes, I do.\nNo, I do not.\nSo, who does?\n", "text"),
    ("a.txt", "fine\tgood\nbad\tbad\n", "table"),
    ("a.txt", "Nora B-PER\nleft O\n\nRain O\nfell O\n", "conll"),
])  # fmt: skip
def test_the_content_tells_the_kind(name, text, kind):
    assert kind_of_text(text, name, name) == kind


def test_what_cannot_be_told_is_refused_with_what_was_tried(tmp_path):
    with pytest.raises(DataError, match="cannot be told") as caught:
        read(tmp_path, "letter", LETTER)
    assert_helpful(caught.value, "letter")
    assert ".txt" in caught.value.render()


def test_each_file_of_a_folder_is_a_row(tmp_path):
    folder = tmp_path / "letters"
    (folder / "1923").mkdir(parents=True)
    for name in ("b.txt", "a.md", "1923/c.txt", "README.md", "LICENSE.txt", ".hidden.txt"):
        (folder / name).write_text(f"{name} begins here.\n\nAnd ends here.", encoding="utf-8")
    raw = read_source("letters", base_dir=tmp_path)
    assert raw.rows["file"].to_list() == ["1923/c.txt", "a.md", "b.txt"]
    assert raw.rows["text"][0].startswith("1923/c.txt begins")
    before = raw.sha256
    (folder / "b.txt").rename(folder / "d.txt")
    assert read_source("letters", base_dir=tmp_path).sha256 != before


def test_plain_texts_are_prepared_as_texts(tmp_path):
    things = ["ship", "mail", "fish", "rain", "post", "bread"] * 6
    paragraphs = [f"Day {n}: the {thing} came at {n} o'clock." for n, thing in enumerate(things)]
    (tmp_path / "log.txt").write_text("\n\n".join(paragraphs), encoding="utf-8")
    prepared = prepare(Data(train="log.txt"), base_dir=tmp_path)
    assert prepared.card["family"] == "text"
    assert prepared.card["sources"][0]["format"] == "text"
    for rows in prepared.splits.values():
        assert all(paragraphs[row] == text for row, text in rows.select("_row", "text").iter_rows())
