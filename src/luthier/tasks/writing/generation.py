"""Writing with a network, and the loss of what it should have written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from transformers import GenerationConfig, PreTrainedTokenizerBase

from luthier.metrics import Written
from luthier.models.devices import seed_everything
from luthier.models.kernels.cross_entropy import Deferred, cross_entropy, token_losses
from luthier.models.kernels.logits import compute_logits
from luthier.models.model import Head, core_of
from luthier.tasks.task import IGNORED, Batch, inputs_of
from luthier.tasks.writing.batches import Signs, predicted, trained_part

SEED = 0
"""Of texts that are drawn by chance."""


@dataclass(frozen=True)
class Output:
    """What a network made of a batch to write from."""

    sequences: Tensor | None
    """(rows, tokens) what it wrote, filled up; None: it was not asked to."""
    losses: Tensor | None
    """(rows,) negative log-likelihood of the targets; None: there are none."""
    tokens: Tensor | None
    """(rows,) tokens of the targets."""


def head(signs: Signs, settings: Mapping[str, Any]) -> Head:
    """The network that writes, with what it is to know of writing."""
    if signs.start is None:
        return Head("AutoModelForCausalLM", {}, "CAUSAL_LM", dict(settings))
    return Head("AutoModelForSeq2SeqLM", {}, "SEQ_2_SEQ_LM", dict(settings))


def written(
    network: nn.Module, batch: Batch, signs: Signs, settings: Mapping[str, Any], *, write: bool
) -> Output:
    """Write from the prompts of a batch, and weigh its targets where it has any.

    Args:
        network: A transformers network that generates, or the peft model around it.
        batch: From :func:`luthier.tasks.writing.batches.to_write`, where the network is.
        signs: Of the base.
        settings: Of generation.
        write: Whether to write.
    """
    sequences = None
    if write:
        prompts = inputs_of(batch)
        seed_everything(SEED)
        writer: Any = network
        compute_logits(core_of(network))
        config = GenerationConfig(**settings)  # type: ignore[no-untyped-call]
        whole = writer.generate(**prompts, generation_config=config)
        start = prompts["input_ids"].shape[1] if signs.start is None else 1
        sequences = whole[:, start:]
    trained = trained_part(batch)
    if not trained:
        return Output(sequences, None, None)
    labels = trained.pop("labels")
    logits, labels = predicted(signs, network(**trained).logits, labels)
    losses = token_losses(logits, labels)
    return Output(sequences, losses.double().sum(1), (labels != IGNORED).sum(1))


def loss(
    logits: Tensor | Deferred, labels: Tensor, signs: Signs, *, smoothing: float
) -> tuple[Tensor, float]:
    """Cross-entropy of all tokens with a label, summed, and their number.

    Args:
        logits: (rows, length, vocabulary), or what they are to be computed from.
        labels: (rows, length).
        signs: Of the base.
        smoothing: Share of the probability that all tokens are to have alike.
    """
    logits, labels = predicted(signs, logits, labels)
    return cross_entropy(logits, labels, smoothing=smoothing), float((labels != IGNORED).sum())


def read(
    output: Output, tokenizer: PreTrainedTokenizerBase, ends: int | Sequence[int]
) -> list[Written]:
    """What was written, row by row.

    Args:
        output: From :func:`written`.
        tokenizer: The base's.
        ends: Tokens that end a text.
    """
    texts: Sequence[str | None]
    if output.sequences is None:
        assert output.losses is not None
        texts, ended = [None] * len(output.losses), [True] * len(output.losses)
    else:
        texts = [
            text.strip()
            for text in tokenizer.batch_decode(output.sequences, skip_special_tokens=True)
        ]
        known_ends = torch.tensor([ends] if isinstance(ends, int) else list(ends))
        stops = known_ends.to(output.sequences.device)
        ended = torch.isin(output.sequences, stops).any(1).tolist()
    if output.losses is None or output.tokens is None:
        return [Written(*pair) for pair in zip(texts, ended, strict=True)]
    known = output.losses.tolist(), output.tokens.tolist()
    return [Written(*row) for row in zip(texts, ended, *known, strict=True)]
