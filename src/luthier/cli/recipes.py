"""``luthier recipes``: the shipped recipes."""

from __future__ import annotations

from luthier.cli.options import Json
from luthier.cli.output import print_json, print_table


def command(as_json: Json = False) -> None:
    """List the shipped recipes: name, what each shows, the time it takes."""
    from luthier.recipe.library import describe_shipped

    shipped = describe_shipped()
    if as_json:
        print_json({"recipes": shipped})
        return
    print_table(
        ("name", "time on two cores", "what it shows"),
        [(r["name"], r["time"], r["description"]) for r in shipped],
    )
