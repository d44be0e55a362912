"""The shipped recipes: YAML files beside this one, with demo data in ``data/``."""

from __future__ import annotations

from pathlib import Path

from ruamel.yaml import YAML


def shipped() -> dict[str, Path]:
    """Name to file of every shipped recipe."""
    return {path.stem: path for path in sorted(Path(__file__).parent.glob("*.yaml"))}


def describe_shipped() -> list[dict[str, str]]:
    """Name, description and time (on two cores, without set-up) of every shipped recipe.

    The time is the comment ``# time: ...`` on the recipe's first line.
    """
    described = []
    for name, path in shipped().items():
        text = path.read_text(encoding="utf-8")
        first = text.splitlines()[0]
        values = YAML(typ="safe").load(text)
        described.append(
            {
                "name": name,
                "description": values["description"].strip(),
                "time": first.removeprefix("# time:").strip(),
            }
        )
    return described
