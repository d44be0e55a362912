"""The loss without its logits equals the plain one, and packed documents equal separate ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional
from transformers import (
    AutoModelForCausalLM,
    BertConfig,
    BertForMaskedLM,
    GPT2Config,
    LlamaConfig,
    Qwen2Config,
    T5Config,
    T5ForConditionalGeneration,
)

from luthier.data.packing import IGNORED, fill_blocks, join, stack
from luthier.models import kernels
from luthier.models.kernels import cross_entropy as kernel
from luthier.models.kernels.cross_entropy import Deferred, cross_entropy, token_losses
from luthier.models.kernels.logits import compute_logits, defer_logits

SMALL: dict[str, Any] = {"vocab_size": 61}
LLAMA = LlamaConfig(
    **SMALL, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
    intermediate_size=48, initializer_range=0.3, max_position_embeddings=64,
)  # fmt: skip
QWEN = Qwen2Config(
    **SMALL, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
    intermediate_size=48, initializer_range=0.3, max_position_embeddings=64,
)  # fmt: skip
GPT2 = GPT2Config(
    **SMALL, n_embd=32, n_layer=2, n_head=4, n_positions=64, initializer_range=0.3,
    attn_pdrop=0.0, resid_pdrop=0.0, embd_pdrop=0.0,
)  # fmt: skip


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("chunk", [61, 61 * 7, 2**20])
def test_value_and_gradients_are_those_of_the_plain_loss(
    monkeypatch: pytest.MonkeyPatch, bias: bool, chunk: int, smoothing: float
) -> None:
    monkeypatch.setattr(kernel, "MOST_LOGITS", {"cpu": chunk})
    torch.manual_seed(0)
    layer = torch.nn.Linear(16, 61, bias=bias)
    hidden = torch.randn(3, 11, 16, requires_grad=True)
    labels = torch.randint(0, 61, (3, 11))
    labels[torch.rand(3, 11) < 0.3] = IGNORED
    plain = cross_entropy(layer(hidden), labels, smoothing=smoothing)
    reference = functional.cross_entropy(
        layer(hidden).view(-1, 61), labels.view(-1), label_smoothing=smoothing
    )
    torch.testing.assert_close(plain / (labels != IGNORED).sum(), reference)
    inputs = [hidden, *layer.parameters()]
    wanted = torch.autograd.grad(plain * 0.7, inputs)
    deferred = Deferred(hidden, layer.weight, layer.bias, torch.float32)
    ours = cross_entropy(deferred, labels, smoothing=smoothing)
    torch.testing.assert_close(ours, plain)
    for got, want in zip(torch.autograd.grad(ours * 0.7, inputs), wanted, strict=True):
        torch.testing.assert_close(got, want, rtol=1e-5, atol=1e-6)
    each = token_losses(deferred, labels)
    torch.testing.assert_close(each, token_losses(layer(hidden), labels))
    if not smoothing:
        torch.testing.assert_close(each.sum(), plain.detach())


def test_loss_of_what_seemed_impossible_is_exact() -> None:
    hidden = torch.tensor([[200.0, 0.0]], requires_grad=True)
    layer = torch.eye(3, 2).requires_grad_()
    found = cross_entropy(Deferred(hidden, layer, None, torch.float32), torch.tensor([1]))
    assert found.item() == 200.0


@pytest.mark.parametrize("attention", ["sdpa", "eager", "fast"])
@pytest.mark.parametrize("config", [LLAMA, QWEN, GPT2], ids=lambda config: config.model_type)
def test_packed_equals_alone(config: Any, attention: str) -> None:
    torch.manual_seed(0)
    standard = "sdpa" if attention == "fast" else attention
    network = AutoModelForCausalLM.from_config(config, attn_implementation=standard).eval()
    defer_logits(network)
    if attention == "fast":
        kernels.use_fast(network)
    random = np.random.default_rng(0)
    lengths = [5, 17, 1, 9, 22, 3, 30]
    examples = [{"input_ids": (ids := random.integers(0, 61, n)), "labels": ids} for n in lengths]
    blocks = fill_blocks(lengths, 32)
    assert sorted(number for block in blocks for number in block) == list(range(len(lengths)))
    batch = stack([join([examples[number] for number in block]) for block in blocks], padding=0)
    packed = _losses(network, batch)
    for row, block in enumerate(blocks):
        start = 0
        for number in block:
            kernels.use_standard(network)
            alone = _losses(network, stack([join([examples[number]])], padding=0))[0]
            inside = packed[row, start : start + lengths[number]]
            torch.testing.assert_close(inside, alone, rtol=1e-5, atol=1e-5)
            start += lengths[number]


def _losses(network: Any, batch: dict[str, Any]) -> torch.Tensor:
    tensors = {name: torch.from_numpy(values) for name, values in batch.items()}
    labels = torch.nn.functional.pad(tensors.pop("labels"), (0, 1), value=IGNORED)[:, 1:]
    with torch.no_grad():
        output = network(**tensors).logits
    assert isinstance(output, Deferred)
    shifted = token_losses(output, labels)
    return torch.nn.functional.pad(shifted, (1, 0))[:, :-1]


def test_deferring_is_undone() -> None:
    torch.manual_seed(0)
    bert = BertForMaskedLM(
        BertConfig(
            **SMALL, hidden_size=32, num_hidden_layers=1, num_attention_heads=4,
            intermediate_size=48,
        )
    ).eval()  # fmt: skip
    t5 = T5ForConditionalGeneration(
        T5Config(**SMALL, d_model=32, num_layers=1, num_heads=4, d_kv=8, d_ff=48)
    ).eval()
    ids = torch.randint(0, 61, (2, 7))
    for network, inputs in ((bert, {}), (t5, {"decoder_input_ids": ids})):
        before = dict(network.config.to_dict())
        plain = network(ids, **inputs).logits
        defer_logits(network)
        deferred = network(ids, **inputs)
        assert getattr(deferred, "cache", None) is None
        torch.testing.assert_close(deferred.logits.logits(), plain)
        compute_logits(network)
        assert network.config.to_dict() == before
        torch.testing.assert_close(network(ids, **inputs).logits, plain)


def test_an_example_longer_than_a_block_is_refused() -> None:
    with pytest.raises(ValueError, match="9 tokens in blocks of 8"):
        fill_blocks([3, 9], 8)


@pytest.mark.parametrize("config", [LLAMA, QWEN], ids=lambda config: config.model_type)
def test_attention_by_document_has_the_gradients_of_a_mask(config: Any) -> None:
    torch.manual_seed(0)
    network = AutoModelForCausalLM.from_config(config, attn_implementation="sdpa").train()
    defer_logits(network)
    ids = torch.randint(0, 61, (4, 12))
    places = torch.stack(
        [torch.arange(12), torch.arange(12), torch.arange(12) % 5, torch.arange(12) % 7]
    )
    found = []
    for prepare in (kernels.use_standard, kernels.use_fast):
        prepare(network)
        network.zero_grad()
        cross_entropy(network(ids, position_ids=places).logits, ids).backward()
        found.append([parameter.grad.clone() for parameter in network.parameters()])
    assert network.config._attn_implementation == "luthier_documents"
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=5e-5)
    # Nothing looks at padding, on whichever side it is.
    for padding in (slice(9, None), slice(0, 3)):
        mask = torch.ones_like(ids)
        mask[1, padding] = 0
        kernels.use_fast(network)
        padded = network(ids, attention_mask=mask).logits.hidden
        kernels.use_standard(network)
        plain = network(ids, attention_mask=mask).logits.hidden
        torch.testing.assert_close(padded[mask > 0], plain[mask > 0], rtol=1e-4, atol=1e-5)
