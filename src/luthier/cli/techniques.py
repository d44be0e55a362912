"""``luthier techniques``: what may be trained and how."""

from __future__ import annotations

from luthier.cli.options import Json
from luthier.cli.output import print_json, print_table


def command(as_json: Json = False) -> None:
    """List the techniques: name, what each does, the families it works on, where it is from."""
    from luthier.recipe.compatible import described

    found = described()
    if as_json:
        print_json({"techniques": found})
        return
    print_table(
        ("technique", "what it does", "families", "source"),
        [(t["kind"], t["does"], ", ".join(t["families"]), t["source"]) for t in found],
    )
