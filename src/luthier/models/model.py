"""A network with its processor: what techniques work on and training fits."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import torch
import transformers
from peft import PeftModel
from safetensors import SafetensorError
from torch import nn
from transformers import (
    GenerationConfig,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from luthier.core.errors import ModelError, RecipeError
from luthier.models import adapters
from luthier.models.bases import NEW, Base
from luthier.models.families import HEAD, DepthGroup, Family, depth_groups, family_of
from luthier.models.heads.classes import same_classes
from luthier.models.heads.own import OwnNetwork, network_for
from luthier.models.images import ImageProcessor
from luthier.models.kernels.logits import compute_logits
from luthier.models.patterns import matching
from luthier.models.prefix_tuning import take_prefixes

DROPOUT_FIELDS = (
    "hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout",
    "hidden_dropout", "attention_dropout", "seq_classif_dropout", "dropout", "dropout_rate",
    "resid_pdrop", "embd_pdrop", "attn_pdrop", "embedding_dropout", "mlp_dropout",
    "classifier_dropout_prob",
)  # fmt: skip
"""Names under which transformers configurations keep dropout probabilities."""

OFFSET = {"roberta", "xlm-roberta", "camembert", "xlm-roberta-xl", "roberta-prelayernorm"}
"""Model types whose first position has the number after ``pad_token_id``."""

NO_LIMIT = 10**9

Processor: TypeAlias = PreTrainedTokenizerBase | ImageProcessor
"""What turns rows into the network's input: a tokenizer, or what scales images."""


@dataclass(frozen=True)
class Head:
    """The task layers to put on a base."""

    network: str | type[OwnNetwork]
    """transformers' auto class, e.g. ``AutoModelForSequenceClassification``, or one of ours."""
    config: dict[str, Any]
    """Fields of the configuration: labels, problem type."""
    peft_task: str | None
    """peft's task type, e.g. ``SEQ_CLS``; None for networks of ours."""
    generation: Mapping[str, Any] | None = None
    """Settings of generation that are saved with a network that writes."""

    def network_class(self, config: PretrainedConfig) -> Any:
        """What has ``from_pretrained`` for a base of this configuration.

        Raises:
            ValueError: If there is no such network of this architecture.
        """
        if isinstance(self.network, str):
            return getattr(transformers, self.network)
        return network_for(self.network, config)


@dataclass
class Model:
    """A network with its processor and head."""

    network: nn.Module
    """A transformers network, or the peft model around it."""
    processor: Processor
    head: Head
    new: frozenset[str] = frozenset()
    """Parameters that the base's files lack, so that they are random: a head, before training."""

    @property
    def core(self) -> PreTrainedModel:
        """The transformers network itself; adapters stand inside it."""
        return core_of(self.network)

    @property
    def family(self) -> Family:
        """The family of the base."""
        return family_of(self.core.config)

    def depth_groups(self) -> list[DepthGroup]:
        """The parameters by depth, from input to head."""
        return depth_groups(self.core)

    def select(self, pattern: str) -> frozenset[str]:
        """Names of the parameters a pattern means.

        ``@embeddings``, ``@layer.3``, ``@head``; others: :func:`~luthier.models.patterns.matching`.

        Raises:
            RecipeError: If it means none.
        """
        if pattern.startswith("@"):
            groups = {group.name: group.parameters for group in self.depth_groups()}
            names: Iterable[str] = groups.get(pattern[1:], ())
            known = ", ".join(f"@{name}" for name in groups)
        else:
            every = [name for name, _ in self.core.named_parameters()]
            names = matching(pattern, every)
            known = ", ".join(every[:3]) + ", ..., " + ", ".join(every[-2:])
        found = frozenset(names)
        # A network without layers of its own on the base has a head of no parameters.
        if not found and pattern != f"@{HEAD}":
            raise RecipeError(
                "The pattern '{pattern}' matches no parameter of the model.",
                hint="There are: {known}.",
                pattern=pattern,
                known=known,
            )
        return found

    def initialise(self, names: Iterable[str]) -> None:
        """Give the parameters with these names the random values that a new model would have."""
        owners = dict.fromkeys(name.rpartition(".")[0] for name in names)
        for module in map(self.core.get_submodule, owners):
            for parameter in module.parameters(recurse=False):
                # transformers leaves alone what it marked as loaded.
                parameter._is_hf_initialized = False  # type: ignore[attr-defined]
            self.core._init_weights(module)  # type: ignore[no-untyped-call]

    def parameter_counts(self, trained: Collection[str]) -> dict[str, int]:
        """How many numbers the model has, and how many of them the named parameters have."""
        sizes = {name: parameter.numel() for name, parameter in self.core.named_parameters()}
        return {
            "trainable": sum(size for name, size in sizes.items() if name in trained),
            "total": sum(sizes.values()),
        }


