"""Every shipped recipe loads and takes two steps; its demo data is what it should be."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import polars as pl
import pytest

import luthier
from luthier.data.schemes import breaks
from luthier.data.sources.conll import read_conll
from luthier.metrics import mentions
from luthier.recipe.library import describe_shipped, shipped
from luthier.recipe.load import load_recipe

LIBRARY = shipped()

FITTING = {"smaller-model": ["stages.1.techniques.0.count=1"]}
"""What must be changed of recipes for a base of two layers."""


def quick(name: str, bases: dict[str, Path]) -> list[str]:
    """Overrides that let every stage take two steps, from a tiny base where it names one."""
    stages = load_recipe(name).recipe.stages
    settings = ["training.max_steps=2", "evaluation.resamples=100"]
    named = stages[0].task.reads == "text" and isinstance(stages[0].base, str)
    tiny = bases[{"generate": "t5", "chat": "gpt2"}.get(stages[0].task.kind, "bert")]
    base = [f"base={tiny}"] if named else []
    if "\nstages:" not in LIBRARY[name].read_text(encoding="utf-8"):
        return base + settings
    each = [f"stages.{number}.{line}" for number in range(len(stages)) for line in settings]
    return [*(f"stages.0.{line}" for line in base), *each, *FITTING.get(name, [])]


@pytest.mark.parametrize("name", LIBRARY)
def test_takes_two_steps(name: str, bases: dict[str, Path], tmp_path: Path) -> None:
    run = luthier.tune(name, quick(name, bases), runs_dir=tmp_path)
    assert run.verdict()["metrics"]


@pytest.mark.parametrize("name", LIBRARY)
def test_describes_itself(name: str) -> None:
    (entry,) = [entry for entry in describe_shipped() if entry["name"] == name]
    assert entry["description"]
    assert "minute" in entry["time"]
    assert load_recipe(name).recipe.name == name


def test_finance_news_is_as_varied_and_dirty_as_it_should_be() -> None:
    folder = LIBRARY["finance-sentiment"].parent / "data"
    train = pl.read_csv(folder / "finance_news.csv", infer_schema=False)
    test = pl.read_csv(folder / "finance_news_test.csv", infer_schema=False)
    assert len(train) >= 900
    assert len(test) >= 300
    assert set(test["sentiment"]) == {"positive", "negative", "neutral"}
    labels = Counter(train["sentiment"].fill_null(""))
    assert len(labels) > 8, "label spellings"
    assert labels[""] > 0, "missing labels"
    text = "\n".join(train["sentence"].fill_null(""))
    assert "&amp;" in text
    assert "http" in text
    assert train.is_duplicated().sum() > 10
    assert not set(test["sentence"]) & set(train["sentence"])


def test_demo_sentences_share_no_template() -> None:
    """No opening of three words stands before more than one sentence in a hundred."""
    folder = LIBRARY["finance-sentiment"].parent / "data"
    train = pl.read_csv(folder / "finance_news.csv", infer_schema=False).unique("sentence")
    openings = Counter(" ".join(s.split()[:3]) for s in train["sentence"].drop_nulls())
    assert openings.most_common(1)[0][1] <= len(train) / 100


def test_tagged_sentences_are_many_and_sound() -> None:
    folder = LIBRARY["company-entities"].parent / "data"
    for name, least, kinds in (("company_entities", 300, 3), ("company_entities_zh", 80, 3)):
        rows, notes = read_conll((folder / f"{name}.conll").read_text("utf-8"), name)
        assert len(rows) >= least
        assert not notes
        tags = rows["ner_tags"].to_list()
        assert not any(breaks(row, "BIO") for row in tags)
        assert len({kind for row in tags for _, _, kind in mentions(row)}) == kinds
        assert not rows["tokens"].is_duplicated().any()


@pytest.mark.parametrize(
    ("file", "contracts", "asked"),
    [("contract_questions.json", 40, 200), ("contract_questions_zh.json", 6, 40)],
)
def test_contract_questions_have_their_answers(file: str, contracts: int, asked: int) -> None:
    path = LIBRARY["contract-questions"].parent / "data" / file
    articles = json.loads(path.read_text(encoding="utf-8"))["data"]
    passages = [passage for article in articles for passage in article["paragraphs"]]
    assert len({passage["context"] for passage in passages}) == len(passages) >= contracts
    questions = [(p["context"], question) for p in passages for question in p["qas"]]
    assert len(questions) >= asked
    for context, question in questions:
        assert question["is_impossible"] == (not question["answers"])
        for answer in question["answers"]:
            assert context[answer["answer_start"] :].startswith(answer["text"])
    assert 0.1 < sum(q["is_impossible"] for _, q in questions) / len(questions) < 0.25


def test_texts_to_write_are_many_and_their_own() -> None:
    folder = LIBRARY["finance-sentiment"].parent / "data"
    pairs = pl.read_csv(folder / "translate_en_fr.tsv", separator="\t", quote_char=None)
    assert len(pairs) >= 290
    assert not pairs["en"].is_duplicated().any()
    talks = pl.read_ndjson(folder / "dialogues.jsonl")
    assert len(talks) >= 100
    assert not talks["summary"].is_duplicated().any()
    assert talks["dialogue"].str.contains("\n").all()
    chats = pl.read_ndjson(folder / "support_chat.jsonl")["messages"]
    assert len(chats) >= 130
    assert not chats.list.first().struct.field("content").is_duplicated().any()
    for turns in chats:
        roles = [turn["role"] for turn in turns]
        assert roles == ["user", "assistant"] * (len(roles) // 2)
