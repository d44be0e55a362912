"""Bases with heads, loaded and saved as transformers and peft do."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
import transformers
from peft import PeftModel
from safetensors import SafetensorError
from transformers import (
    GenerationConfig,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from luthier.core.errors import ModelError
from luthier.models import adapters
from luthier.models.bases import NEW, Base
from luthier.models.checks import check_loaded, check_size
from luthier.models.families import HEAD
from luthier.models.heads.classes import same_classes
from luthier.models.images import ImageProcessor
from luthier.models.kernels.logits import compute_logits
from luthier.models.model import Head, Model
from luthier.models.prefix_tuning import take_prefixes
from luthier.models.processors import Processor, Quiet, unusable
from luthier.models.quantized import quantize, quantized

DROPOUT_FIELDS = (
    "hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout",
    "hidden_dropout", "attention_dropout", "seq_classif_dropout", "dropout", "dropout_rate",
    "resid_pdrop", "embd_pdrop", "attn_pdrop", "embedding_dropout", "mlp_dropout",
    "classifier_dropout_prob",
)  # fmt: skip
"""Names under which transformers configurations keep dropout probabilities."""


def load_model(
    base: Base,
    head: Head,
    processor: Processor,
    *,
    seed: int = 0,
    dropout: float | None = None,
) -> Model:
    """A base with a new head, or its own if that tells the same classes; in fp32 on the CPU.

    Args:
        base: What to load; adapters are merged into the base that they were trained on.
        head: The task layers.
        processor: The base's, from :func:`load_processor`.
        seed: Decides the values of a new head.
        dropout: Replaces every dropout probability of the configuration.

    Raises:
        ModelError: If the folder is not a model that can carry this head.
    """
    if adapters.are_adapters(base.path):
        beneath = adapters.base_beneath(base)
        model = load_model(beneath, head, processor, seed=seed, dropout=dropout)
        model.new -= adapters.merge(model, base.path, whole_head=_tells(base, head))
        return model
    try:
        known = _tells(base, head)
        config = _configuration(base, head, processor, dropout)
        torch.manual_seed(seed)
        with Quiet():
            network, missing, random = _network(base, head.network_class(config), config)
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        raise unusable(base, error) from None
    check_loaded(base, network, missing)
    if head.generation is not None:
        network.generation_config = GenerationConfig(**head.generation)  # type: ignore[no-untyped-call]
    if isinstance(processor, ImageProcessor):
        check_size(base, network, processor)
    model = Model(network, processor, head, frozenset(random))
    if not known and model.select(f"@{HEAD}") - model.new:
        # The base's head tells other classes, as many as the task has.
        torch.manual_seed(seed)
        model.initialise(model.select(f"@{HEAD}"))
        model.new |= model.select(f"@{HEAD}")
    return model


def _tells(base: Base, head: Head) -> bool:
    """Whether the head that was saved with a base tells the classes of another."""
    return same_classes(transformers.AutoConfig.from_pretrained(base.path), head.config)


def _configuration(
    base: Base, head: Head, processor: Processor, dropout: float | None
) -> PretrainedConfig:
    """The base's configuration with the head's fields and the recipe's dropout."""
    config: PretrainedConfig = transformers.AutoConfig.from_pretrained(base.path)
    for key, value in head.config.items():
        setattr(config, key, value)
    if dropout is not None:
        set_dropout(config, dropout)
    if isinstance(processor, PreTrainedTokenizerBase):
        config.pad_token_id = processor.pad_token_id
    return config


def set_dropout(config: PretrainedConfig, probability: float) -> None:
    """Set every dropout probability of a configuration and of its parts."""
    for part in (config, *vars(config).values()):
        for key in DROPOUT_FIELDS if isinstance(part, PretrainedConfig) else ():
            if hasattr(part, key):
                setattr(part, key, probability)


def _network(
    base: Base, kind: Any, config: PretrainedConfig
) -> tuple[PreTrainedModel, Iterable[str], Iterable[str]]:
    """A network of a base, the tensors that its files lack, and those that are random.

    Random are also those of another size than the task needs, and of a new base all.
    """
    if base.origin == NEW:
        made = kind._from_config if issubclass(kind, PreTrainedModel) else kind.from_config
        network = made(config)
        return network, (), [name for name, _ in network.named_parameters()]
    network, loading = kind.from_pretrained(
        base.path,
        config=config,
        dtype=torch.float32,
        use_safetensors=True,
        ignore_mismatched_sizes=True,
        output_loading_info=True,
    )
    other = {name for name, *_ in loading["mismatched_keys"]}
    return network, loading["missing_keys"], other.union(loading["missing_keys"])


def load_bare(base: Base, auto_class: str) -> tuple[PreTrainedModel, list[str]]:
    """A base as it is, in fp32 on the CPU, and the tensors that its files lack.

    Args:
        base: What to load.
        auto_class: transformers' auto class, e.g. ``AutoModelForMaskedLM``.

    Raises:
        ModelError: If the folder is no such model.
    """
    try:
        with Quiet():
            network, loading = getattr(transformers, auto_class).from_pretrained(
                base.path, dtype=torch.float32, use_safetensors=True, output_loading_info=True
            )
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        raise unusable(base, error) from None
    check_loaded(base, network, loading["missing_keys"])
    return network, sorted(loading["missing_keys"])


def load_tuned(folder: Path, base: Base, head: Head, processor: Processor) -> Model:
    """A model as :func:`save_model` wrote it: whole, or adapters with their ``base``.

    Raises:
        ModelError: If the base of the adapters is no longer there.
    """
    if not (folder / "adapter_config.json").is_file():
        tuned = Base(folder.name, folder, "run")
        return load_model(tuned, head, processor)
    if not base.path.is_dir():
        raise ModelError(
            "The adapters' base '{name}' is no longer at {path}.",
            where=str(folder),
            hint="Put it back, or tune with merge: true so that it is not needed.",
            name=base.name,
            path=str(base.path),
        )
    model = load_model(base, head, processor)
    bits = quantized(transformers.AutoConfig.from_pretrained(folder))
    if bits:
        quantize(model.core, bits)
    with Quiet():
        model.network = PeftModel.from_pretrained(model.core, str(folder))
    model.new = frozenset()
    if model.network.active_peft_config.is_prompt_learning:
        take_prefixes(model.core)
    return model


def save_model(model: Model, folder: Path) -> None:
    """Write the network and processor as transformers (or peft) reads them, no luthier needed."""
    compute_logits(model.core)
    with Quiet():
        network: Any = model.network
        network.save_pretrained(folder)
        model.core.config.save_pretrained(folder)
        model.processor.save_pretrained(folder)
