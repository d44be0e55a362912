"""LoHa: updates that are products, element by element, of low-rank ones, through peft."""

from __future__ import annotations

from typing import ClassVar, Literal

from luthier.recipe.registries import TECHNIQUES
from luthier.techniques.adapter import Product


@TECHNIQUES.register
class LoHa(Product):
    """Train Hadamard products of low-rank updates, and the head (Hyeon-Woo et al. 2022)."""

    rate: ClassVar[float | None] = 1e-2
    source: ClassVar[str] = "Hyeon-Woo et al. 2022, arXiv:2108.06098"

    kind: Literal["loha"] = "loha"
    """This technique."""

    def peft_kind(self) -> str:
        """Peft's name."""
        return "LOHA"
