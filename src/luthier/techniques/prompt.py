"""Prompt tuning: trained vectors before the text, through peft."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from luthier.recipe.registries import TECHNIQUES
from luthier.techniques.prompt_learning import PromptLearning

if TYPE_CHECKING:
    from luthier.models.model import Model


@TECHNIQUES.register
class Prompt(PromptLearning):
    """Train vectors that stand before the text's own at the input (Lester et al. 2021)."""

    rate: ClassVar[float | None] = 3e-1
    source: ClassVar[str] = "Lester et al. 2021, arXiv:2104.08691"
    families: ClassVar[tuple[str, ...]] = ("encoder",)
    per_token: ClassVar[bool] = False

    kind: Literal["prompt"] = "prompt"
    """This technique."""
    init: Literal["vocabulary", "random"] = "vocabulary"
    """What the vectors begin as: those of tokens `vocabulary` has, drawn at random, or `random`."""

    def peft_kind(self) -> str:
        """Peft's name."""
        return "PROMPT_TUNING"

    def peft_settings(self, model: Model) -> dict[str, Any]:
        """What peft is told."""
        begun = "SAMPLE_VOCAB" if self.init == "vocabulary" else "RANDOM"
        return {"num_virtual_tokens": self.num_virtual_tokens, "prompt_tuning_init": begun}
