"""Words with tags, one a line: column files as of CoNLL-2003, and trees of CoNLL-U."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.data.making import assert_helpful, read

from luthier.core.errors import DataError
from luthier.data.formats import convert, format_named, recognise
from luthier.data.formats.trees import is_tree
from luthier.data.prepare import prepare
from luthier.data.sources.conll import read_conll
from luthier.recipe.schema import Data

COLUMNS = """\
-DOCSTART- -X- -X- O

Nora NNP I-NP B-PER
Lund NNP I-NP I-PER
left VBD I-VP O
Oslo NNP I-NP B-LOC
. . O O

Rain NN I-NP O
fell VBD I-VP O
"""

TREE = """\
# newdoc id = letters
# sent_id = letters-1
# text = She won't wait.
1\tShe\tshe\tPRON\tPRP\tCase=Nom\t4\tnsubj\t_\t_
2-3\twon't\t_\t_\t_\t_\t_\t_\t_\t_
2\two\twill\tAUX\tMD\t_\t4\taux\t_\t_
3\tn't\tnot\tPART\tRB\t_\t4\tadvmod\t_\t_
4\twait\twait\tVERB\tVB\tVerbForm=Inf\t0\troot\t_\tSpaceAfter=No
5\t.\t.\tPUNCT\t.\t_\t4\tpunct\t_\t_

