"""Preparation steps: one file each, run in the order of ``DEFAULT``."""

from __future__ import annotations

DEFAULT = ("unicode", "whitespace", "missing", "labels", "conflicts", "duplicates", "shared")
"""Kinds of the steps that run where a recipe lists none, in order.

Missing labels go before labels are compared, so that ``nan`` is no class. Conflicts come
before duplicates, whose number is what decides for the majority.
"""
