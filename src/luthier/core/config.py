"""The base of everything a recipe can say: strict, immutable, documented by itself."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Config(BaseModel):
    """A typed part of a recipe.

    Unknown keys are refused and values are not coerced across types. The string
    below each field is its documentation: command-line help, the JSON Schema and
    the reference pages are made from it.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        use_attribute_docstrings=True,
        allow_inf_nan=False,
    )
