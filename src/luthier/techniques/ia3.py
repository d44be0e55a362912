"""IA3: vectors that scale keys, values and feed-forward activations, through peft."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from luthier.recipe.registries import TECHNIQUES
from luthier.techniques.adapter import Mergeable, Targets

if TYPE_CHECKING:
    from luthier.models.model import Model


@TECHNIQUES.register
class Ia3(Mergeable):
    """Train vectors that scale what a few layers compute, and the head (Liu et al. 2022)."""

    rate: ClassVar[float | None] = 2e-2
    source: ClassVar[str] = "Liu et al. 2022, arXiv:2205.05638"

    kind: Literal["ia3"] = "ia3"
    """This technique."""
    target_modules: Targets | None = None
    """Layers whose output is scaled: names or a regular expression. Default: keys, values and the
    feed-forward layers of the architectures that peft knows."""
    feedforward_modules: Targets | None = None
    """Those among them whose input is scaled instead; default: as for `target_modules`."""

    def peft_kind(self) -> str:
        """Peft's name."""
        return "IA3"

    def peft_settings(self, model: Model) -> dict[str, Any]:
        """What peft is told."""
        named = self.target_modules is not None
        inner = self.feedforward_modules or ([] if named else None)
        return {"target_modules": self.target_modules, "feedforward_modules": inner}
