"""Every text for people has its Chinese translation, with the same fields."""

from __future__ import annotations

import ast
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

import luthier
from luthier.core import errors
from luthier.core.locale import catalogue

SOURCES = sorted(Path(luthier.__file__).parent.rglob("*.py"))
ERRORS = {
    name
    for name, value in vars(errors).items()
    if isinstance(value, type) and issubclass(value, errors.LuthierError)
}
SPEAKING = ERRORS | {"translate", "note", "say"}
HAN = range(0x4E00, 0xA000)


def literals(node: ast.AST) -> Iterator[str]:
    """The texts an expression may be, where it is a literal or a choice between some."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from literals(node.body)
        yield from literals(node.orelse)


def spoken(tree: ast.AST) -> Iterator[str]:
    """Texts handed to errors, hints, notes, tables' headers and translate."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        if name in SPEAKING and node.args:
            yield from literals(node.args[0])
            for keyword in node.keywords:
                if keyword.arg == "hint":
                    yield from literals(keyword.value)
        if name == "print_table" and isinstance(node.args[0], ast.Tuple):
            for element in node.args[0].elts:
                yield from literals(element)


TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in SOURCES}
SPOKEN = sorted({text for tree in TREES.values() for text in spoken(tree)})
CHINESE = catalogue("zh")


def fields(template: str) -> list[tuple[str | None, str | None]]:
    return sorted((name, spec) for _, name, spec, _ in string.Formatter().parse(template) if name)


@pytest.mark.parametrize("text", SPOKEN)
def test_text_has_a_translation(text: str) -> None:
    assert text in CHINESE


@pytest.mark.parametrize("text", CHINESE)
def test_translation_has_the_same_fields_and_is_chinese(text: str) -> None:
    translation = CHINESE[text]
    assert fields(text) == fields(translation)
    assert text == "F1" or any(ord(character) in HAN for character in translation)


def test_no_translation_is_left_over() -> None:
    every = {
        node.value
        for tree in TREES.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert sorted(set(CHINESE) - every) == []


def test_hints_are_templates_and_not_filled_in_already() -> None:
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.keyword) and node.arg == "hint":
                parts = [node.value]
                if isinstance(node.value, ast.IfExp):
                    parts = [node.value.body, node.value.orelse]
                assert not any(isinstance(part, ast.JoinedStr) for part in parts), path
