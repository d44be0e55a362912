"""LoKr: updates that are Kronecker products, through peft."""

from __future__ import annotations

from typing import ClassVar, Literal

from luthier.recipe.registries import TECHNIQUES
from luthier.techniques.adapter import Product


@TECHNIQUES.register
class LoKr(Product):
    """Train Kronecker products as updates, and the head (Edalati et al. 2022)."""

    rate: ClassVar[float | None] = 1e-2
    source: ClassVar[str] = "Edalati et al. 2022, arXiv:2212.10650"

    kind: Literal["lokr"] = "lokr"
    """This technique."""

    def peft_kind(self) -> str:
        """Peft's name."""
        return "LOKR"
