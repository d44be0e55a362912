"""The base at the service of preparation, against plain transformers."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
import torch
from tests.data.making import context, table
from tests.tiny import _tokenizer
from transformers import BertConfig, BertForMaskedLM, GPT2Config, GPT2LMHeadModel

from luthier.core.errors import DataError
from luthier.data.operators.quality import Quality
from luthier.models.bases import Base
from luthier.models.tools import BaseTools

WORDS = ["oil", "rose", "fell", "shares", "the", "##ing", "股", "价", "上涨"]
TEXTS = ["oil rose", "the shares fell the oil", "shares", "", "rose rose rose the oil fell"]


@pytest.fixture(scope="module")
def masked(tmp_path_factory):
    """A tiny masked language model with its tokenizer."""
    folder = tmp_path_factory.mktemp("masked")
    tokenizer = _tokenizer("bert", WORDS)
    tokenizer.add_special_tokens({"mask_token": "[MASK]"})
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=16, max_position_embeddings=32, pad_token_id=0, initializer_range=0.5,
    )  # fmt: skip
    BertForMaskedLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return Base("masked", folder, "folder")


@pytest.fixture(scope="module")
def causal(tmp_path_factory):
    """A tiny causal language model with its tokenizer."""
    folder = tmp_path_factory.mktemp("causal")
    tokenizer = _tokenizer("gpt2", WORDS)
    torch.manual_seed(0)
    config = GPT2Config(
        vocab_size=len(tokenizer), n_embd=16, n_layer=1, n_head=2, n_positions=32,
        initializer_range=0.5,
    )  # fmt: skip
    GPT2LMHeadModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return Base("causal", folder, "folder")


def test_perplexity_of_a_decoder_is_that_of_transformers(causal):
    tools = BaseTools(causal)
    network = GPT2LMHeadModel.from_pretrained(causal.path).eval()
    for text, found in zip(TEXTS, tools.perplexity(TEXTS), strict=True):
        ids = torch.tensor([tools._tokenizer(text)["input_ids"]], dtype=torch.long)
        if ids.numel() < 2:
            assert math.isnan(found)
            continue
        with torch.no_grad():
            expected = network(input_ids=ids, labels=ids).loss.exp().item()
        assert found == pytest.approx(expected, rel=1e-5)


def test_perplexity_of_an_encoder_hides_each_token_in_turn(masked):
    tools = BaseTools(masked)
    network = BertForMaskedLM.from_pretrained(masked.path).eval()
    for text, found in zip(TEXTS, tools.perplexity(TEXTS), strict=True):
        ids = torch.tensor(tools._tokenizer(text)["input_ids"])
        losses = []
        for place in range(1, len(ids) - 1):
            hidden = ids.clone()
            hidden[place] = tools._tokenizer.mask_token_id
            with torch.no_grad():
                chances = network(hidden[None]).logits[0, place].log_softmax(-1)
            losses.append(-chances[ids[place]].item())
        if losses:
            assert found == pytest.approx(math.exp(sum(losses) / len(losses)), rel=1e-5)
        else:
            assert math.isnan(found)


def test_perplexity_does_not_depend_on_the_other_texts(causal, masked):
    for base in (causal, masked):
        tools = BaseTools(base)
        together = tools.perplexity(TEXTS)
        alone = [tools.perplexity([text])[0] for text in TEXTS]
        np.testing.assert_allclose(together, alone, rtol=1e-5)


def test_guesses_are_whole_words_with_their_probabilities(masked):
    (guesses,) = BaseTools(masked).fill_mask(["the oil rose"], [(4, 7)], top=4)
    words = [word for word, _ in guesses]
    assert set(words) <= {"oil", "rose", "fell", "shares", "the"}
    chances = [chance for _, chance in guesses]
    assert chances == sorted(chances, reverse=True)
    assert 0 < sum(chances) <= 1


def test_a_chinese_character_is_guessed_for_one(masked):
    (guesses,) = BaseTools(masked).fill_mask(["股 rose"], [(0, 1)], top=9)
    assert {word for word, _ in guesses} == {"股", "价"}


def test_a_span_that_is_cut_off_has_no_guess(masked):
    text = " ".join(["the"] * 60)
    assert BaseTools(masked).fill_mask([text], [(len(text) - 3, len(text))]) == [[]]


def test_embeddings_are_of_length_one_and_alone_as_together(masked):
    tools = BaseTools(masked)
    together = tools.embed(TEXTS[:3])
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, rtol=1e-5)
    alone = np.concatenate([tools.embed([text]) for text in TEXTS[:3]])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_a_base_without_the_layers_says_so(bert, bases):
    for tools in (
        BaseTools(Base("bert", bert, "folder")),
        BaseTools(Base("llama", bases["llama"], "folder")),
    ):
        with pytest.raises(DataError, match="cannot tell words") as caught:
            tools.perplexity(["oil rose"])
        assert caught.value.hint


def test_the_name_changes_with_the_weights(causal, masked):
    assert BaseTools(causal).name != BaseTools(masked).name
    assert BaseTools(causal).name == BaseTools(causal).name


def test_surprising_texts_are_dropped(causal):
    tools = BaseTools(causal)
    known = [value for value in tools.perplexity(TEXTS) if not math.isnan(value)]
    limit = float(np.median(known))
    told = context(tools=tools)
    rows = table([(text, "a") for text in TEXTS])
    after = Quality(perplexity=limit, action="drop", least=0).apply(rows, told)
    assert len(rows) - len(after) == sum(value > limit for value in known)
    reasons = told.ledger.table()["reason"].str.contains("is above")
    assert reasons.all()
    assert "median" in told.notes[0]


def test_without_a_base_perplexity_is_refused():
    with pytest.raises(DataError, match="asks a base"):
        Quality(perplexity=9.0).apply(table([("oil", "a")]), context())


def test_an_empty_table_is_fine(causal):
    rows = table([])
    assert Quality(perplexity=9.0).apply(rows, context(tools=BaseTools(causal))).equals(rows)
    assert isinstance(rows, pl.DataFrame)