def core_of(network: nn.Module) -> PreTrainedModel:
    """The transformers network itself; adapters stand inside it."""
    inner = network.get_base_model() if isinstance(network, PeftModel) else network
    assert isinstance(inner, PreTrainedModel)
    return inner


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
        with _Quiet():
            network, missing, random = _network(base, head.network_class(config), config)
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        raise _unusable(base, error) from None
    _check_loaded(base, network, missing)
    if head.generation is not None:
        network.generation_config = GenerationConfig(**head.generation)  # type: ignore[no-untyped-call]
    if isinstance(processor, ImageProcessor):
        _check_size(base, network, processor)
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
    for key in DROPOUT_FIELDS if dropout is not None else ():
        if hasattr(config, key):
            setattr(config, key, dropout)
    if isinstance(processor, PreTrainedTokenizerBase):
        config.pad_token_id = processor.pad_token_id
    return config


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
        with _Quiet():
            network, loading = getattr(transformers, auto_class).from_pretrained(
                base.path, dtype=torch.float32, use_safetensors=True, output_loading_info=True
            )
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        raise _unusable(base, error) from None
    _check_loaded(base, network, loading["missing_keys"])
    return network, sorted(loading["missing_keys"])


def _unusable(base: Base, error: Exception) -> ModelError:
    return ModelError(
        "The base '{name}' cannot carry this task: {reason}",
        where=str(base.path),
        hint="It needs config.json, a tokenizer (or image processor), and weights as safetensors.",
        name=base.name,
        reason=(str(error).splitlines() or [type(error).__name__])[0],
    )


def load_processor(base: Base, reads: Literal["text", "image"]) -> Processor:
    """What turns rows of a kind into the base's input.

    Raises:
        ModelError: If the base has none.
    """
    if reads == "text":
        return load_tokenizer(base)
    try:
        with _Quiet():
            return ImageProcessor.from_pretrained(base.path)
    except (OSError, ValueError, KeyError) as error:
        raise _unusable(base, error) from None


def load_tokenizer(base: Base) -> PreTrainedTokenizerBase:
    """The tokenizer of a base.

    Raises:
        ModelError: If the base has none.
    """
    try:
        tokenizer: PreTrainedTokenizerBase = transformers.AutoTokenizer.from_pretrained(base.path)
        config = transformers.AutoConfig.from_pretrained(base.path)
    except (OSError, ValueError, KeyError) as error:
        raise _unusable(base, error) from None
    tokenizer.model_max_length = min(tokenizer.model_max_length, _positions(config))
    tokenizer.padding_side = "right"
    if getattr(config, "type_vocab_size", 1) < 2:
        # Such a base has no embedding for the second of two texts, whatever its tokenizer offers.
        names = tokenizer.model_input_names
        tokenizer.model_input_names = [name for name in names if name != "token_type_ids"]
    if tokenizer.pad_token_id is None:
        # Decoders often have no padding token; their end token serves, masked out.
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.unk_token
    return tokenizer


def _positions(config: PretrainedConfig) -> int:
    """The longest sequence that a base has positions for; without such a limit a large number."""
    positions = int(getattr(config, "max_position_embeddings", None) or NO_LIMIT)
    # RoBERTa and its kin count positions from one after the padding token's number.
    return positions - config.pad_token_id - 1 if config.model_type in OFFSET else positions


def config_behind(tokenizer: PreTrainedTokenizerBase) -> tuple[PretrainedConfig, Family]:
    """The configuration, and the family, of the base that a tokenizer was loaded with."""
    config: PretrainedConfig = transformers.AutoConfig.from_pretrained(tokenizer.name_or_path)
    return config, family_of(config)


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
    with _Quiet():
        model.network = PeftModel.from_pretrained(model.core, str(folder))
    model.new = frozenset()
    if model.network.active_peft_config.is_prompt_learning:
        take_prefixes(model.core)
    return model


def _check_loaded(base: Base, network: PreTrainedModel, missing: Iterable[str]) -> None:
    """Refuse weights that do not fill the base: it would be silently random."""
    prefix = f"{network.base_model_prefix}."
    absent = sorted(k for k in missing if k.startswith(prefix) and "pooler" not in k)
    if absent:
        raise ModelError(
            "The weights of '{name}' lack {count} tensors of the architecture, e.g. {example}.",
            where=str(base.path),
            hint="The files may be damaged or of another architecture than config.json says.",
            name=base.name,
            count=len(absent),
            example=absent[0],
        )


def _check_size(base: Base, network: PreTrainedModel, processor: ImageProcessor) -> None:
    """Refuse images of another size than the network has positions for."""
    made_for = getattr(network.config, "image_size", None)
    positions = any(name.endswith("position_embeddings") for name, _ in network.named_parameters())
    if positions and isinstance(made_for, int) and processor.size != (made_for, made_for):
        raise ModelError(
            "The base '{name}' reads images of {made_for} by {made_for} pixels, not {asked}.",
            where="task.size",
            hint="Leave task.size out, or choose a convolutional base.",
            name=base.name,
            made_for=made_for,
            asked=" by ".join(map(str, processor.size)),
        )


class _Quiet:
    """Silences transformers' loading report: a new head is expected to be missing."""

    def __enter__(self) -> None:
        self._logger = logging.getLogger("transformers")
        self._level = self._logger.level
        self._logger.setLevel(logging.ERROR)
        transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]

    def __exit__(self, *_: object) -> None:
        self._logger.setLevel(self._level)


def save_model(model: Model, folder: Path) -> None:
    """Write the network and processor as transformers (or peft) reads them, no luthier needed."""
    compute_logits(model.core)
    with _Quiet():
        network: Any = model.network
        network.save_pretrained(folder)
        model.core.config.save_pretrained(folder)
        model.processor.save_pretrained(folder)
