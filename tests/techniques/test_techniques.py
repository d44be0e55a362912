"""Techniques: which parameters move, how fast, and what stays bit-identical."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tests.conftest import FAMILIES
from tests.helpers import classifier, model_for, work_of

from luthier.core.errors import LuthierError, RecipeError
from luthier.models.model import Model
from luthier.recipe.registries import TECHNIQUES
from luthier.techniques.discriminative import Discriminative
from luthier.techniques.freeze import Freeze
from luthier.techniques.full import Full
from luthier.techniques.lora import Lora
from luthier.techniques.technique import multipliers


@pytest.fixture
def model(bert: Path) -> Model:
    return model_for(classifier(bert), bert)


def by_group(model: Model, values: dict[str, float]) -> dict[str, set[float]]:
    return {g.name: {values[name] for name in g.parameters} for g in model.depth_groups()}


def test_no_technique_and_full_move_everything(model: Model) -> None:
    assert set(multipliers([], model, 0.0).values()) == {1.0}
    assert multipliers([Full()], model, 0.5) == multipliers([], model, 0.0)


def test_discriminative_decays_from_head_to_input(model: Model) -> None:
    found = by_group(model, multipliers([Discriminative(decay=0.5)], model, 0.0))
    assert found == {"head": {1.0}, "layer.1": {0.5}, "layer.0": {0.25}, "embeddings": {0.125}}


def test_discriminative_can_speed_up_the_head(model: Model) -> None:
    found = by_group(model, multipliers([Discriminative(decay=0.5, head=4)], model, 0.0))
    assert found["head"] == {4.0}
    assert found["layer.1"] == {0.5}


@pytest.mark.parametrize(
    ("settings", "frozen"),
    [
        ({"lowest": 2}, {"embeddings", "layer.0"}),
        ({"embeddings": True}, {"embeddings"}),
        ({"layers": [1]}, {"layer.1"}),
        ({"all_but_head": True}, {"embeddings", "layer.0", "layer.1"}),
        ({"names": ["@layer.0"]}, {"layer.0"}),
    ],
)
def test_freeze_by_groups(model: Model, settings: dict[str, object], frozen: set[str]) -> None:
    found = by_group(model, multipliers([Freeze(**settings)], model, 0.0))
    assert {name for name, values in found.items() if values == {0.0}} == frozen
    assert all(values == {1.0} for name, values in found.items() if name not in frozen)


def test_freeze_by_name(model: Model) -> None:
    found = multipliers([Freeze(names=["*.LayerNorm.*"])], model, 0.0)
    assert {name for name, value in found.items() if value == 0} == {
        name for name in found if ".LayerNorm." in name
    }


def test_multipliers_of_techniques_multiply(model: Model) -> None:
    both = multipliers([Discriminative(decay=0.5), Freeze(lowest=1)], model, 0.0)
    assert by_group(model, both)["embeddings"] == {0.0}
    assert by_group(model, both)["layer.0"] == {0.25}


@pytest.mark.parametrize(
    "technique",
    [Freeze(names=["nothing.*"]), Freeze(layers=[9]), Freeze(lowest=4), Freeze()],
)
def test_freeze_that_means_nothing_is_refused(model: Model, technique: Freeze) -> None:
    with pytest.raises(RecipeError):
        multipliers([technique], model, 0.0)


@pytest.mark.parametrize("kind", FAMILIES)
def test_lora_trains_adapters_and_head_only(bases: dict[str, Path], kind: str) -> None:
    task = classifier(bases[kind])
    model = model_for(task, bases[kind])
    Lora(r=2).apply(model, work_of(task))
    moving = {n for n, v in multipliers([Lora(r=2)], model, 0.0).items() if v}
    head = {name for g in model.depth_groups() if g.name == "head" for name in g.parameters}
    expected = {name for name in head if "original_module" not in name}
    assert moving == expected | {n for n, _ in model.core.named_parameters() if ".lora_" in n}
    assert any(".lora_" in name for name in moving)
    assert expected


def test_lora_starts_as_the_base_and_merging_keeps_the_answer(bert: Path) -> None:
    task = classifier(bert)
    model = model_for(task, bert)
    ids = torch.randint(5, 30, (2, 6))
    model.network.eval()
    with torch.no_grad():
        plain = model.network(input_ids=ids).logits
        lora = Lora(r=4, merge=True)
        lora.apply(model, work_of(task))
        model.network.eval()
        torch.testing.assert_close(model.network(input_ids=ids).logits, plain)
        for name, parameter in model.core.named_parameters():
            if ".lora_B." in name:
                parameter.normal_(generator=torch.Generator().manual_seed(len(name)))
        adapted = model.network(input_ids=ids).logits
        assert not torch.allclose(adapted, plain)
        lora.finish(model, work_of(task))
        merged = model.network.eval()(input_ids=ids).logits
    torch.testing.assert_close(merged, adapted, rtol=1e-4, atol=1e-5)
    assert not any("lora" in name for name, _ in model.core.named_parameters())


@pytest.mark.parametrize(
    "value",
    [{"kind": "lora", "r": 0}, {"kind": "discriminative", "decay": 1.5}, {"kind": "lore"}],
)
def test_bad_settings_are_refused(value: dict[str, object]) -> None:
    with pytest.raises((ValueError, LuthierError)):
        TECHNIQUES.parse(value)
