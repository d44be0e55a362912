"""From a dirty file to prepared rows, end to end."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.data.making import assert_helpful

from luthier.core.errors import DataError
from luthier.core.files import verify_folder
from luthier.data.prepare import prepare
from luthier.data.prepared import Prepared, content_hash
from luthier.data.roles import ROW, SOURCE, SPLITS
from luthier.data.rows import clean_texts, read_given, read_rows
from luthier.data.steps import steps_for
from luthier.recipe.schema import Data
from luthier.tasks.classify import Classify

CLEAN = [(f"sentence number {n} here", "positive" if n % 2 else "negative") for n in range(60)]
DIRTY = [
    ("caf&eacute; <b>opens</b>", "POSITIVE "),
    ("  two \t blanks  ", "pos"),
    ("two blanks", "positive"),
    ("", "positive"),
    ("no answer", "nan"),
    ("said both ways", "positive"),
    ("said both ways", "negative"),
]


def _write(path, rows, header="text,label"):
    path.write_text("\n".join([header, *(",".join(row) for row in rows)]), encoding="utf-8")
    return path


def _prepare(folder, out=None, roles=None, **data):
    config = Data(**{"train": "train.csv", **data})
    return prepare(config, roles or Classify().roles(), base_dir=folder, folder=out)


@pytest.fixture
def dirty(tmp_path):
    """A folder with a dirty ``train.csv``."""
    _write(tmp_path / "train.csv", DIRTY + CLEAN)
    return tmp_path


def test_a_dirty_file_comes_out_clean(dirty):
    prepared = _prepare(dirty)
    rows = pl.concat(prepared.splits.values()).sort(ROW)
    assert rows["text"].to_list()[:2] == ["café opens", "two blanks"]
    assert set(rows["label"]) == {"positive", "negative"}
    assert rows[ROW].to_list() == [0, 1, *range(7, 67)]
    assert {name: len(rows) for name, rows in prepared.splits.items()} == prepared.card["rows"]


def test_the_card_adds_up(dirty):
    card = _prepare(dirty).card
    lost = sum(counts["dropped"] for counts in card["operators"].values())
    assert card["rows_in"] == 67
    assert card["rows_in"] == card["rows_out"] + lost
    assert card["rows_out"] == sum(card["rows"].values())
    assert card["rows"] == {name: sum(card["labels"][name].values()) for name in SPLITS}
    assert card["columns"] == {"train.csv": {"text": "text", "label": "label"}}
    assert list(card["operators"]) == [
        *(step.kind for step in steps_for()),
        "limit",
        "split",
    ]
    assert any("'pos' (1 rows) is read as" in note for note in card["notes"])


def test_the_ledger_can_be_read(dirty):
    ledger = _prepare(dirty).ledger
    dropped = (
        ledger.filter(pl.col("action") == "dropped").select("row", "operator", "reason").rows()
    )
    assert sorted(dropped) == [
        (2, "duplicates", "same as an earlier row"),
        (3, "missing", "no text"),
        (4, "missing", "no label"),
        (5, "conflicts", "other rows with this text have another label"),
        (6, "conflicts", "other rows with this text have another label"),
    ]
    changed = ledger.filter(pl.col("operator") == "html").select("row", "before", "after").rows()
    assert changed == [(0, "caf&eacute; <b>opens</b>", "café  opens ")]


def test_what_is_saved_is_what_is_loaded(dirty):
    prepared = _prepare(dirty, dirty / "out")
    loaded = Prepared.load(dirty / "out")
    assert verify_folder(dirty / "out") is None
    assert loaded.card == prepared.card
    assert loaded.ledger.equals(prepared.ledger)
    assert all(loaded.splits[name].equals(prepared.splits[name]) for name in SPLITS)
    assert content_hash(loaded.splits) == prepared.hash == loaded.hash


def test_the_hash_is_of_the_rows_and_nothing_else(dirty):
    first = _prepare(dirty)
    (dirty / "train.csv").rename(dirty / "other.csv")
    again = _prepare(dirty, train="other.csv")
    assert again.hash == first.hash
    assert again.card["sources"][0]["sha256"] == first.card["sources"][0]["sha256"]


@pytest.mark.parametrize("change", [("text", "sentence numbre 7 here"), ("label", "negative")])
def test_any_other_value_is_another_hash(tmp_path, change):
    first = _prepare(_write(tmp_path / "train.csv", CLEAN).parent)
    text, label = CLEAN[7]
    other = (change[1], label) if change[0] == "text" else (text, change[1])
    _write(tmp_path / "train.csv", [*CLEAN[:7], other, *CLEAN[8:]])
    assert _prepare(tmp_path).hash != first.hash


def test_another_division_is_another_hash(dirty):
    assert _prepare(dirty).hash != _prepare(dirty, split={"seed": 1}).hash


VALUES = st.lists(st.tuples(st.text(max_size=4), st.text(max_size=2)), min_size=1, max_size=5)


@settings(deadline=None, max_examples=80)
@given(VALUES, st.data())
def test_the_hash_tells_any_two_tables_apart(rows, data):
    other = data.draw(st.one_of(VALUES, st.permutations(rows)))

    def hashed(cells):
        frame = pl.DataFrame(
            [(*cell, "s", n) for n, cell in enumerate(cells)],
            schema=["text", "label", SOURCE, ROW], orient="row",
        )  # fmt: skip
        return content_hash({"train": frame, "validation": frame[:0], "test": frame[:0]})

    assert (hashed(rows) == hashed(other)) == (rows == other)


def test_progress_names_each_step(dirty):
    told = []
    prepare(
        Data(train="train.csv"), Classify().roles(), base_dir=dirty,
        progress=lambda *step: told.append(step),
    )  # fmt: skip
    kinds = [step.kind for step in steps_for()]
    assert [kind for kind, _ in told] == ["read", *kinds, "split", *kinds]
    shares = [done for _, done in told]
    assert shares == sorted(shares)
    assert 0 == shares[0] < shares[-1] < 1


def test_rows_that_train_shares_with_test_leave_train(tmp_path):
    _write(tmp_path / "train.csv", CLEAN)
    _write(tmp_path / "test.csv", [(f" {text} ", label) for text, label in CLEAN[:8]])
    prepared = _prepare(tmp_path, test="test.csv")
    assert prepared.splits["test"]["text"].to_list() == [text for text, _ in CLEAN[:8]]
    rest = pl.concat([prepared.splits["train"], prepared.splits["validation"]])
    assert set(rest["text"]) == {text for text, _ in CLEAN[8:]}
    assert prepared.card["operators"]["shared"]["dropped"] == 8


def test_labels_that_only_test_has_are_left_out_and_noted(tmp_path):
    _write(tmp_path / "train.csv", CLEAN)
    _write(tmp_path / "test.csv", [("new one", "mixed"), ("new two", "positive")])
    prepared = _prepare(tmp_path, test="test.csv")
    assert prepared.splits["test"]["label"].to_list() == ["positive"]
    assert any("mixed" in note for note in prepared.card["notes"])
    assert prepared.card["operators"]["split"]["dropped"] == 1


def test_several_sources_are_one_table_that_knows_where_rows_came_from(tmp_path):
    _write(tmp_path / "train.csv", CLEAN[:30])
    _write(tmp_path / "more.csv", CLEAN[30:], header="Sentence,Sentiment")
    prepared = _prepare(tmp_path, train=["train.csv", "more.csv"])
    rows = pl.concat(prepared.splits.values())
    assert dict(rows.group_by(SOURCE).len().rows()) == {"train.csv": 30, "more.csv": 30}
    assert prepared.card["columns"]["more.csv"] == {"text": "Sentence", "label": "Sentiment"}


def test_a_data_set_brings_its_own_splits(tmp_path):
    for name, part in {"train": CLEAN[:40], "dev": CLEAN[40:50], "test": CLEAN[50:]}.items():
        (tmp_path / "set").mkdir(exist_ok=True)
        _write(tmp_path / "set" / f"{name}.csv", part)
    prepared = _prepare(tmp_path, train="set")
    assert {n: len(rows) for n, rows in prepared.splits.items()} == {
        "train": 40, "validation": 10, "test": 10,
    }  # fmt: skip


def test_test_rows_of_a_data_set_without_answers_are_left_out(tmp_path):
    (tmp_path / "set").mkdir()
    _write(tmp_path / "set" / "train.csv", CLEAN)
    unanswered = "".join(f'{{"text": "t{n}", "label": null}}\n' for n in range(5))
    (tmp_path / "set" / "test.jsonl").write_text(unanswered)
    prepared = _prepare(tmp_path, train="set")
    assert len(prepared.splits["test"]) == 12
    assert any("have no labels" in note for note in prepared.card["notes"])


def test_steps_can_be_chosen(dirty):
    prepared = _prepare(dirty, prepare=["missing", "labels"])
    assert prepared.card["rows_out"] == 65
    assert "  two \t blanks  " in set(pl.concat(prepared.splits.values())["text"])


def test_scores_become_numbers(tmp_path):
    rows = [(f"text {n}", "x" if n == 3 else f"{n}.5") for n in range(40)]
    _write(tmp_path / "train.csv", rows, header="text,score")
    prepared = _prepare(tmp_path, roles=Classify(target="score").roles())
    assert prepared.splits["train"]["label"].dtype == pl.Float64
    assert prepared.card["operators"]["labels"]["dropped"] == 1


def test_several_labels_become_lists(tmp_path):
    rows = [(f"text {n}", ["a", "b; A", "b"][n % 3]) for n in range(60)]
    _write(tmp_path / "train.csv", rows)
    prepared = _prepare(tmp_path, tmp_path / "out", roles=Classify(target="classes").roles())
    assert set(prepared.splits["test"]["label"].list.join("+")) == {"a", "a+b", "b"}
    assert Prepared.load(tmp_path / "out").splits["train"].equals(prepared.splits["train"])


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([("a", "nan"), ("b", "")], "after the preparation step 'missing'"),
        ([("a", "x"), ("a", "y")], "after the preparation step 'conflicts'"),
        ([(f"t{n}", "x") for n in range(20)], "nothing to tell apart"),
        ([("a", "x"), ("b", "y")], "no test rows"),
    ],
)
def test_what_nothing_can_be_learned_from_is_refused(tmp_path, rows, says):
    _write(tmp_path / "train.csv", rows)
    with pytest.raises(DataError, match=says) as caught:
        _prepare(tmp_path)
    assert caught.value.hint
    if "test rows" not in says:
        assert_helpful(caught.value, "train.csv")


def test_nothing_is_saved_where_preparation_fails(tmp_path):
    _write(tmp_path / "train.csv", [("a", "nan")])
    with pytest.raises(DataError):
        _prepare(tmp_path, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["train.csv"]


def test_rows_to_measure_on_keep_their_order_and_duplicates(tmp_path):
    rows = [("b", "POS"), ("a", "neg"), ("b", "POS"), ("", "neg"), ("a", "pos")]
    _write(tmp_path / "m.csv", rows)
    found, notes = read_rows(
        "m.csv", Classify().roles(), {}, {}, base_dir=tmp_path, classes=("neg", "pos")
    )
    assert found.select("text", "label").rows() == [
        ("b", "pos"), ("a", "neg"), ("b", "pos"), ("a", "pos"),
    ]  # fmt: skip
    assert "1 rows left out: no text" in notes


def test_no_row_to_measure_on_is_refused(tmp_path):
    _write(tmp_path / "m.csv", [("a", "nan")])
    with pytest.raises(DataError, match="both a text and a label") as caught:
        read_rows("m.csv", Classify().roles(), {}, {}, base_dir=tmp_path)
    assert_helpful(caught.value, "m.csv")


def test_texts_to_predict_for_come_in_order_every_row(tmp_path):
    (tmp_path / "p.jsonl").write_text(
        '{"text": "b"}\n{"text": null}\n{"text": "a"}\n{"text": "b"}\n'
    )
    assert read_given("p.jsonl", Classify().roles()[:1], base_dir=tmp_path) == ["b", "", "a", "b"]


def test_a_text_file_has_one_text_a_line(tmp_path):
    (tmp_path / "p.txt").write_bytes("one, two\r\n\r\n三\r\n".encode())
    texts = read_given("p.txt", Classify().roles()[:1], base_dir=tmp_path)
    assert texts == ["one, two", "", "三"]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.text(max_size=10), max_size=6))
def test_cleaning_texts_keeps_their_number_and_place(texts):
    assert clean_texts(texts) == [clean_texts([text])[0] for text in texts]
