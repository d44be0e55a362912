"""Whoever shows a person what goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from luthier.train.events import Event


@dataclass(frozen=True)
class Listener:
    """Whoever shows a person what goes on. Every field may be left as it is."""

    on_phase: Callable[[str, str], None] = lambda _stage, _phase: None
    """Told the stage's name and what begins: ``prepare``, ``load``, ``train``, ``evaluate``."""
    on_findings: Callable[[str, list[dict[str, Any]]], None] = lambda _stage, _found: None
    """Told the stage's name and what the audit of its training rows found, most harmful first."""
    on_event: Callable[[Event], None] = lambda _event: None
    """Told of every training event."""
