"""The documentation is true: it is up to date, its links resolve, its commands and recipes work."""

from __future__ import annotations

import importlib.util
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest
import typer
from ruamel.yaml import YAML
from typer.testing import CliRunner

from luthier.cli.main import app
from luthier.recipe.library import shipped
from luthier.recipe.load import load_recipe
from luthier.recipe.schema import Stage

ROOT = Path(__file__).parent.parent.parent
DATA = Path("src/luthier/recipe/library/data")
DOCS = sorted(ROOT.glob("docs/**/*.md"))
PAGES = [*sorted(ROOT.glob("*.md")), *DOCS]
CHINESE = ".zh-CN.md"
TWINNED = ("guides", "techniques", "concepts")
GUIDES = [p for p in DOCS if p.parent.name in TWINNED and CHINESE not in p.name]

QUICK = {"init", "prepare", "recipes", "techniques", "schema", "doctor", "runs"}
"""Verbs that are really run; those that train or need a run are only parsed."""

MINIMAL = {"name": "example", "base": "minilm-l6", "task": "classify", "data": {"train": "x.csv"}}
"""What turns a fragment of a recipe into a whole one."""

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)
FILE_NAME = re.compile(r"# ([\w.-]+\.yaml)\n")


class Block(NamedTuple):
    """A fenced block."""

    language: str
    text: str

    def code(self) -> list[str]:
        """The lines without comments, which each language has in its own words."""
        lines = (line for line in self.text.splitlines() if not line.lstrip().startswith("#"))
        return [line for line in lines if line.strip()]


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path) -> list[Block]:
    return [Block(*found) for found in FENCE.findall(page.read_text(encoding="utf-8"))]


def commands(block: Block) -> Iterator[list[str]]:
    """Verb and arguments of every line of shell that calls luthier, without redirections."""
    lines = block.text.replace("\\\n", " ").splitlines() if block.language == "bash" else ()
    for line in lines:
        if line.startswith("luthier "):
            words = shlex.split(line, comments=True)[1:]
            end = next((i for i, word in enumerate(words) if word in (">", "|")), len(words))
            yield words[:end]


def parsed(words: list[str]) -> dict[str, Any]:
    """What the command line makes of a command; raises where it knows no such verb or option."""
    group = typer.main.get_command(app)
    verb, *arguments = words
    return group.commands[verb].make_context(verb, arguments).params


def recipes(page: Path) -> Iterator[dict[str, Any]]:
    """The recipes of a page, its fragments of recipes made whole."""
    for block in blocks(page):
        values = YAML(typ="safe").load(block.text) if block.language == "yaml" else None
        if not isinstance(values, dict):
            continue
        if "stages" in values or {"base", "task"} <= values.keys():
            yield values
        elif values.keys() <= Stage.model_fields.keys():
            yield MINIMAL | values


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the demo data where a clone has them, as the working directory."""
    shutil.copytree(ROOT / DATA, tmp_path / DATA)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LUTHIER_RUNS", raising=False)
    return tmp_path


@pytest.fixture
def reference() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reference", ROOT / "tools" / "reference.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_reference_is_up_to_date(reference: ModuleType) -> None:
    assert reference.main(["--check"]) == 0


def test_check_tells_a_stale_reference(
    reference: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reference, "FOLDER", tmp_path)
    assert reference.main(["--check"]) == 1
    assert not list(tmp_path.iterdir())
    assert reference.main([]) == 0
    assert reference.main(["--check"]) == 0


def slugs(page: Path) -> set[str]:
    """The anchors that GitHub gives a page's headings."""
    headings = HEADING.findall(FENCE.sub("", page.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", h.strip().lower()).replace(" ", "-") for h in headings}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_resolve(page: Path) -> None:
    broken = []
    for link in LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        missing = not target.exists()
        if missing or (anchor and target.suffix == ".md" and anchor not in slugs(target)):
            broken.append(link)
    assert not broken


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_parse(page: Path) -> None:
    for block in blocks(page):
        for words in commands(block):
            parsed(words)


@pytest.mark.parametrize("page", [p for p in DOCS if CHINESE not in p.name], ids=name_of)
def test_commands_run(page: Path, clone: Path) -> None:
    for block in blocks(page):
        if block.language == "yaml" and (name := FILE_NAME.match(block.text)):
            (clone / name[1]).write_text(block.text, encoding="utf-8")
        for words in commands(block):
            if words[0] in QUICK:
                result = CliRunner().invoke(app, words)
                assert result.exit_code == 0, (words, result.output, result.exception)
            elif words[0] == "tune":
                given = parsed(words)
                if (clone / given["recipe"]).is_file() or given["recipe"] in shipped():
                    load_recipe(given["recipe"], given["overrides"])
                else:
                    assert given["resume"], words


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_recipes_load(page: Path) -> None:
    for values in recipes(page):
        load_recipe(values)


@pytest.mark.parametrize("page", GUIDES, ids=name_of)
def test_guides_have_a_chinese_twin(page: Path) -> None:
    twin = page.with_name(page.name.replace(".md", CHINESE))
    assert twin.is_file()
    ours, theirs = (
        [(b.language, b.code()) for b in blocks(p) if b.language != "text"] for p in (page, twin)
    )
    assert ours == theirs
