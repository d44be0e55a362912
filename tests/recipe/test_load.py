"""Recipes: loading, aliases, overrides, and errors with path, line and the nearest name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luthier.core.errors import RecipeError
from luthier.recipe.aliases import TECHNIQUE, TOP
from luthier.recipe.load import dump_recipe, load_recipe
from luthier.recipe.registries import TASKS
from luthier.recipe.schema import NEW_RATE, Data, Evaluation, Recipe, Split, Stage, Training
from luthier.techniques.freeze import HEAD_RATE
from luthier.techniques.ia3 import Ia3
from luthier.techniques.lora import Lora

BASIC = """\
name: news
base: minilm-l6
task: {kind: classify, text: sentence}
data:
  train: news.csv
techniques: [{kind: lora, r: 16}]
training:
  epochs: 4
  schedule: {kind: cosine, warmup: 0.2}
"""


def load(tmp_path: Path, text: str, *overrides: str) -> Any:
    file = tmp_path / "r.yaml"
    file.write_text(text, encoding="utf-8")
    return load_recipe(file, list(overrides))


def refused(tmp_path: Path, text: str, *overrides: str) -> str:
    with pytest.raises(RecipeError) as error:
        load(tmp_path, text, *overrides)
    return str(error.value)


def test_one_stage_may_stand_at_the_top(tmp_path: Path) -> None:
    (stage,) = load(tmp_path, BASIC).recipe.stages
    assert (stage.base, stage.data.train, stage.training.epochs) == ("minilm-l6", "news.csv", 4)
    assert (stage.techniques[0].kind, stage.techniques[0].r) == ("lora", 16)
    assert stage.training.schedule.warmup == 0.2


def test_several_stages(tmp_path: Path) -> None:
    text = "name: two\nstages:\n- {base: b, task: classify, data: {train: a}}\n"
    text += "- {task: classify, data: {train: c}}\n"
    first, second = load(tmp_path, text).recipe.stages
    assert (first.name, second.name, second.base) == ("stage1", "stage2", None)


@pytest.mark.parametrize(
    "overrides, rate",
    [
        ([], Lora.rate),
        (["techniques=[]"], 1e-4),
        (["techniques=[{kind: discriminative}]"], 1e-4),
        (["techniques=[{kind: discriminative}, {kind: ia3}]"], Ia3.rate),
        (["techniques=[{kind: freeze, all_but_head: true}]"], HEAD_RATE),
        (["techniques=[]", "base={new: {family: encoder}}"], NEW_RATE),
        (["training.learning_rate=1e-4"], 1e-4),
    ],
)
def test_the_rate_suits_what_is_trained(tmp_path: Path, overrides: list[str], rate: float) -> None:
    loaded = load(tmp_path, BASIC, *overrides)
    assert loaded.recipe.stages[0].training.learning_rate == rate
    assert loaded.recipe.stages[0].training.epochs == 4
    again = load(tmp_path, dump_recipe(loaded.recipe))
    assert again.recipe == loaded.recipe


def test_bom_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    assert load(tmp_path, "\ufeff" + BASIC).recipe.name == "news"


def test_dump_is_whole_and_loads_back_equal(tmp_path: Path) -> None:
    recipe = load(tmp_path, BASIC).recipe
    text = dump_recipe(recipe)
    assert "max_grad_norm: 1.0" in text
    assert load(tmp_path, text).recipe == recipe


@given(st.sampled_from(sorted(set(TOP) - {"max_steps", "epochs"})))
def test_alias_at_the_top_reaches_its_place(name: str) -> None:
    values: dict[str, Any] = {
        "name": "x", "base": "b", "task": {"kind": "classify"}, "data": {"train": "a"},
    }  # fmt: skip
    path = TOP[name].split(".")
    example = {"base": "other", "train": "t.csv", "validation": "v.csv", "test": "t.csv",
               "kind": "cosine", "best": "accuracy"}.get(path[-1], 7)  # fmt: skip
    if path[:2] == ["data", "split"] or path[-1] in ("warmup", "beta1", "beta2"):
        example = 0.25
    if path[-2:] == ["optimizer", "kind"]:
        example = "lion"
    holder = values
    for part in path[:-1]:
        holder = holder.get(part, {})
    holder.pop(path[-1], None)
    values[name] = example
    loaded = load_recipe(values)
    assert (name, TOP[name]) in loaded.renamed
    place: Any = loaded.recipe.stages[0]
    for part in path:
        place = getattr(place, part)
    assert place == example


def test_a_bad_setting_of_an_optimizer_is_what_is_told() -> None:
    values = {"name": "x", "base": "b", "task": "classify", "data": {"train": "a"}}
    with pytest.raises(RecipeError, match="beta1"):
        load_recipe(values | {"training": {"optimizer": {"kind": "adamw", "beta1": 7}}})


def test_aliases_inside_sections_and_techniques(tmp_path: Path) -> None:
    text = BASIC.replace("epochs: 4", "num_train_epochs: 9").replace("r: 16", "lora_rank: 3")
    loaded = load(tmp_path, text)
    assert loaded.recipe.stages[0].training.epochs == 9
    assert loaded.recipe.stages[0].techniques[0].r == 3
    assert ("training.num_train_epochs", "training.epochs") in loaded.renamed
    assert set(TECHNIQUE.values()) == {"r", "lora_alpha"}


def test_alias_beside_its_name_is_refused(tmp_path: Path) -> None:
    text = BASIC.replace("  epochs: 4\n", "  epochs: 4\n  num_train_epochs: 9\n")
    assert "num_train_epochs" in refused(tmp_path, text)


@pytest.mark.parametrize(
    ("override", "read"),
    [
        ("training.epochs=9", lambda s: s.training.epochs == 9),
        ("lr=0.5", lambda s: s.training.learning_rate == 0.5),
        ("training.schedule=constant", lambda s: s.training.schedule.kind == "constant"),
        ("training.schedule.warmup=0.5", lambda s: s.training.schedule.warmup == 0.5),
        ("techniques.0.r=2", lambda s: s.techniques[0].r == 2),
        ("techniques=[full]", lambda s: s.techniques[0].kind == "full"),
        ("data.train=[a.csv, b.csv]", lambda s: s.data.train == ["a.csv", "b.csv"]),
        ("stages.0.training.seed=3", lambda s: s.training.seed == 3),
        ("training.max_grad_norm=null", lambda s: s.training.max_grad_norm is None),
        ("training.learning_rate=1e-3", lambda s: s.training.learning_rate == 1e-3),
    ],
)
def test_override(tmp_path: Path, override: str, read: Any) -> None:
    assert read(load(tmp_path, BASIC, override).recipe.stages[0])


@pytest.mark.parametrize("override", ["epochs", "=3", "techniques.4.r=1", "techniques.x.r=1"])
def test_malformed_override_is_refused(tmp_path: Path, override: str) -> None:
    assert override in refused(tmp_path, BASIC, override)


@pytest.mark.parametrize(
    ("wrong", "right", "line"),
    [
        ("  epochs: 4", "  epoch: 4", 8),
        ("task: {kind: classify, text: sentence}", "task: {kind: classify, txt: sentence}", 3),
        ("  train: news.csv", "  train: news.csv\n  splits: {test: 0.1}", 6),
        ("kind: lora, r: 16", "kind: lora, lora_alhpa: 16", 6),
        ("warmup: 0.2", "warm_up: 0.2", 9),
        ("name: news", "name: news\nbasis: x", 2),
    ],
)
def test_unknown_key_gives_line_and_nearest(
    tmp_path: Path, wrong: str, right: str, line: int
) -> None:
    message = refused(tmp_path, BASIC.replace(wrong, right))
    assert f"r.yaml:{line}" in message
    assert "Did you mean" in message


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("epochs: 4", "epochs: many", 8),
        ("epochs: 4", "epochs: 0", 8),
        ("warmup: 0.2", "warmup: 2", 9),
        ("kind: cosine", "kind: cosin", 9),
        ("kind: classify", "kind: clasify", 3),
        ("kind: lora", "kind: lore", 6),
    ],
)
def test_wrong_value_gives_line(tmp_path: Path, key: str, value: str, line: int) -> None:
    message = refused(tmp_path, BASIC.replace(key, value))
    assert f"r.yaml:{line}" in message


def test_unknown_kind_offers_the_nearest(tmp_path: Path) -> None:
    assert "'cosine'" in refused(tmp_path, BASIC.replace("cosine", "cosin"))


@pytest.mark.parametrize("key", ["base", "task", "data"])
def test_missing_key_is_named(tmp_path: Path, key: str) -> None:
    lines = BASIC.splitlines(keepends=True)
    skip = {"base": (1,), "task": (2,), "data": (3, 4)}[key]
    text = "".join(line for number, line in enumerate(lines) if number not in skip)
    assert key in refused(tmp_path, text)


def test_yaml_1_2_reads_no_as_text(tmp_path: Path) -> None:
    loaded = load(tmp_path, BASIC, "data.labels={no: nein}")
    assert loaded.recipe.stages[0].data.labels == {"no": "nein"}


def test_duplicate_key_is_refused_with_its_line(tmp_path: Path) -> None:
    message = refused(tmp_path, BASIC + "name: again\n")
    assert "10" in message


def test_misspelt_shipped_recipe_offers_the_nearest() -> None:
    with pytest.raises(RecipeError, match="finance-sentiment"):
        load_recipe("finance-sentimant")


@pytest.mark.parametrize("model", [Recipe, Stage, Data, Split, Training, Evaluation])
def test_every_field_is_documented(model: Any) -> None:
    assert all(field.description for field in model.model_fields.values())


def test_every_registered_field_is_documented() -> None:
    from luthier.recipe.registries import PREPARATION, SCHEDULES, TECHNIQUES

    for registry in (TASKS, TECHNIQUES, SCHEDULES, PREPARATION):
        for kind, member in registry.members().items():
            assert member.__doc__
            for name, field in member.model_fields.items():
                assert field.description, (kind, name)


def test_problem_in_an_override_names_the_override(tmp_path: Path) -> None:
    message = refused(tmp_path, BASIC, "training.epochs=many")
    assert "--> training.epochs=many" in message
    assert "Did you mean 'epochs'" in refused(tmp_path, BASIC, "training.epoch=3")
