"""Where the kinds a recipe may name are found. Names only: nothing is imported until asked."""

from __future__ import annotations

from luthier.core.registry import Registry

TASKS = Registry("task", "luthier.tasks")
TECHNIQUES = Registry("technique", "luthier.techniques")
PREPARATION = Registry("preparation step", "luthier.data.operators")
SCHEDULES = Registry("schedule", "luthier.train.schedules")
OPTIMIZERS = Registry("optimizer", "luthier.train.optimizers")
