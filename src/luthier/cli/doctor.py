"""``luthier doctor``: what this machine can do."""

from __future__ import annotations

from luthier.cli.options import Json
from luthier.cli.output import print_json, print_table


def command(as_json: Json = False) -> None:
    """Say what this machine can do: device, arithmetic, memory, extras, bases."""
    from luthier.evaluation.environment import machine_report

    report = machine_report()
    if as_json:
        print_json(report)
    else:
        print_table(("what", "finding"), [(k, v) for k, v in report.items()])
