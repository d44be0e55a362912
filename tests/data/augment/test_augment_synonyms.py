"""Words replaced by what a masked language model expects, with a real one, though tiny."""

from __future__ import annotations

from random import Random

import polars as pl
import pytest
import torch
from tests.data.making import context, table
from tests.tiny import _tokenizer
from transformers import BertConfig, BertForMaskedLM

from luthier.data.augment.pieces import how_many, is_unit, pieces
from luthier.data.augment.synonyms import OPPOSED, replace_words
from luthier.data.operators.augment import Augment
from luthier.data.roles import ADDED
from luthier.models.bases import Base
from luthier.models.tools import BaseTools

NOUNS = ["company", "harvest", "factory", "orders", "quarter", "market"]
OTHERS = ["higher", "losses", "never", "three", "the", "in", "rose", "公", "司", "市", "场", "涨"]
TEXTS = [
    "The company said orders in the quarter rose 12%",
    "MARKET talk: no harvest this quarter, says @anna",
    "Factory orders were higher, not cheap",
    "公司在市场的利润上涨",
    "",
]


@pytest.fixture(scope="module")
def tools(tmp_path_factory):
    """A masked language model of a few words, with weights of chance."""
    folder = tmp_path_factory.mktemp("masked")
    tokenizer = _tokenizer("bert", NOUNS + OTHERS)
    tokenizer.add_special_tokens({"mask_token": "[MASK]"})
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=16, max_position_embeddings=64, pad_token_id=0,
    )  # fmt: skip
    BertForMaskedLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return BaseTools(Base("masked", folder, "folder"))


def replaced(tools, strength, seed=0):
    randoms = [Random(f"{seed} {number}") for number in range(len(TEXTS))]
    return replace_words(TEXTS, randoms, strength, tools)


@pytest.mark.parametrize("strength", [0.1, 1.0])
def test_as_many_words_change_as_the_strength_says_and_none_that_matters(tools, strength):
    for seed in range(4):
        for old, new in zip(TEXTS, replaced(tools, strength, seed), strict=True):
            before, after = pieces(old), pieces(new)
            assert len(before) == len(after)
            changed = [pair for pair in zip(before, after, strict=True) if pair[0] != pair[1]]
            assert len(changed) <= how_many(strength, sum(map(is_unit, before)))
            for gone, come in changed:
                assert not {gone.casefold(), come.casefold()} & OPPOSED
                assert come.casefold() in [*NOUNS, *"公司市场", "the", "in"]
                assert (gone.isupper(), gone.istitle()) == (come.isupper(), come.istitle())
            for kept in ("12%", "no", "not", "@anna", "higher", "rose", "cheap", "涨"):
                assert before.count(kept) <= after.count(kept)


def test_something_changes_in_either_script_and_chance_alone_decides(tools):
    first = replaced(tools, 0.5)
    assert first[0] != TEXTS[0]
    assert first[3] != TEXTS[3]
    assert first[4] == ""
    assert replaced(tools, 0.5) == first
    assert any(replaced(tools, 0.5, seed) != first for seed in range(1, 4))


def test_a_step_asks_the_base_for_new_rows(tools):
    said = [f"The {noun} said {other} in quarter {n}" for n, (noun, other) in enumerate(
        (noun, other) for noun in NOUNS for other in NOUNS)]  # fmt: skip
    rows = table([(text, "ab"[n % 2]) for n, text in enumerate(said)])
    told = context(tools=tools)
    step = Augment(share=1.0, methods=["synonyms"])
    assert step.asks_base()
    new = step.apply_divided(rows, told).filter(pl.col(ADDED) == "augment")
    assert len(new) > 20
    assert not set(new["text"]) & set(said)
    assert set(told.ledger.table()["reason"]) == {"made by synonyms"}
