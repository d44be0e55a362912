"""Which preparation steps run: those of a profile, changed as the recipe says."""

from __future__ import annotations

from typing import Any

from luthier.data.operator import Operator
from luthier.recipe.registries import PREPARATION
from luthier.recipe.schema import Data

USUAL_PROFILE = {"classify": "news", "text": "web", "image": "none"}
"""Kind of rows to the profile they are cleaned with where a recipe names none; else ``chat``."""


def steps_for(config: Data | None = None, family: str = "classify") -> list[Operator]:
    """The steps in the order in which they run.

    Args:
        config: The recipe's section ``data``; None: its defaults.
        family: Kind of rows, which has a usual profile.
    """
    if config is not None and config.prepare is not None:
        return list(config.prepare)
    profile = (config and config.profile) or USUAL_PROFILE.get(family, "chat")
    changes = config.steps if config is not None else {}
    chosen = []
    for kind, member in PREPARATION.members().items():
        assert issubclass(member, Operator)
        meant = member.families is None or family in member.families
        usual = member.defaults.get(profile) if meant else None
        settings = _settings(usual, changes.get(kind))
        if settings is not None:
            chosen.append(member.model_validate({"kind": kind, **settings}))
    return sorted(chosen, key=lambda step: step.place)


def _settings(usual: Any, asked: Any) -> dict[str, Any] | None:
    """A step's settings, or None where it does not run."""
    if asked is None:
        return None if usual is None else dict(usual)
    if asked is False:
        return None
    return dict(usual or {}) if asked is True else {**(usual or {}), **asked}
