"""YAML as plain values, with the line of every key."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from luthier.core.errors import RecipeError

Path = tuple[str, ...]


@dataclass
class Document:
    """A parsed YAML mapping."""

    values: dict[str, Any]
    lines: dict[Path, int] = field(default_factory=dict)
    """Line of each key, counted from 1, by the path of keys and list positions."""
    name: str = "recipe"
    """What to call the document in messages: its file name."""

    def where(self, path: Path) -> str:
        """``file:line`` of the key at ``path``, or of its nearest ancestor."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.lines:
                return f"{self.name}:{self.lines[path[:length]]}"
        return self.name


def parse_yaml(text: str, name: str) -> Document:
    """Read YAML 1.2 (so ``1e-4`` is a number and ``no`` is text).

    Raises:
        RecipeError: If it is not YAML, not a mapping, or repeats a key.
    """
    try:
        node = YAML(typ="rt", pure=True).compose(text)
        values = YAML(typ="safe", pure=True).load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{name}:{mark.line + 1}" if mark else name
        raise RecipeError(
            "This is not readable YAML: {problem}.",
            where=place,
            hint="Check the indentation, and put text with ':' or '#' in quotes.",
            problem=str(error.problem or error.context),
        ) from None
    except YAMLError as error:
        raise RecipeError(
            "This is not readable YAML: {problem}.", where=name, problem=str(error)
        ) from None
    if not isinstance(values, dict):
        raise RecipeError(
            "A recipe is a mapping of keys to values.",
            where=name,
            hint="Start from one: luthier init DATA, or luthier recipes.",
        )
    document = Document(values, name=name)
    _collect(node, (), document.lines)
    return document


def parse_value(text: str) -> Any:
    """The value of one override: YAML, so ``5``, ``1e-4``, ``true``, ``[a, b]`` and text work."""
    try:
        return YAML(typ="safe", pure=True).load(text)
    except YAMLError:
        return text


def _collect(node: Any, path: Path, lines: dict[Path, int]) -> None:
    if node is None:
        return
    if node.id == "mapping":
        for key, value in node.value:
            inner = (*path, str(key.value))
            lines[inner] = key.start_mark.line + 1
            _collect(value, inner, lines)
    elif node.id == "sequence":
        for index, item in enumerate(node.value):
            inner = (*path, str(index))
            lines[inner] = item.start_mark.line + 1
            _collect(item, inner, lines)
