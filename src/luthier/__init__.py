"""Luthier: from raw data to a fine-tuned model that can be trusted.

``luthier.tune(recipe)`` carries out a recipe, ``luthier.load(run).predict(texts)``
uses what it made, ``luthier.evaluate(run, data)`` measures it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from luthier.api import evaluate, export, load, tune

__version__ = "0.1.0"
__all__ = ["__version__", "evaluate", "export", "load", "tune"]


def __getattr__(name: str) -> Any:
    """Load the API when first used, so that ``import luthier`` costs nothing."""
    if name in ("evaluate", "export", "load", "tune"):
        import luthier.api

        return getattr(luthier.api, name)
    raise AttributeError(f"module 'luthier' has no attribute {name!r}")
