"""``luthier doctor``: what this machine can do."""

from __future__ import annotations

from luthier.cli.options import Json
from luthier.cli.output import print_json, print_table
from luthier.core.locale import translate


def command(as_json: Json = False) -> None:
    """Say what this machine can do: device, arithmetic, memory, extras, bases."""
    from luthier.evaluation.environment import machine_report

    report = machine_report()
    if as_json:
        print_json(report)
    else:
        print_table(
            ("what", "finding"), [(k.replace("_", " "), _words(v)) for k, v in report.items()]
        )


def _words(value: object) -> str:
    if isinstance(value, bool):
        return translate("yes" if value else "no")
    if isinstance(value, dict):
        pairs = ((k, _words(v) if isinstance(v, bool) else v) for k, v in value.items())
        return ", ".join(f"{key} {word}" for key, word in pairs)
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
