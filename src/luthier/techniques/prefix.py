"""Prefix tuning: trained keys and values before those of every layer, through peft."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from luthier.core.lazy import lazy
from luthier.recipe.registries import TECHNIQUES
from luthier.techniques.prompt_learning import PromptLearning
from luthier.techniques.technique import Work

if TYPE_CHECKING:
    from luthier.models import prefix_tuning
    from luthier.models.model import Model
else:
    prefix_tuning = lazy("luthier.models.prefix_tuning")


@TECHNIQUES.register
class Prefix(PromptLearning):
    """Train keys and values that stand before those of every layer (Li and Liang 2021)."""

    rate: ClassVar[float | None] = 2e-2
    source: ClassVar[str] = "Li and Liang 2021, arXiv:2101.00190"
    families: ClassVar[tuple[str, ...]] = ("encoder", "decoder")

    kind: Literal["prefix"] = "prefix"
    """This technique."""
    prefix_projection: bool = False
    """Train them through a small network, which is dropped afterwards."""

    def apply(self, model: Model, work: Work) -> None:
        """Put the prefix before what every layer attends to."""
        super().apply(model, work)
        prefix_tuning.take_prefixes(model.core)

    def peft_kind(self) -> str:
        """Peft's name."""
        return "PREFIX_TUNING"

    def peft_settings(self, model: Model) -> dict[str, Any]:
        """What peft is told."""
        return {
            "num_virtual_tokens": self.num_virtual_tokens,
            "prefix_projection": self.prefix_projection,
        }
