"""An encoder-decoder whose halves both begin as one decoder (Zhang et al. 2025, arXiv:2504.06225).

A T5Gemma layer scales what attention and the feed-forward part add to the residual stream to one
length, where a Llama layer adds them as they are. The one length is therefore measured on texts.
Attention to the encoder begins as a copy of attention to the text so far: heads that look up what
came behind a word before find it in what was read, too.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import polars as pl
import torch
from torch import Tensor, nn
from transformers import (
    GenerationConfig,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    T5GemmaConfig,
    T5GemmaForConditionalGeneration,
)
from transformers.models.t5gemma.configuration_t5gemma import T5GemmaModuleConfig

from luthier.core.errors import ModelError
from luthier.models.bases import Base
from luthier.models.load import load_bare
from luthier.models.processors import load_tokenizer
from luthier.models.tokenizers import end_texts

MEASURED = 32, 256
"""Texts that lengths are measured on, and their tokens."""

KEPT = (
    "vocab_size", "hidden_size", "intermediate_size", "num_attention_heads", "head_dim",
    "num_key_value_heads", "max_position_embeddings", "rms_norm_eps", "rope_parameters",
    "attention_bias", "attention_dropout", "tie_word_embeddings",
)  # fmt: skip
"""Fields that mean the same in both configurations."""

PROJECTIONS = ("q_proj", "k_proj", "v_proj", "o_proj")


def write_halves(
    base: Base, folder: Path, texts: pl.Series, *, layers: int | None
) -> PreTrainedTokenizerBase:
    """Write the encoder-decoder of a decoder, and its tokenizer, which has a mask token.

    Args:
        base: A decoder of the Llama kind.
        folder: Where to.
        texts: Such as the decoder was trained on.
        layers: Of the encoder, the lowest; default: all.

    Raises:
        ModelError: If the base is no such decoder, or has not so many layers.
    """
    decoder, _ = load_bare(base, "AutoModelForCausalLM")
    config = decoder.config
    if config.model_type != "llama" or config.mlp_bias:
        raise ModelError(
            "The base '{name}' ({kind}) does not become an encoder-decoder.",
            where="base.new.weights",
            hint="Take a decoder of the Llama kind, such as luthier-gpt.",
            name=base.name,
            kind=config.model_type,
        )
    most = config.num_hidden_layers
    if layers is not None and layers > most:
        raise ModelError(
            "The base '{name}' has {most} layers, and {layers} are asked for.",
            where="base.new.layers",
            hint="Ask for fewer.",
            name=base.name,
            most=most,
            layers=layers,
        )
    tokenizer = load_tokenizer(base)
    lengths = _lengths(decoder, tokenizer, texts)
    _complete(tokenizer)
    network = T5GemmaForConditionalGeneration(_config(config, tokenizer, layers or most))
    with torch.no_grad():
        _fill(network, decoder, lengths)
    network.generation_config = GenerationConfig(  # type: ignore[no-untyped-call]
        eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        decoder_start_token_id=network.config.decoder_start_token_id,
    )  # fmt: skip
    network.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return tokenizer


def _complete(tokenizer: PreTrainedTokenizerBase) -> None:
    """Give a decoder's tokenizer a mask, padding of its own, and texts that end."""
    if tokenizer.mask_token_id is None:
        tokenizer.add_special_tokens({"mask_token": "<mask>"})
    if tokenizer.pad_token_id in (tokenizer.eos_token_id, tokenizer.bos_token_id):
        # transformers takes the padding that a decoder reads for no text at all.
        tokenizer.add_special_tokens({"pad_token": "<pad>"})
    end_texts(tokenizer)


