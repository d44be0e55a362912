"""How much a device is given at a time."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from luthier.models.devices import USUAL_TOKENS, token_budget


def test_what_is_asked_holds_everywhere() -> None:
    assert token_budget(100, torch.device("cpu")) == 100
    assert token_budget(100, torch.device("cuda")) == 100


@pytest.mark.parametrize(("gib", "times"), [(4, 1), (24, 2), (80, 8), (141, 14)])
def test_a_gpu_gets_more_by_its_memory(
    monkeypatch: pytest.MonkeyPatch, gib: int, times: int
) -> None:
    found = SimpleNamespace(total_memory=gib * 2**30)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: found)
    assert token_budget(None, torch.device("cuda")) == times * USUAL_TOKENS
    assert token_budget(None, torch.device("cpu")) == USUAL_TOKENS
