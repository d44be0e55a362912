"""Texts that a decoder makes up, for people to see what it has learned."""

from __future__ import annotations

from typing import Any

import torch

from luthier.models.devices import seed_everything
from luthier.models.kernels.logits import compute_logits
from luthier.models.model import Model

LENGTH = 48
"""Tokens of a text."""

TEMPERATURE, TOP_P = 0.8, 0.95


def sampled(model: Model, count: int, seed: int) -> list[str]:
    """So many texts from nothing, by chance that follows from the seed.

    The network is left in evaluation and computes its logits; whoever trains it on sets it up.
    """
    tokenizer: Any = model.processor
    start = tokenizer.bos_token_id
    start = tokenizer.eos_token_id if start is None else start
    if not count or start is None:
        return []
    network: Any = model.network.eval()
    compute_logits(model.core)
    seed_everything(seed)
    ids = torch.full((count, 1), start, device=model.core.device)
    with torch.inference_mode():
        texts = network.generate(
            input_ids=ids, attention_mask=torch.ones_like(ids), do_sample=True,
            temperature=TEMPERATURE, top_p=TOP_P, top_k=0, max_new_tokens=LENGTH,
            pad_token_id=tokenizer.pad_token_id,
        )  # fmt: skip
    made: list[str] = tokenizer.batch_decode(texts, skip_special_tokens=True)
    return made
