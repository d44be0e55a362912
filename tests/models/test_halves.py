"""Encoder-decoders that begin as a decoder: nearly its language model, and all of its tokens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
import torch
import transformers
from tests.tiny import write_base
from torch import nn
from transformers import LlamaConfig, LlamaForCausalLM

from luthier.core.errors import ModelError
from luthier.data.sources import read_source
from luthier.models.bases import FOLDER, Base, resolve
from luthier.models.families import depth_groups
from luthier.models.kernels.logits import defer_logits
from luthier.models.load import load_bare, load_model
from luthier.models.model import Head
from luthier.models.new import make_base
from luthier.models.processors import decoder_start, load_tokenizer
from luthier.recipe.library import shipped
from luthier.recipe.load import load_recipe
from luthier.recipe.new import NewBase, NewNetwork
from luthier.tasks.language_model import LanguageModel
from luthier.tasks.modelling.objectives import Spanned, objective_for

NOTES = shipped()["workshop-notes"].parent / "data" / "workshop_notes.txt"
TEXTS = read_source(str(NOTES), base_dir=Path()).rows["text"]
WORDS = [*"abcdefgh", "x", "y"]


def no_run(name: str) -> Path:
    raise AssertionError(name)


def find(name: str) -> Base:
    return resolve(name, folder=Path(), find_run=no_run)


def halves(folder: Path, weights: str, texts: pl.Series = TEXTS, **fields: Any) -> Base:
    wanted = NewNetwork(family="encoder_decoder", weights=weights, **fields)
    return make_base(NewBase(new=wanted), texts, folder, find=find)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Base:
    return halves(tmp_path_factory.mktemp("halves") / "base", "luthier-gpt", layers=4)


def loss(logits: torch.Tensor, ids: torch.Tensor) -> float:
    return nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), ids[:, 1:].flatten()).item()


def test_without_the_encoder_it_is_nearly_the_language_model(made: Base) -> None:
    decoder, _ = load_bare(find("luthier-gpt"), "AutoModelForCausalLM")
    network, missing = load_bare(made, "AutoModelForSeq2SeqLM")
    assert missing == []
    tokenizer = load_tokenizer(find("luthier-gpt"))
    ids = torch.tensor([tokenizer(" ".join(TEXTS.to_list()))["input_ids"][:400]])
    for layer in network.model.decoder.layers:
        nn.init.constant_(layer.post_cross_attn_layernorm.weight, -1.0)
    with torch.no_grad():
        known = loss(decoder(ids).logits, ids)
        now = loss(network(input_ids=ids, decoder_input_ids=ids).logits, ids)
    assert known < 5 and now - known < 0.4


def test_the_encoder_has_the_lowest_layers_and_no_more(made: Base) -> None:
    decoder, _ = load_bare(find("luthier-gpt"), "AutoModelForCausalLM")
    network, _ = load_bare(made, "AutoModelForSeq2SeqLM")
    encoder, writer = network.model.encoder.layers, network.model.decoder.layers
    assert (len(encoder), len(writer)) == (4, 6)
    for number, layer in enumerate(decoder.model.layers):
        for half in (encoder[number : number + 1], writer[number : number + 1]):
            for one in half:
                torch.testing.assert_close(one.mlp.up_proj.weight, layer.mlp.up_proj.weight)
        torch.testing.assert_close(
            writer[number].cross_attn.k_proj.weight, layer.self_attn.k_proj.weight
        )
    groups = [group.name for group in depth_groups(network)]
    assert groups == ["embeddings", *(f"layer.{number}" for number in range(10)), "head"]


def test_its_texts_end_and_can_be_masked(made: Base) -> None:
    tokenizer = load_tokenizer(made)
    config = transformers.AutoConfig.from_pretrained(made.path)
    ids = tokenizer("The glue is warm.")["input_ids"]
    assert ids[-1] == tokenizer.eos_token_id and ids.count(tokenizer.eos_token_id) == 1
    assert tokenizer.mask_token_id == 16384
    assert decoder_start(config, tokenizer.pad_token_id) == tokenizer.bos_token_id
    chosen = objective_for(LanguageModel(), tokenizer, 64)
    assert isinstance(chosen, Spanned) and chosen.spans.whole


def test_it_learns_to_say_what_it_reads(made: Base) -> None:
    """Denoising twelve short texts with a few steps; from random weights this takes thousands."""
    tokenizer = load_tokenizer(made)
    network, _ = load_bare(made, "AutoModelForSeq2SeqLM")
    texts = TEXTS.str.slice(0, 80).to_list()
    known, other = (tokenizer(some, return_tensors="pt", padding=True)["input_ids"]
                    for some in (texts[:12], texts[12:24]))  # fmt: skip
    start = torch.full_like(known[:, :1], network.config.decoder_start_token_id)

    def read(ids: torch.Tensor) -> torch.Tensor:
        before = torch.cat([start[: len(ids)], ids[:, :-1]], dim=1)
        logits = network(input_ids=ids, decoder_input_ids=before).logits
        labels = ids.masked_fill(ids == tokenizer.pad_token_id, -100)
        return nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten())

    optimizer = torch.optim.AdamW(network.parameters(), lr=5e-4)
    with torch.no_grad():
        first = read(other)
    for _ in range(8):
        read(known).backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
    with torch.no_grad():
        assert read(other) < 0.7 * first


@pytest.mark.parametrize("tied", [True, False])
def test_of_a_decoder_without_padding_and_with_shared_heads(tied: bool, tmp_path: Path) -> None:
    folder = write_base("llama", tmp_path / "llama", WORDS)
    torch.manual_seed(1)
    config = LlamaConfig.from_pretrained(folder, tie_word_embeddings=tied)
    decoder = LlamaForCausalLM(config)
    decoder.save_pretrained(folder)
    made = halves(tmp_path / "base", str(folder), pl.Series(["a b c", None, "", "d e f g h"]))
    assert made.origin == FOLDER and made.name == f"encoder-decoder:{folder}"
    tokenizer = load_tokenizer(made)
    assert tokenizer.pad_token_id not in (None, tokenizer.eos_token_id)
    network, _ = load_bare(made, "AutoModelForSeq2SeqLM")
    output = network.get_output_embeddings().weight
    torch.testing.assert_close(output[: config.vocab_size], decoder.lm_head.weight)
    assert (output is network.model.decoder.embed_tokens.weight) is tied
    assert len(output) == len(tokenizer) == config.vocab_size + 2
    written = network.generate(torch.tensor([[5, 6, 7]]), max_new_tokens=3)
    assert written[0, 0] == decoder_start(network.config, 0) == tokenizer.eos_token_id


def test_what_does_not_fit_is_refused(tmp_path: Path, bert: Path) -> None:
    with pytest.raises(ModelError, match="does not become an encoder-decoder"):
        halves(tmp_path / "base", str(bert))
    with pytest.raises(ModelError, match="has 6 layers, and 7 are asked for"):
        halves(tmp_path / "base", "luthier-gpt", layers=7)
    values = {"name": "x", "task": {"kind": "generate"}, "data": {"train": "x.csv"}}
    for new, told in (
        ({"family": "encoder", "weights": "luthier-gpt"}, "weights is for an encoder_decoder"),
        ({"family": "encoder_decoder", "weights": "luthier-gpt", "width": 64},
         "width comes with the weights of luthier-gpt"),
    ):  # fmt: skip
        with pytest.raises(Exception, match=told):
            load_recipe({**values, "base": {"new": new}})
    whole = NewNetwork(family="encoder_decoder", weights="luthier-gpt")
    assert NewNetwork(**whole.model_dump()) == whole


def test_dropout_reaches_both_halves(made: Base) -> None:
    head = Head("AutoModelForSeq2SeqLM", {}, "SEQ_2_SEQ_LM")
    network = load_model(made, head, load_tokenizer(made), dropout=0.25).core
    shares = {part.p for part in network.modules() if isinstance(part, nn.Dropout)}
    assert shares == {0.25}
    assert {layer.self_attn.attention_dropout for layer in network.model.decoder.layers} == {0.25}


def test_softened_logits_are_not_left_to_the_loss(made: Base) -> None:
    """Published T5Gemma squeezes its logits, which is said of its decoder alone."""
    config = transformers.AutoConfig.from_pretrained(made.path)
    config.decoder.final_logit_softcapping = 5.0
    network = transformers.AutoModelForSeq2SeqLM.from_pretrained(made.path, config=config)
    defer_logits(network)
    ids = torch.arange(20, 30)[None]
    with torch.no_grad():
        assert network(input_ids=ids, decoder_input_ids=ids).logits.abs().max() <= 5.0
