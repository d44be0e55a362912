"""The training kernels compute what torch's compute."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.helpers import classifier, model_for

from luthier.models import kernels
from luthier.models.kernels import causal
from luthier.models.kernels.attention import _Attention
from luthier.models.kernels.causal import _Causal, attend_causally
from luthier.models.kernels.dropout import FastDropout, keep_mask


@pytest.mark.parametrize("p", [0.1, 0.25, 0.5, 0.9])
def test_dropout_keeps_the_expected_share(p: float) -> None:
    torch.manual_seed(0)
    keep, scale = keep_mask(torch.empty(1_000_000), p)
    rounded = round(p * 256) / 256
    assert keep.mean().item() == pytest.approx(1 - rounded, abs=0.002)
    assert scale == pytest.approx(1 / (1 - rounded), rel=1e-12)


def test_dropout_draws_every_position_independently() -> None:
    torch.manual_seed(0)
    keep = keep_mask(torch.empty(4000, 64), 0.5)[0]
    correlation = torch.corrcoef(keep.T) - torch.eye(64)
    assert correlation.abs().max() < 0.08


def test_dropout_gradient_is_the_mask_of_the_forward() -> None:
    torch.manual_seed(0)
    x = torch.ones(1000, requires_grad=True)
    out = FastDropout(0.3).train()(x)
    out.sum().backward()
    assert torch.equal(out.detach(), x.grad)


def test_dropout_does_nothing_in_evaluation() -> None:
    x = torch.randn(10)
    assert torch.equal(FastDropout(0.5).eval()(x), x)


def assert_same(ours: torch.Tensor, theirs: torch.Tensor, inputs: tuple[torch.Tensor, ...]) -> None:
    """Both have the same values and the same gradients for the inputs."""
    torch.testing.assert_close(ours, theirs)
    weight = torch.randn_like(ours)
    for mine, reference in zip(
        torch.autograd.grad((ours * weight).sum(), inputs),
        torch.autograd.grad((theirs * weight).sum(), inputs),
        strict=True,
    ):
        torch.testing.assert_close(mine, reference)


@settings(max_examples=25, deadline=None)
@given(
    st.integers(1, 3), st.integers(1, 4), st.integers(1, 9), st.integers(1, 8), st.integers(0, 99)
)
def test_attention_equals_torch_forward_and_backward(
    batch: int, heads: int, length: int, size: int, seed: int
) -> None:
    torch.manual_seed(seed)
    q, k, v = (
        torch.randn(batch, heads, length, size, dtype=torch.float64, requires_grad=True)
        for _ in range(3)
    )
    visible = torch.rand(batch, 1, 1, length) > 0.3
    visible[..., 0] = True
    mask = torch.zeros(batch, 1, length, length, dtype=torch.float64)
    mask.masked_fill_(~visible, torch.finfo(torch.float64).min)
    ours = _Attention.apply(q, k, v, mask, size**-0.5, 0.0).transpose(1, 2)
    theirs = torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)
    assert_same(ours, theirs, (q, k, v))


def test_attention_gradient_with_dropout_is_that_of_its_forward() -> None:
    q, k, v = (torch.randn(2, 2, 5, 4, dtype=torch.float64, requires_grad=True) for _ in range(3))

    def attend(*inputs: torch.Tensor) -> torch.Tensor:
        torch.manual_seed(3)
        return _Attention.apply(*inputs, None, 0.5, 0.3)

    assert torch.autograd.gradcheck(attend, (q, k, v))


@pytest.mark.parametrize("in_hand", [1, 2**17])
@pytest.mark.parametrize("queries", [1, 4, 128])
def test_causal_attention_equals_torch_forward_and_backward(
    monkeypatch: pytest.MonkeyPatch, queries: int, in_hand: int
) -> None:
    monkeypatch.setattr(causal, "QUERIES", queries)
    monkeypatch.setattr(causal, "IN_HAND", in_hand)
    torch.manual_seed(0)
    q, k, v = (torch.randn(2, 3, 11, 4, dtype=torch.float64, requires_grad=True) for _ in range(3))
    ours = _Causal.apply(q, k, v, 0.4, 0.0)
    theirs = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True, scale=0.4)
    assert_same(ours, theirs, (q, k, v))


def test_causal_attention_within_autocast_is_that_of_fp32() -> None:
    """What a decoder gives it there: queries and keys that were turned in fp32, values in bf16."""
    torch.manual_seed(0)
    q, k = (torch.randn(1, 2, 300, 8, requires_grad=True) for _ in range(2))
    v = torch.randn(1, 2, 300, 8).bfloat16().requires_grad_()
    with torch.autocast("cpu", torch.bfloat16):
        ours = attend_causally(q, k, v, scale=0.4, dropout=0.0)
        found = torch.autograd.grad(ours.square().sum(), (q, k, v))
    theirs = torch.nn.functional.scaled_dot_product_attention(
        q, k, v.float(), is_causal=True, scale=0.4
    )
    assert ours.dtype == torch.float32
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)
    wanted = torch.autograd.grad(theirs.square().sum(), (q, k, v))
    for got, want in zip(found, wanted, strict=True):
        assert got.dtype == want.dtype
        torch.testing.assert_close(got, want, rtol=1e-2, atol=1e-3)


def test_causal_attention_gradient_with_dropout_is_that_of_its_forward(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(causal, "QUERIES", 2)
    q, k, v = (torch.randn(2, 2, 5, 4, dtype=torch.float64, requires_grad=True) for _ in range(3))

    def attend(*inputs: torch.Tensor) -> torch.Tensor:
        torch.manual_seed(3)
        return _Causal.apply(*inputs, 0.5, 0.3)

    assert torch.autograd.gradcheck(attend, (q, k, v))


def test_causal_attention_drops_what_it_is_asked_to() -> None:
    torch.manual_seed(0)
    q, k = torch.zeros(1, 1, 300, 8), torch.zeros(1, 1, 300, 8)
    v = torch.ones(1, 1, 300, 8)
    out = attend_causally(q, k, v, scale=1.0, dropout=0.25)
    # With equal weights a query's output is the share of keys that were kept, scaled back.
    assert out[0, 0, 0].unique().item() in (0.0, pytest.approx(4 / 3))
    assert out.mean().item() == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize("padded", [False, True])
def test_network_computes_the_same_with_and_without_kernels(bert: Path, padded: bool) -> None:
    model = model_for(classifier(bert), bert, dropout=0.0)
    model.network.double()
    ids, mask = torch.randint(5, 30, (3, 7)), torch.ones(3, 7, dtype=torch.long)
    if padded:
        mask[0, 4:] = 0

    def logits_and_gradients() -> list[torch.Tensor]:
        model.core.zero_grad()
        logits = model.core.train()(input_ids=ids, attention_mask=mask).logits
        logits.square().sum().backward()
        return [logits.detach(), *(p.grad.clone() for p in model.core.parameters())]

    standard = logits_and_gradients()
    kernels.use_fast(model.core)
    fast = logits_and_gradients()
    kernels.use_standard(model.core)
    again = logits_and_gradients()
    for before, during, after in zip(standard, fast, again, strict=True):
        torch.testing.assert_close(during, before)
        torch.testing.assert_close(after, before)


def test_saved_configuration_does_not_name_the_kernels(bert: Path, tmp_path: Path) -> None:
    model = model_for(classifier(bert), bert)
    kernels.use_fast(model.core)
    model.core.config.save_pretrained(tmp_path)
    assert "luthier" not in (tmp_path / "config.json").read_text()
