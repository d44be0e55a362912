"""Two texts in one sequence: borders, types, order, cutting."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.conftest import FAMILIES
from tests.helpers import classifier

from luthier.core.errors import DataError
from luthier.models.bases import Base
from luthier.models.processors import load_tokenizer
from luthier.tasks.classification import encoding
from luthier.tasks.classify import Classifier, Classify

WORDS = ["profit", "rose", "record", "strong", "growth", "gain", "beat", "improved", "higher"]


def pairs(*rows: tuple[str, str]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=["text", "pair"], orient="row")


def task_of(base: Path, **options: int) -> Classifier:
    return classifier(base, text="text", pair="pair", **options)


def test_each_token_has_the_type_of_its_text(bert: Path) -> None:
    task = task_of(bert)
    (example,) = task.encode(pairs(("profit rose", "loss")))
    assert task.tokenizer.convert_ids_to_tokens(example["input_ids"]) == [
        "[CLS]", "profit", "rose", "[SEP]", "loss", "[SEP]",
    ]  # fmt: skip
    assert example["token_type_ids"] == [0, 0, 0, 0, 1, 1]
    batch = task.collate(task.encode(pairs(("profit rose", "loss"), ("net", "loss"))))
    assert batch["token_type_ids"].tolist() == [[0, 0, 0, 0, 1, 1], [0, 0, 0, 1, 1, 0]]


@pytest.mark.parametrize("kind", FAMILIES)
def test_types_go_to_bases_that_have_them(bases: dict[str, Path], kind: str) -> None:
    (example,) = task_of(bases[kind]).encode(pairs(("profit rose", "loss")))
    assert ("token_type_ids" in example) == (kind == "bert")


def test_a_base_with_one_type_is_told_none(bert: Path, tmp_path: Path) -> None:
    for file in bert.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"type_vocab_size": 1}))
    (example,) = task_of(tmp_path).encode(pairs(("profit", "loss")))
    assert set(example) == {"input_ids"}


@pytest.mark.parametrize("kind", ["bert", "t5"])
def test_order_is_kept(bases: dict[str, Path], kind: str) -> None:
    task = task_of(bases[kind])
    one, other = task.encode(pairs(("profit", "loss"), ("loss", "profit")))
    assert one["input_ids"] != other["input_ids"]
    assert sorted(one["input_ids"]) == sorted(other["input_ids"])


def test_something_stands_between_the_texts_of_a_decoder(bases: dict[str, Path]) -> None:
    """A decoder's tokenizer marks no border, so two cuts of the same words would be one pair."""
    tokenizer = load_tokenizer(Base("gpt2", bases["gpt2"], "folder"))
    assert encoding.between(tokenizer) == "\n"
    tokenizer.sep_token = "</s>"
    assert encoding.between(tokenizer) == "</s>"
    one, other = encoding.encode_pairs(
        tokenizer, ["profit rose", "profit"], ["loss", "rose loss"], 16
    )
    assert one["input_ids"] != other["input_ids"]
    (cut,) = encoding.encode_pairs(tokenizer, [" ".join(WORDS)], [" ".join(WORDS)], 6)
    assert tokenizer.eos_token_id in cut["input_ids"]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=st.integers(1, 20), second=st.integers(1, 20), limit=st.integers(5, 30))
def test_the_longer_text_is_cut_first(bert: Path, first: int, second: int, limit: int) -> None:
    task = task_of(bert, max_length=limit)
    texts = ["profit " * first, "loss " * second]
    (example,) = task.encode(pairs((texts[0], texts[1])))
    tokens = task.tokenizer.convert_ids_to_tokens(example["input_ids"])
    kept = tokens.count("profit"), tokens.count("loss")
    room = limit - 3
    assert tokens.count("[SEP]") == 2
    assert sum(kept) == min(first + second, room)
    assert min(kept) >= 1
    for have, whole, other in ((kept[0], first, kept[1]), (kept[1], second, kept[0])):
        # What was cut is no shorter, but for one token of an odd rest, than what stayed.
        assert have == whole or have >= other - 1


def test_pairs_are_found_by_their_usual_names() -> None:
    (text, pair, _) = Classify().roles()
    assert (text.name, pair.name, pair.required) == ("text", "pair", False)
    assert pair.synonyms[pair.beside.index("premise")] == "hypothesis"
    assert [role.name for role in Classify(text="review").roles()] == ["text", "label"]


def test_training_rows_decide_whether_a_second_text_is_asked(bert: Path) -> None:
    rows = pairs(("a", "b")).with_columns(pl.Series("label", ["x"]))
    assert Classify().learn(rows)["pair"] is True
    assert "pair" not in Classify().learn(rows.drop("pair"))
    tokenizer = load_tokenizer(Base("bert", bert, "folder"))
    task = Classify().build(Classify().learn(rows), tokenizer)
    assert task.needs == ("pair",)
    assert task.texts(rows).to_list() == ["a\nb"]
    with pytest.raises(DataError, match="asks two texts"):
        task.encode(rows.drop("pair"))
