"""Write docs/reference/: every key of a recipe and every verb, from the code that defines them.

``python tools/reference.py`` writes the pages; with ``--check`` it writes nothing and
exits 1 if a page differs from what the code says.
"""

from __future__ import annotations

import inspect
import json
import sys
import typing
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import NoneType, UnionType
from typing import Any

from typer.models import ArgumentInfo, OptionInfo, ParameterInfo

from luthier import metrics
from luthier.cli.main import app
from luthier.core.registry import Registry
from luthier.data.operator import CORPUS, PROFILES
from luthier.data.steps import steps_for
from luthier.recipe.aliases import TECHNIQUE, TOP
from luthier.recipe.json_schema import recipe_schema
from luthier.recipe.registries import PREPARATION, SCHEDULES, TASKS, TECHNIQUES
from luthier.recipe.schema import Data

FOLDER = Path(__file__).parent.parent / "docs" / "reference"
NOTICE = "<!-- Written by tools/reference.py from the code; do not edit. -->"
Schema = Mapping[str, Any]

PARTS = (
    "Stage", "NewBase", "NewNetwork", "NewTokenizer", "Data", "Source", "Split", "Training",
    "EarlyStopping", "Evaluation",
)  # fmt: skip
KINDS = (
    ("Tasks", "task", TASKS),
    ("Techniques", "techniques", TECHNIQUES),
    ("Schedules", "training.schedule", SCHEDULES),
    ("Preparation steps", "data.prepare", PREPARATION),
)
LIMITS = {
    "minimum": ">= {}",
    "exclusiveMinimum": "> {}",
    "maximum": "<= {}",
    "exclusiveMaximum": "< {}",
    "maxLength": "at most {} characters",
    "minItems": "at least {}",
}
"""Limits of a JSON Schema to words."""

SIMPLE = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "null": "null",
}


def main(arguments: Sequence[str]) -> int:
    """Write the pages, or compare them; the exit code."""
    pages = {"recipe.md": recipe_page(), "cli.md": cli_page()}
    if "--check" not in arguments:
        FOLDER.mkdir(parents=True, exist_ok=True)
        for name, text in pages.items():
            (FOLDER / name).write_text(text, encoding="utf-8")
        return 0
    stale = [name for name, text in pages.items() if _read(FOLDER / name) != text]
    for name in stale:
        print(f"docs/reference/{name} is not what the code says: run python tools/reference.py")
    return 1 if stale else 0


def recipe_page() -> str:
    """Every key of a recipe."""
    schema = recipe_schema()
    definitions: Schema = schema["$defs"]
    _, recipe = schema["anyOf"]
    lines = [
        "# Keys of a recipe",
        "",
        NOTICE,
        "",
        f"{schema['description']} `luthier schema` prints the same as JSON Schema.",
        "",
        *_section("Recipe", recipe, definitions),
    ]
    for name in PARTS:
        lines += _section(name, definitions[name], definitions)
    for title, key, registry in KINDS:
        lines += [f"## {title}", "", f"What may stand under `{key}`.", ""]
        lines += list(_members(registry, definitions))
    return "\n".join([*lines, *_default_steps(), *_metrics(), *_aliases()]) + "\n"


def cli_page() -> str:
    """Every verb with its arguments and options."""
    lines = [
        "# The command line",
        "",
        NOTICE,
        "",
        f"{app.info.help} Results go to stdout, words to stderr. Exit codes: 0 done, "
        "2 something the user can put right, 130 stopped by the user, 1 a fault of luthier.",
        "",
    ]
    for command in app.registered_commands:
        assert command.callback is not None
        lines += [f"## luthier {command.name}", "", inspect.getdoc(command.callback) or "", ""]
        lines += _parameters(command.name or "", command.callback)
    return "\n".join(lines)


def _section(title: str, schema: Schema, definitions: Schema, level: int = 2) -> list[str]:
    """A heading, the description and a table of the keys."""
    lines = [f"{'#' * level} {title}", ""]
    if "description" in schema:
        lines += [_one_line(schema["description"]), ""]
    required = schema.get("required", ())
    rows = [
        (f"`{key}`", _type(value), _default(value, key in required), _words(value, definitions))
        for key, value in schema["properties"].items()
        if "const" not in value
    ]
    return lines + (_table(("key", "type", "default", "what it says"), rows) if rows else [])


def _members(registry: Registry, definitions: Schema) -> Iterator[str]:
    for kind, member in registry.members().items():
        schema = definitions[member.__name__]
        yield from _section(f"`{kind}`", schema, definitions, level=3)
        for name in sorted(_named(schema["properties"])):
            yield from _section(name, definitions[name], definitions, level=4)


def _named(part: Any) -> set[str]:
    """The definitions that a part of a schema names."""
    if isinstance(part, Mapping):
        own = {part["$ref"].rpartition("/")[2]} if "$ref" in part else set()
        return own.union(*map(_named, part.values()))
    return set().union(*map(_named, part)) if isinstance(part, list) else set()


def _default_steps() -> list[str]:
    """Which steps each profile runs, in their order."""
    rows = []
    for profile in (*PROFILES, CORPUS):
        steps = steps_for(Data(train="rows.csv", profile=profile))
        rows.append((f"`{profile}`", ", ".join(f"`{step.kind}`" for step in steps)))
    words = "Steps that run without being asked for, by `data.profile`, in this order."
    return [words, "", *_table(("profile", "steps"), rows)]


