"""Bases of every family, small enough to train in a second."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import (
    BertConfig,
    BertModel,
    GPT2Config,
    GPT2Model,
    LlamaConfig,
    LlamaModel,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    T5Config,
    T5Model,
)

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "</s>"]
DROPOUT = 0.1


def write_base(kind: str, folder: Path, words: list[str]) -> Path:
    """Write a tiny base with its tokenizer, as ``save_pretrained`` does."""
    tokenizer = _tokenizer(kind, words)
    torch.manual_seed(0)
    network = _network(kind, len(tokenizer))
    network.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _network(kind: str, vocabulary: int) -> PreTrainedModel:
    if kind == "bert":
        return BertModel(
            BertConfig(
                vocab_size=vocabulary, hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
                intermediate_size=64, max_position_embeddings=64, pad_token_id=0,
                initializer_range=0.2,
            )
        )  # fmt: skip
    if kind == "gpt2":
        return GPT2Model(
            GPT2Config(vocab_size=vocabulary, n_embd=32, n_layer=2, n_head=4, n_positions=64)
        )
    if kind == "llama":
        return LlamaModel(
            LlamaConfig(
                vocab_size=vocabulary, hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
                num_key_value_heads=2, intermediate_size=64, max_position_embeddings=64,
            )
        )  # fmt: skip
    return T5Model(
        T5Config(
            vocab_size=vocabulary, d_model=32, num_layers=2, num_heads=4, d_kv=8, d_ff=64,
            pad_token_id=0, decoder_start_token_id=0, eos_token_id=4,
        )
    )  # fmt: skip


def _tokenizer(kind: str, words: list[str]) -> PreTrainedTokenizerFast:
    ids = {token: index for index, token in enumerate([*SPECIAL, *words])}
    backend = Tokenizer(models.WordLevel(ids, unk_token="[UNK]"))
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    extra: dict[str, Any] = {}
    if kind == "bert":
        backend.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1",
            special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
        )  # fmt: skip
        extra = {
            "pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]",
            "model_input_names": ["input_ids", "token_type_ids", "attention_mask"],
        }  # fmt: skip
    if kind == "t5":
        backend.post_processor = processors.TemplateProcessing(
            single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 4)]
        )
        extra = {"pad_token": "[PAD]"}
    # Decoders come without a padding token, as most real ones do.
    return PreTrainedTokenizerFast(
        tokenizer_object=backend, unk_token="[UNK]", eos_token="</s>", **extra
    )
