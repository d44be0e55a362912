"""Preparation steps: one file each, run in the order of ``DEFAULT``."""

from __future__ import annotations

DEFAULT = ("unicode", "whitespace", "missing", "labels", "duplicates", "conflicts", "shared")
"""Kinds of the steps that run where a recipe lists none, in order."""