def _metrics() -> list[str]:
    """What each target of the task measures."""
    measured = {
        "class": metrics.CLASSIFICATION,
        "classes": metrics.MULTILABEL,
        "score": metrics.REGRESSION,
    }
    rows = []
    for target, names in measured.items():
        more = ", ".join(f"`{name}`" for name in names if metrics.higher_is_better(name))
        less = ", ".join(f"`{name}`" for name in names if not metrics.higher_is_better(name))
        rows.append((f"`{target}`", more, less))
    header = ("`task.target`", "more is better", "less is better")
    words = "Names that `evaluation.target` and `evaluation.best` may use."
    return ["## Metrics", "", words, "", *_table(header, rows)]


def _aliases() -> list[str]:
    rows = [(f"`{name}`", f"`{path}`") for name, path in TOP.items()]
    rows += [(f"`{name}`", f"`{path}` of a technique") for name, path in TECHNIQUE.items()]
    words = "Names of other tools that are accepted; luthier says how it reads them."
    return ["## Names of other tools", "", words, "", *_table(("name", "is read as"), rows)][:-1]


def _words(schema: Schema, definitions: Schema) -> str:
    """What a key says; pydantic leaves it out where it is the description of the key's type."""
    part = definitions.get(schema.get("$ref", "").rpartition("/")[2], {})
    return str(schema.get("description") or part.get("description", ""))


def _type(schema: Schema) -> str:
    """The type of a value in words, with its limits."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if all("$ref" in option for option in schema.get("oneOf", [{}])):
        registry = _registry_of(schema)
        return f"a [{registry.concept}](#{_anchor(registry)})"
    for options in (schema[key] for key in ("anyOf", "oneOf") if key in schema):
        return " or ".join(_type(option) for option in options)
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    if schema.get("type") == "array":
        words = f"list of {_type(schema['items'])}"
    elif schema.get("type") == "object":
        inner = schema["additionalProperties"]
        words = f"mapping of text to {'anything' if inner is True else _type(inner)}"
    else:
        words = SIMPLE[schema["type"]]
    limits = [text.format(schema[key]) for key, text in LIMITS.items() if key in schema]
    return f"{words} ({', '.join(limits)})" if limits else words


def _registry_of(schema: Schema) -> Registry:
    names = {option["$ref"].rpartition("/")[2] for option in schema["oneOf"]}
    registries = (registry for _, _, registry in KINDS)
    return next(r for r in registries if names == {m.__name__ for m in r.members().values()})


def _anchor(registry: Registry) -> str:
    return next(title.lower().replace(" ", "-") for title, _, r in KINDS if r is registry)


def _default(schema: Schema, required: bool) -> str:
    if required:
        return "required"
    if "$ref" in schema:
        return "see there"
    return f"`{json.dumps(schema.get('default'), ensure_ascii=False)}`"


def _parameters(name: str, function: Any) -> list[str]:
    """Usage, then a table of arguments and options."""
    hints = typing.get_type_hints(function, include_extras=True)
    usage, rows = [f"luthier {name}"], []
    for key, parameter in inspect.signature(function).parameters.items():
        kind, *_ = typing.get_args(hints[key])
        info = next(i for i in hints[key].__metadata__ if isinstance(i, ParameterInfo))
        required = parameter.default is inspect.Parameter.empty
        if isinstance(info, ArgumentInfo):
            shown = key.upper() + ("..." if _is_list(kind) else "")
            usage.append(shown if required else f"[{shown}]")
        else:
            shown = _option(key, info)
        default = "required" if required else _plain(parameter.default)
        variable = f" Environment variable: `{info.envvar}`." if info.envvar else ""
        rows.append((f"`{shown}`", _python_type(kind), default, f"{info.help}{variable}"))
    options = any(row[0].startswith("`--") for row in rows)
    usage += ["[OPTIONS]"] if options else []
    block = ["```text", " ".join(usage), "```", ""]
    return block + (_table(("name", "type", "default", "what it says"), rows) if rows else [])


def _option(key: str, info: ParameterInfo) -> str:
    assert isinstance(info, OptionInfo)
    # Inside Annotated, typer keeps the first declared name where else the default stands.
    names = (info.default, *(info.param_decls or ()))
    declared = [name for name in names if isinstance(name, str) and name.startswith("-")]
    return ", ".join(declared) or f"--{key.replace('_', '-')}"


def _plain(default: object) -> str:
    return "" if default is None or default is False else f"`{default}`"


def _python_type(kind: Any) -> str:
    if isinstance(kind, UnionType):
        return " or ".join(_python_type(k) for k in typing.get_args(kind) if k is not NoneType)
    if _is_list(kind):
        return f"{_python_type(typing.get_args(kind)[0])}, repeatable"
    return {bool: "flag", int: "whole number", float: "number", str: "text", Path: "path"}[kind]


def _is_list(kind: Any) -> bool:
    members = typing.get_args(kind) if isinstance(kind, UnionType) else (kind,)
    return any(typing.get_origin(member) is list for member in members)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [header, ["---"] * len(header), *rows]
    cells = [[_one_line(cell).replace("|", "\\|") for cell in line] for line in lines]
    return [*("| " + " | ".join(line) + " |" for line in cells), ""]


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
