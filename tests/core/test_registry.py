from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import ValidationError, create_model
from pydantic_core import PydanticCustomError

from luthier.core.config import Config
from luthier.core.registry import REGISTRY_KEY, Registered, Registry

PACKAGE = "shapes_for_registry"
MEMBER = """
import {package}
from luthier.core.config import Config

@{package}.SHAPES.register
class {name}(Config):
    kind: str = "{kind}"
    size: int = 1
"""


@pytest.fixture
def shapes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    folder = tmp_path / PACKAGE
    folder.mkdir()
    (folder / "__init__.py").write_text(
        f"from luthier.core.registry import Registry\nSHAPES = Registry('shape', '{PACKAGE}')\n"
    )
    for file, name, kind in (("angular", "Square", "square"), ("round", "Circle", "circle")):
        text = MEMBER.format(package=PACKAGE, name=name, kind=kind)
        (folder / f"{file}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    yield __import__(PACKAGE).SHAPES
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]


def recipe_with(registry: Registry, default: str | None = None) -> Any:
    annotation = Annotated[Any, Registered(registry, default)]
    return create_model("Recipe", __base__=Config, shape=(annotation, ...))


def test_no_module_is_imported_before_members_are_asked_for(shapes: Registry) -> None:
    assert f"{PACKAGE}.round" not in sys.modules
    shapes.members()
    assert f"{PACKAGE}.round" in sys.modules


def test_members_are_the_files_of_the_package_in_alphabetical_order(shapes: Registry) -> None:
    assert list(shapes.members()) == ["circle", "square"]


def test_members_cannot_be_changed_through_the_answer(shapes: Registry) -> None:
    shapes.members().clear()
    assert list(shapes.members()) == ["circle", "square"]


def test_a_class_without_a_kind_of_its_own_is_refused(shapes: Registry) -> None:
    class Nameless(Config):
        kind: str

    with pytest.raises(TypeError, match="Nameless"):
        shapes.register(Nameless)


@pytest.mark.parametrize("value", ["circle", {"kind": "circle"}])
def test_a_bare_kind_means_the_defaults(shapes: Registry, value: Any) -> None:
    assert shapes.parse(value).model_dump() == {"kind": "circle", "size": 1}


def test_settings_beside_the_kind_reach_the_member(shapes: Registry) -> None:
    assert shapes.parse({"kind": "square", "size": 3}).model_dump()["size"] == 3


def test_a_member_is_itself(shapes: Registry) -> None:
    circle = shapes.parse("circle")
    assert shapes.parse(circle) is circle


@pytest.mark.parametrize("value", [{}, {"size": 3}, 7, None, ["circle"]])
def test_a_value_without_a_kind_is_refused(shapes: Registry, value: Any) -> None:
    with pytest.raises(PydanticCustomError) as caught:
        shapes.parse(value)
    assert caught.value.type == "missing_kind"


def test_an_unknown_kind_names_the_known_ones_and_the_nearest(shapes: Registry) -> None:
    with pytest.raises(PydanticCustomError) as caught:
        shapes.parse("circel")
    assert caught.value.message() == "no shape of kind 'circel'; there are: circle, square"
    assert (caught.value.context or {})["nearest"] == "circle"


def test_a_wrong_setting_is_refused_by_the_member(shapes: Registry) -> None:
    with pytest.raises(ValidationError, match="size"):
        shapes.parse({"kind": "circle", "size": "big"})


def test_a_field_holds_any_member(shapes: Registry) -> None:
    recipe = recipe_with(shapes).model_validate({"shape": {"kind": "square", "size": 2}})
    assert type(recipe.shape) is shapes.members()["square"]


def test_a_field_comes_back_from_what_it_is_written_as(shapes: Registry) -> None:
    model = recipe_with(shapes)
    recipe = model.model_validate({"shape": {"kind": "square", "size": 2}})
    assert model.model_validate(recipe.model_dump(mode="json")) == recipe


def test_a_field_with_a_default_kind_takes_settings_alone(shapes: Registry) -> None:
    recipe = recipe_with(shapes, "circle").model_validate({"shape": {"size": 4}})
    assert recipe.shape.model_dump() == {"kind": "circle", "size": 4}


def test_a_kind_given_wins_over_the_default(shapes: Registry) -> None:
    recipe = recipe_with(shapes, "circle").model_validate({"shape": {"kind": "square"}})
    assert recipe.shape.model_dump()["kind"] == "square"


def test_a_wrong_kind_is_a_validation_error_of_the_field(shapes: Registry) -> None:
    with pytest.raises(ValidationError) as caught:
        recipe_with(shapes).model_validate({"shape": "triangle"})
    assert [(e["loc"], e["type"]) for e in caught.value.errors()] == [(("shape",), "unknown_kind")]


def test_the_schema_names_the_registry(shapes: Registry) -> None:
    schema = recipe_with(shapes).model_json_schema()
    assert schema["properties"]["shape"][REGISTRY_KEY] == "shape"
