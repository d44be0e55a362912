"""What preparation found out about the data, for people who decide."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from luthier.core.locale import LANGUAGES, translate


@dataclass(frozen=True)
class Finding:
    """One thing worth knowing, with what to do about it.

    Args:
        message: English template, e.g. ``"{rows} rows hold e-mail addresses."``.
        operator: Kind of the step that found it.
        harm: How much it is likely to hurt the model or its verdict, from 0 to 1.
        fix: A recipe override that deals with it, e.g. ``data.steps.pii.action=mask``; empty
            where only a person can.
        fields: Values of the template's fields; JSON.
        examples: A few rows that show it: ``source``, ``row`` and what helps to judge.
    """

    message: str
    operator: str
    harm: float
    fix: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    examples: tuple[Mapping[str, Any], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain JSON; ``text`` holds the message in every language."""
        text = {code: translate(self.message, code, **self.fields) for code in LANGUAGES}
        return {
            "operator": self.operator,
            "harm": self.harm,
            "text": text,
            "fix": self.fix,
            "fields": dict(self.fields),
            "examples": [dict(example) for example in self.examples],
        }
