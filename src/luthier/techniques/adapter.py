"""What techniques through peft have in common: small additions learn, and the head."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from luthier.core.errors import RecipeError
from luthier.core.lazy import lazy
from luthier.techniques.technique import Rule, Technique, Work

if TYPE_CHECKING:
    import peft
    from peft import mapping

    from luthier.models import quantized
    from luthier.models.model import Model
    from luthier.techniques.adapting import merging
else:
    peft = lazy("peft")
    mapping = lazy("peft.mapping")
    merging = lazy("luthier.techniques.adapting.merging")
    quantized = lazy("luthier.models.quantized")

Targets = list[str] | str
ALL_LINEAR = "all-linear"
ON_QUANTIZED = frozenset({
    "LORA", "ADALORA", "VERA", "IA3", "OFT", "PREFIX_TUNING", "PROMPT_TUNING", "P_TUNING",
})  # fmt: skip
"""Peft's types that work on matrices of few bits."""


class Adapter(Technique):
    """Freezes the base, trains what peft adds to it, and trains and saves the head whole."""

    needs_base: ClassVar[bool] = True
    rate: ClassVar[float | None] = 1e-3

    quantize: Literal["8bit", "4bit"] | None = None
    """Keep the frozen matrices of the base in so few bits, through bitsandbytes: a quarter or an
    eighth of their memory for small errors, to which what is trained adapts (QLoRA: Dettmers et
    al. 2023, arXiv:2305.14314). Needs the extra `quantize`."""

    @model_validator(mode="after")
    def _takes_quantized(self) -> Self:
        if self.quantize and self.peft_kind() not in ON_QUANTIZED:
            raise ValueError(f"peft does not put {self.kind} on quantized matrices; lora goes")
        return self

    def peft_kind(self) -> str:
        """Name of peft's type, e.g. ``LORA``."""
        raise NotImplementedError

    def peft_settings(self, model: Model) -> Mapping[str, Any]:
        """Fields of peft's configuration, without task and head."""
        raise NotImplementedError

    def apply(self, model: Model, work: Work) -> None:
        """Put peft's layers on the base."""
        if self.quantize:
            quantized.quantize(model.core, self.quantize)
        config = self._config(model)
        with warnings.catch_warnings():
            # peft sees itself that GPT-2 keeps its matrices transposed, and says so.
            warnings.filterwarnings("ignore", message="fan_in_fan_out")
            try:
                model.network = peft.get_peft_model(model.core, config)
            except (ValueError, TypeError, NotImplementedError) as error:
                raise RecipeError(
                    "The technique {kind} cannot adapt this base: {reason}",
                    hint="Name what to adapt in target_modules, e.g. [convolution] of a ResNet.",
                    kind=self.kind,
                    reason=(str(error).splitlines() or [type(error).__name__])[0],
                ) from None

    def rules(self, model: Model, progress: float) -> list[Rule]:
        """Only what peft added and the head move."""
        network = model.network
        assert isinstance(network, peft.PeftModel)
        added = getattr(network.base_model, "prefix", None) or "prompt_encoder."
        bias = getattr(network.active_peft_config, "bias", "none")
        copies = any(".original_module." in name for name, _ in model.core.named_parameters())
        return [
            Rule("*", 0.0),
            Rule(f"*{added}*", 1.0),
            *([Rule("*.bias" if bias == "all" else "*.base_layer.bias", 1.0)] * (bias != "none")),
            Rule("@head", 1.0),
            *([Rule("*.original_module.*", 0.0)] * copies),
        ]

    def _config(self, model: Model) -> Any:
        """Peft's configuration.

        Raises:
            RecipeError: If peft refuses the settings.
        """
        parameters = next(g.parameters for g in model.depth_groups() if g.name == "head")
        head = sorted({name.partition(".")[0] for name in parameters})
        kind = mapping.PEFT_TYPE_TO_CONFIG_MAPPING[peft.PeftType(self.peft_kind())]
        settings = {
            "task_type": model.head.peft_task,
            "modules_to_save": head or None,
            "exclude_modules": "|".join(rf"{re.escape(name)}(\..*)?" for name in head) or None,
        }
        known = {field.name for field in fields(kind)}
        settings = {key: value for key, value in settings.items() if key in known}
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return kind(**settings | dict(self.peft_settings(model)))
        except (ValueError, TypeError, AssertionError) as error:
            raise RecipeError(
                "peft refuses the settings of {kind}: {reason}",
                kind=self.kind,
                reason=(str(error).splitlines() or [type(error).__name__])[0],
            ) from None


class Mergeable(Adapter):
    """Adapters that can be added into the weights of the base."""

    merge: bool = False
    """Add what was learned into the base after training: a plain transformers model is saved. It
    is refused if the merged model answers otherwise than the one with adapters."""
    merge_tolerance: Annotated[float, Field(gt=0)] = 1e-3
    """How far an output of the merged model may be from the one before, as a share of it, or of 1
    where it is smaller."""

    def finish(self, model: Model, work: Work) -> None:
        """Merge where asked."""
        if self.merge:
            merging.merge(model, work, self.merge_tolerance)


class Targeted(Mergeable):
    """Adapters of matrices that the recipe names."""

    target_modules: Targets = ALL_LINEAR
    """Matrices to adapt: names, a regular expression, or `all-linear`."""


class Product(Targeted):
    """Updates that are products of low-rank factors, as LoHa and LoKr make them."""

    r: Annotated[int, Field(gt=0)] = 8
    """Rank of the factors."""
    lora_alpha: Annotated[int, Field(gt=0)] = 16
    """Scale: the update is multiplied by lora_alpha / r."""
    rank_dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Chance that a row of the update is dropped in a step."""

    def peft_settings(self, model: Model) -> dict[str, Any]:
        """What peft is told."""
        return {
            "r": self.r,
            "alpha": self.lora_alpha,
            "rank_dropout": self.rank_dropout,
            "target_modules": self.target_modules,
        }