# sent_id = letters-2
# text = Ida ordered tea, Per coffee.
1\tIda\tIda\tPROPN\tNNP\t_\t2\tnsubj\t_\tNER=B-PER
2\tordered\torder\tVERB\tVBD\t_\t0\troot\t_\t_
3\ttea\ttea\tNOUN\tNN\t_\t2\tobj\t_\tSpaceAfter=No
4\t,\t,\tPUNCT\t,\t_\t5\tpunct\t_\t_
5\tPer\tPer\tPROPN\tNNP\t_\t2\tconj\t_\tNER=B-PER
5.1\tordered\torder\tVERB\tVBD\t_\t_\t_\t2:conj\t_
6\tcoffee\tcoffee\tNOUN\tNN\t_\t5\torphan\t_\t_
7\t.\t.\tPUNCT\t.\t_\t2\tpunct\t_\t_
"""


def test_columns_give_words_and_the_tags_of_entities(tmp_path):
    raw = read(tmp_path, "train.conll", COLUMNS)
    assert raw.rows["tokens"].to_list() == [["Nora", "Lund", "left", "Oslo", "."], ["Rain", "fell"]]
    assert raw.rows["ner_tags"][0].to_list() == ["B-PER", "I-PER", "O", "B-LOC", "O"]
    assert raw.rows["column_2"][1].to_list() == ["NN", "VBD"]
    assert raw.rows["line"].to_list() == [3, 9]
    assert raw.notes == []


@pytest.mark.parametrize(("name", "content"), [
    ("a.txt", COLUMNS), ("a.conll", COLUMNS.replace(" ", "\t")), ("a", COLUMNS),
    ("a.tsv", COLUMNS.replace(" ", "\t")), ("a.iob2", COLUMNS.replace("\n", "\r\n")),
    ("a.bio", COLUMNS.rstrip() + "\n\n\n"),
])  # fmt: skip
def test_files_of_other_names_and_blanks_are_known(tmp_path, name, content):
    raw = read(tmp_path, name, content)
    assert recognise(raw.rows).format == "conll"
    assert raw.rows["ner_tags"][0].to_list() == ["B-PER", "I-PER", "O", "B-LOC", "O"]


def test_a_tag_may_come_first_and_a_number_before_the_word(tmp_path):
    first = read(tmp_path, "a.conll", "B-PER\tNora\nO\tleft\n\nO\tRain\nB-LOC\tOslo\n")
    assert first.rows["tokens"].to_list() == [["Nora", "left"], ["Rain", "Oslo"]]
    numbered = read(tmp_path, "b.conll", "1\tNora\tB-PER\n2\tleft\tO\n\n1\tOslo\tB-LOC\n")
    assert numbered.rows["tokens"].to_list() == [["Nora", "left"], ["Oslo"]]


def test_tags_of_another_kind_are_the_last_column_that_varies(tmp_path):
    raw = read(tmp_path, "pos.conll", "Nora NOUN _\nleft VERB _\n\nRain NOUN _\n")
    assert raw.rows["tags"].to_list() == [["NOUN", "VERB"], ["NOUN"]]


def test_a_hash_may_be_a_comment_or_a_word(tmp_path):
    raw = read(tmp_path, "posts.conll", "# id 7\n#\tO\nNora\tB-PER\n\n# id 8\nOslo\tB-LOC\nis\tO\n")
    assert raw.rows["tokens"].to_list() == [["#", "Nora"], ["Oslo", "is"]]
    assert raw.notes == []


def test_a_sentence_with_a_broken_line_is_no_row_and_the_line_is_noted(tmp_path):
    broken = COLUMNS.replace("left VBD I-VP O", "left VBD I-VP").replace("Rain", "Rain NN")
    raw = read(tmp_path, "a.conll", broken + "\n" + COLUMNS * 3)
    assert raw.rows["tokens"].is_null().to_list()[:3] == [True, True, False]
    assert "lines 5, 9" in raw.notes[0]


@pytest.mark.parametrize(("content", "says"), [
    ("Nora\nleft\n\nRain\n", "No line of the file has two cells"),
    ("# only\n\n# comments\n", "two cells"),
])  # fmt: skip
def test_a_file_without_tags_is_refused(tmp_path, content, says):
    with pytest.raises(DataError, match=says) as caught:
        read(tmp_path, "a.conll", content)
    assert_helpful(caught.value, "a.conll")


def test_trees_have_words_heads_and_relations(tmp_path):
    raw = read(tmp_path, "dev.conllu", TREE)
    first, second = raw.rows.to_dicts()
    assert first["tokens"] == ["She", "wo", "n't", "wait", "."]
    assert first["heads"] == [4, 4, 4, 0, 4]
    assert first["deprels"] == ["nsubj", "aux", "advmod", "root", "punct"]
    assert (first["sent_id"], first["text"]) == ("letters-1", "She won't wait.")
    assert second["tokens"] == ["Ida", "ordered", "tea", ",", "Per", "coffee", "."]
    assert second["ner_tags"] == ["B-PER", "O", "O", "O", "B-PER", "O", "O"]
    assert raw.rows["line"].to_list() == [1, 11]
    assert raw.notes == []


@pytest.mark.parametrize("name", ["a.conll", "a.txt", "a.tsv", "a"])
def test_trees_are_known_under_other_names(tmp_path, name):
    found = recognise(read(tmp_path, name, TREE).rows)
    assert found.format == "conllu"
    assert found.rows["tags"][0].to_list() == ["PRON", "AUX", "PART", "VERB", "PUNCT"]


def test_columns_of_plus_are_named_in_the_file(tmp_path):
    plus = (
        "# global.columns = ID FORM HEAD DEPREL NER\n1\tIda\t2\tnsubj\tB-PER\n2\tran\t0\troot\tO\n"
    )
    raw = read(tmp_path, "a.conllup", plus)
    (row,) = raw.rows.to_dicts()
    assert row["tokens"] == ["Ida", "ran"]
    assert (row["heads"], row["ner_tags"]) == ([2, 0], ["B-PER", "O"])


@pytest.mark.parametrize(("old", "new", "line", "says"), [
    ("3\tn't\tnot", "4\tn't\tnot", 7, "number 4 in place of 3"),
    ("Nom\t4\tnsubj", "Nom\t9\tnsubj", 4, "head 9"),
    ("MD\t_\t4\taux", "MD\t_\t2\taux", 6, "itself"),
    ("MD\t_\t4\taux\t_\t_", "MD\t_\t4", 6, "cells"),
    ("MD\t_\t4\taux", "MD\t_\tfour\taux", 6, "head four"),
])  # fmt: skip
def test_a_broken_tree_is_no_row_and_its_line_is_noted(tmp_path, old, new, line, says):
    raw = read(tmp_path, "a.conllu", TREE.replace(old, new, 1))
    assert raw.rows["tokens"].is_null().to_list() == [True, False]
    assert f"line {line} has" in raw.notes[0]
    assert says in raw.notes[0]


def test_a_ring_of_heads_is_no_tree(tmp_path):
    ring = TREE.replace("2\tobj", "7\tobj").replace(
        "7\t.\t.\tPUNCT\t.\t_\t2", "7\t.\t.\tPUNCT\t.\t_\t3"
    )
    found = recognise(read(tmp_path, "a.conllu", ring).rows)
    assert found.rows["heads"].is_null().to_list() == [False, True]


@settings(deadline=None)
@given(st.lists(st.integers(0, 6), min_size=1, max_size=6))
def test_a_tree_leads_every_word_to_the_root(heads):
    def leads(place: int) -> bool:
        for _ in range(len(heads) + 1):
            if place == 0 or place > len(heads):
                break
            place = heads[place - 1]
        return place == 0

    assert is_tree(heads) is all(leads(place) for place in range(1, len(heads) + 1))


@pytest.fixture
def trees(tmp_path: Path) -> Path:
    names = ["Ida", "Per", "Nora", "Liv", "Odd", "Tor", "Siri", "Ane", "Jon", "Eva"]
    blocks = [
        TREE.replace("Ida", name).replace("wait", f"wait{n}").replace("letters", f"l{n}")
        for n, name in enumerate(names)
    ]
    (tmp_path / "all.conllu").write_text("\n".join(blocks), encoding="utf-8")
    return tmp_path


def test_broken_sentences_are_in_ledger_and_quarantine(trees):
    path = trees / "all.conllu"
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[13] = lines[13].rsplit("\t", 3)[0]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    prepared = prepare(Data(train="all.conllu"), base_dir=trees)
    lost = prepared.ledger.filter(operator="missing", action="dropped")
    assert lost["row"].to_list() == [1]
    kept = prepared.quarantine.filter(operator="missing")
    assert kept.select("row", "line").rows() == [(1, 11)]
    assert any("line 14 has 7 cells in place of 10" in note for note in prepared.card["notes"])


@pytest.mark.parametrize("to", ["conllu", "conll", "tokens,ner_tags"])
def test_prepared_trees_are_written_and_read_again(trees, to):
    data = Data(train="all.conllu", split={"validation": 0.2, "test": 0.2})
    prepared = prepare(data, base_dir=trees, folder=trees / "out", to=to)
    for name, rows in prepared.splits.items():
        (file,) = (trees / "out").glob(f"{name}.[!p]*")
        found = recognise(read(trees, f"{name}{file.suffix}", file.read_bytes()).rows)
        assert found.format == to
        assert found.rows["tokens"].to_list() == rows["tokens"].to_list()
        same = {"tags": "entities"} if to != "conllu" else {n: n for n in found.rows.columns}
        for got, wanted in same.items():
            assert found.rows[got].to_list() == rows[wanted].to_list(), got


LETTERS = st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"))
WORD = st.text(LETTERS, min_size=1, max_size=5).filter(lambda word: word.strip(" "))
TAGGED = st.tuples(WORD, st.sampled_from(["O", "B-X", "I-X"]))


@settings(deadline=None, max_examples=25)
@given(st.lists(st.lists(TAGGED, min_size=1), min_size=1))
def test_any_words_survive_a_column_file(sentences):
    told = [("Nora", "B-PER"), ("left", "O"), ("B-X", "B-X"), ("I-X", "I-X"), ("O", "O")]
    pairs = [told, *sentences]
    rows = pl.DataFrame({"tokens": [[word for word, _ in pair] for pair in pairs],
                         "tags": [[tag for _, tag in pair] for pair in pairs]})  # fmt: skip
    lines = convert(rows, "tag", "conll")
    text = "".join(format_named("conll").as_text(line) for line in lines)
    found, notes = read_conll(text, "a.conll")
    assert found["tokens"].to_list() == rows["tokens"].to_list()
    assert found["ner_tags"].to_list() == rows["tags"].to_list()
    assert notes == []


def test_a_word_that_fits_no_column_is_left_out():
    rows = recognise(one(["a b", "c"], ["O", "B-X"])).rows
    assert convert(rows, "tag", "conll")[0]["tokens"] == ["a b", "c"]
    rows = recognise(one(["a\tb", "c"], ["O", "B-X"])).rows
    assert convert(rows, "tag", "conll") == [None]
    assert convert(rows, "tag", "tokens,ner_tags")[0] is not None


def one(words: list[str], tags: list[str]) -> pl.DataFrame:
    return pl.DataFrame({"tokens": [words], "ner_tags": [tags]})
