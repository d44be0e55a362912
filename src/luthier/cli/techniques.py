"""``luthier techniques``: what may be trained and how."""

from __future__ import annotations

from luthier.cli.options import Json
from luthier.cli.output import print_json, print_table


def command(as_json: Json = False) -> None:
    """List the techniques: what each does, its usual learning rate, where it works and is from."""
    from luthier.recipe.compatible import described

    found = described()
    if as_json:
        print_json({"techniques": found})
        return
    print_table(
        ("technique", "what it does", "rate", "families", "source"),
        [
            (t["kind"], t["does"], _rate(t["learning_rate"]), ", ".join(t["families"]), t["source"])
            for t in found
        ],
    )


def _rate(rate: float | None) -> str:
    return "" if rate is None else f"{rate:g}"
