from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from luthier.core.lazy import lazy


@pytest.fixture
def counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    name = "counted_for_lazy"
    (tmp_path / f"{name}.py").write_text("value = 7\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, name, raising=False)
    return name


def test_a_module_is_not_loaded_before_its_use(counted: str) -> None:
    lazy(counted)
    assert counted not in sys.modules


def test_the_first_use_loads_it(counted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert lazy(counted).value == 7
    assert counted in sys.modules
    monkeypatch.delitem(sys.modules, counted)


def test_attributes_are_those_of_the_module_itself() -> None:
    assert lazy("json").loads is json.loads


def test_a_replaced_attribute_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    module = lazy("json")
    assert module.loads is json.loads
    monkeypatch.setattr(json, "loads", len)
    assert module.loads is len


def test_a_submodule_can_be_named() -> None:
    assert lazy("os.path").basename("a/b") == "b"


def test_a_name_that_the_module_lacks_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="lods"):
        _ = lazy("json").lods


def test_a_missing_module_is_reported_at_its_use() -> None:
    module = lazy("no_such_module_here")
    with pytest.raises(ModuleNotFoundError, match="no_such_module_here"):
        _ = module.anything


def test_reading_a_recipe_loads_no_torch() -> None:
    code = """
import sys
from luthier.recipe.registries import PREPARATION, SCHEDULES, TASKS, TECHNIQUES
for registry in (PREPARATION, SCHEDULES, TASKS, TECHNIQUES):
    assert registry.members()
import luthier.recipe.load
print(*sorted({"torch", "transformers", "peft", "polars"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