def _config(
    decoder: PretrainedConfig, tokenizer: PreTrainedTokenizerBase, layers: int
) -> T5GemmaConfig:
    start = tokenizer.bos_token_id
    start = tokenizer.eos_token_id if start is None else start
    signs = {
        "bos_token_id": start, "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }  # fmt: skip
    kept = {name: getattr(decoder, name) for name in KEPT}
    kept["vocab_size"] = max(decoder.vocab_size, len(tokenizer))

    def half(depth: int) -> T5GemmaModuleConfig:
        return T5GemmaModuleConfig(
            **kept, **signs, num_hidden_layers=depth, hidden_activation=decoder.hidden_act,
            query_pre_attn_scalar=decoder.head_dim, layer_types=["full_attention"] * depth,
            attn_logit_softcapping=None, final_logit_softcapping=None,
        )  # fmt: skip

    config = T5GemmaConfig(
        encoder=half(layers), decoder=half(decoder.num_hidden_layers), **signs,
        vocab_size=kept["vocab_size"], tie_word_embeddings=decoder.tie_word_embeddings,
        attention_dropout=decoder.attention_dropout,
    )  # fmt: skip
    config.decoder_start_token_id = start
    return config


def _lengths(
    decoder: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, texts: pl.Series
) -> dict[str, float]:
    """Mean root mean square, over tokens, of what each part of each layer adds."""
    seen: dict[str, list[Tensor]] = {}
    hooks = []
    for number, layer in enumerate(decoder.model.layers):
        for part in ("self_attn", "mlp"):

            def keep(_: nn.Module, __: Any, made: Any, name: str = f"{number}.{part}") -> None:
                added = made[0] if isinstance(made, tuple) else made
                seen.setdefault(name, []).append(added.square().mean(-1).sqrt().flatten())

            hooks.append(getattr(layer, part).register_forward_hook(keep))
    count, most = MEASURED
    for text in texts.drop_nulls().gather_every(max(1, len(texts) // count)).head(count):
        ids = tokenizer(text[: 8 * most], truncation=True, max_length=most)["input_ids"]
        if ids:
            with torch.inference_mode():
                decoder(torch.tensor([ids]), use_cache=False)
    for hook in hooks:
        hook.remove()
    return {name: float(torch.cat(added).mean()) for name, added in seen.items()}


def _fill(
    network: T5GemmaForConditionalGeneration, decoder: PreTrainedModel, lengths: dict[str, float]
) -> None:
    # Gemma multiplies embeddings by the root of the width. All else that is added is made as much
    # longer, so that the tables stay as they are and learn at the rates that they are used to.
    longer = math.sqrt(decoder.config.hidden_size)
    encoder, writer = network.model.encoder, network.model.decoder
    for half in (encoder, writer):
        _embed(half.embed_tokens.weight, decoder.model.embed_tokens.weight)
        for number, (layer, known) in enumerate(
            zip(half.layers, decoder.model.layers, strict=False)
        ):
            _copy(layer.self_attn, known.self_attn, PROJECTIONS)
            _copy(layer.mlp, known.mlp, ("gate_proj", "up_proj", "down_proj"))
            _norm(layer.pre_self_attn_layernorm, known.input_layernorm.weight)
            _norm(layer.pre_feedforward_layernorm, known.post_attention_layernorm.weight)
            attention = longer * lengths[f"{number}.self_attn"]
            _norm(layer.post_self_attn_layernorm, attention)
            _norm(layer.post_feedforward_layernorm, longer * lengths[f"{number}.mlp"])
            if half is writer:
                _copy(layer.cross_attn, known.self_attn, PROJECTIONS)
                _norm(layer.pre_cross_attn_layernorm, known.input_layernorm.weight)
                _norm(layer.post_cross_attn_layernorm, attention)
        _norm(half.norm, decoder.model.norm.weight)
    if network.config.tie_word_embeddings:
        network.tie_weights()
    else:
        _embed(network.lm_head.out_proj.weight, decoder.lm_head.weight)


def _embed(table: Tensor, known: Tensor) -> None:
    """Rows of the decoder's tokens; of those that it has not, their mean."""
    table[: len(known)] = known
    table[len(known) :] = known.mean(0)


def _copy(layer: nn.Module, known: nn.Module, names: tuple[str, ...]) -> None:
    for name in names:
        getattr(layer, name).load_state_dict(getattr(known, name).state_dict())


def _norm(norm: Any, scale: Tensor | float) -> None:
    """Gemma's norms scale by one more than their weight."""
    norm.weight.copy_(torch.as_tensor(scale) - 1.0)
