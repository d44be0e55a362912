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

ROOT = Path(luthier.__file__).parent
ERRORS = {
    name
    for name, value in vars(errors).items()
    if isinstance(value, type) and issubclass(value, errors.LuthierError)
}
SPEAKING = ERRORS | {"Finding", "translate", "note", "say", "print_table"}
"""Whoever is called by one of these names takes texts for people."""

FORWARDING = SPEAKING | {"__call__"}
"""Functions and classes that hand on a text they were given."""

OPEN = {
    "sections.py: s": {"train", "validation", "test"},
}
"""What is spoken but stands nowhere as a literal, and the texts it may be."""

LATIN = {"F1"}
HAN = range(0x4E00, 0xA000)


class Source:
    """One file, with what its names may stand for."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.tree = ast.parse(path.read_text(encoding="utf-8"))
        self.parent = {
            child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)
        }

    def calls(self) -> Iterator[ast.Call]:
        """The calls of something that speaks."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in SPEAKING:
                yield node

    def spoken(self, call: ast.Call) -> Iterator[ast.expr]:
        """What a call says: the literals behind its text, header and hint, or what is none."""
        said = [*call.args[:1], *(k.value for k in call.keywords if k.arg == "hint")]
        for argument in said:
            for value in self.values(argument):
                if isinstance(value, ast.Tuple):
                    for element in value.elts:
                        yield from self.values(element)
                elif not (isinstance(value, ast.Constant) and value.value is None):
                    yield value

    def values(self, node: ast.expr) -> Iterator[ast.expr]:
        """The expressions that ``node`` may stand for."""
        if isinstance(node, ast.IfExp):
            yield from self.values(node.body)
            yield from self.values(node.orelse)
        elif isinstance(node, ast.Subscript):
            yield from self.elements(node.value, node)
        elif isinstance(node, ast.Call) and (made := self.function(node.func)):
            for part in ast.walk(made):
                if isinstance(part, ast.Return) and part.value:
                    yield from self.values(part.value)
        elif isinstance(node, ast.Name):
            found = list(self.bound(node))
            yield from found if found else self.given(node)
        else:
            yield from self.given(node)

    def elements(self, node: ast.expr, whole: ast.expr) -> Iterator[ast.expr]:
        """What iterating over ``node``, or a subscript of it, may give; else ``whole``."""
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "items":
            assert isinstance(node.func, ast.Attribute)
            for value in self.values(node.func.value):
                if isinstance(value, ast.Dict):
                    for pair in zip(value.keys, value.values, strict=True):
                        yield ast.Tuple([part for part in pair if part])
            return
        for value in self.values(node):
            if isinstance(value, ast.Dict):
                parts = value.values
            elif isinstance(value, ast.Tuple | ast.List):
                parts = value.elts
            else:
                yield from self.given(whole)
                continue
            for part in parts:
                if isinstance(part, ast.Starred):
                    yield from self.elements(part.value, whole)
                else:
                    yield from self.values(part)

    def bound(self, name: ast.Name) -> Iterator[ast.expr]:
        """What ``name`` is set to, in the nearest scope that sets it."""
        for scope in self.scopes(name):
            found = list(self.set_in(scope, name))
            if found:
                yield from found
                return

    def set_in(self, scope: ast.AST, name: ast.Name) -> Iterator[ast.expr]:
        """What ``name`` is set to by assignments and loops in ``scope``."""
        for node in ast.walk(scope) if scope is not self.tree else self.tree.body:
            if isinstance(node, ast.Assign | ast.AnnAssign) and node.value:
                target = node.targets[0] if isinstance(node, ast.Assign) else node.target
                values = self.values(node.value)
            elif isinstance(node, ast.For | ast.comprehension):
                target, values = node.target, self.elements(node.iter, name)
            else:
                continue
            parts = target.elts if isinstance(target, ast.Tuple) else [target]
            for index, part in enumerate(parts):
                if isinstance(part, ast.Name) and part.id == name.id:
                    for value in values:
                        if part is target:
                            yield value
                        elif isinstance(value, ast.Tuple):
                            yield from self.values(value.elts[index])
                        else:
                            yield from self.given(name)

    def given(self, node: ast.expr) -> Iterator[ast.expr]:
        """An expression that nothing here explains: nothing where it is handed on, else itself."""
        if not self.handed_on(node):
            yield node

    def handed_on(self, node: ast.expr) -> bool:
        """Whether ``node`` is a text that a speaking function or class was given."""
        own = isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "self"
        inside = {getattr(scope, "name", "") for scope in self.around(node)}
        return (own or isinstance(node, ast.Name)) and bool(inside & FORWARDING)

    def function(self, called: ast.expr) -> ast.FunctionDef | None:
        """The function of this file that is called, if it is one."""
        for node in self.tree.body:
            if isinstance(node, ast.FunctionDef) and node.name == getattr(called, "id", ""):
                return node
        return None

    def around(self, node: ast.AST) -> Iterator[ast.AST]:
        """What ``node`` stands in, from the inside out."""
        while node in self.parent:
            node = self.parent[node]
            yield node

    def scopes(self, name: ast.Name) -> list[ast.AST]:
        """Where ``name`` may be set: loops and functions around it, then the file."""
        loops = ast.For | ast.GeneratorExp | ast.ListComp | ast.DictComp | ast.SetComp
        wanted = loops | ast.FunctionDef | ast.Module
        return [n for n in self.around(name) if isinstance(n, wanted)]


SOURCES = [Source(path) for path in sorted(ROOT.rglob("*.py"))]
SAID = [(s, call, said) for s in SOURCES for call in s.calls() for said in s.spoken(call)]
LITERAL = [(call, str(said.value)) for _, call, said in SAID if isinstance(said, ast.Constant)]
SPOKEN = sorted({text for _, text in LITERAL}.union(*OPEN.values()))
CHINESE = catalogue("zh")


def fields(template: str) -> list[tuple[str, str | None]]:
    return sorted((name, spec) for _, name, spec, _ in string.Formatter().parse(template) if name)


def test_every_text_for_people_is_a_literal() -> None:
    others = {
        f"{source.path.name}: {ast.unparse(said)}"
        for source, _, said in SAID
        if not isinstance(said, ast.Constant)
    }
    assert others == set(OPEN)


@pytest.mark.parametrize("text", SPOKEN)
def test_text_has_a_translation(text: str) -> None:
    assert text in CHINESE


@pytest.mark.parametrize("text", CHINESE)
def test_translation_has_the_same_fields_and_is_chinese(text: str) -> None:
    translation = CHINESE[text]
    assert fields(text) == fields(translation)
    assert text in LATIN or any(ord(character) in HAN for character in translation)


def test_every_field_is_given_where_the_text_is_spoken() -> None:
    for call, text in LITERAL:
        given = {keyword.arg for keyword in call.keywords} - {"hint", "where"}
        for keyword in call.keywords:
            if keyword.arg == "fields" and isinstance(keyword.value, ast.Dict):
                given |= {getattr(key, "value", None) for key in keyword.value.keys}
        if None not in given:  # ``**values`` cannot be told
            assert {name for name, _ in fields(text)} <= given, text


def test_no_translation_is_left_over() -> None:
    assert sorted(set(CHINESE) - set(SPOKEN)) == []
