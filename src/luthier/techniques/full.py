"""Full fine-tuning: every parameter moves."""

from __future__ import annotations

from typing import Literal

from luthier.recipe.registries import TECHNIQUES
from luthier.techniques.technique import Technique


@TECHNIQUES.register
class Full(Technique):
    """Train every parameter; the same as no technique, said aloud."""

    kind: Literal["full"] = "full"
    """This technique."""
