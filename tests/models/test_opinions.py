"""Opinions: what has a label is compared, in every layout of logits."""

from __future__ import annotations

from types import SimpleNamespace as Said

import pytest
import torch
from torch.nn import functional

from luthier.models.kernels.cross_entropy import Deferred
from luthier.models.opinions import CLOSED, Opinion, divergence, foretold, opinions


def test_layouts_are_told_by_labels() -> None:
    logits = torch.randn(2, 3, 4)
    (tagged,) = opinions(Said(logits=logits), torch.tensor([[1, -100, 2], [0, -100, -100]]))
    assert torch.equal(tagged.logits, logits[[0, 0, 1], [0, 2, 0]])
    (several,) = opinions(Said(logits=logits[0]), torch.ones(3, 4))
    assert (several.kind, several.logits.shape) == ("each", (12,))
    (scored,) = opinions(Said(logits=logits[0, :, :1]), torch.ones(3))
    assert (scored.kind, scored.logits.shape) == ("number", (3,))
    for output in (Said(), Said(logits=None), Said(logits=torch.ones(5, 2))):
        with pytest.raises(ValueError, match="logits"):
            opinions(output, torch.zeros(3, dtype=torch.long))


def test_tokens_are_foretold_where_they_have_labels() -> None:
    hidden, labels = torch.randn(2, 3, 4), torch.tensor([[1, -100, 2], [-100, 0, -100]])
    weight = torch.randn(6, 4)
    deferred = foretold(Deferred(hidden, weight, None, torch.float32), labels)
    whole = foretold(hidden @ weight.T, labels)
    assert whole.logits.shape == (3, 6)
    torch.testing.assert_close(deferred.logits, whole.logits)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 4.0])
def test_divergence_of_choices_is_torchs(temperature: float) -> None:
    own, first, second = torch.randn(3, 7, 5)
    own[:, 4] = first[:, 4] = second[:, 4] = CLOSED
    p = ((first / temperature).softmax(-1) + (second / temperature).softmax(-1)) / 2
    q = (own / temperature).log_softmax(-1)
    expected = temperature**2 * functional.kl_div(q[:, :4], p[:, :4], reduction="batchmean")
    teachers = [[Opinion(first, "one")], [Opinion(second, "one")]]
    found = divergence([Opinion(own, "one")], teachers, temperature)
    torch.testing.assert_close(found, expected)


def test_divergence_of_yes_and_no_and_of_numbers() -> None:
    own, other = torch.randn(2, 6)
    both = divergence([Opinion(own, "each")], [[Opinion(other, "each")]])
    p, q = other.sigmoid(), own.sigmoid()
    expected = p * (p / q).log() + (1 - p) * ((1 - p) / (1 - q)).log()
    torch.testing.assert_close(both, expected.mean())
    apart = divergence([Opinion(own, "number")], [[Opinion(other, "number")]])
    torch.testing.assert_close(apart, functional.mse_loss(own, other))


def test_no_question_and_equal_answers_are_nothing_apart() -> None:
    none = Opinion(torch.zeros(0, 3), "one")
    assert divergence([none], [[none]]) == 0
    same = Opinion(torch.randn(4, 3), "one")
    assert divergence([same], [[same]]).item() == pytest.approx(0, abs=1e-6)
