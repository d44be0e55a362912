"""What is frozen, and for how long."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from tests.helpers import classifier, model_for, recipe, work_of

import luthier
from luthier.core.errors import RecipeError
from luthier.models.model import Model
from luthier.pipeline import Listener, tune
from luthier.recipe.load import load_recipe
from luthier.techniques.bitfit import BitFit
from luthier.techniques.discriminative import Discriminative
from luthier.techniques.freeze import Freeze
from luthier.techniques.gradual_freeze import GradualFreeze
from luthier.techniques.gradual_unfreeze import GradualUnfreeze
from luthier.techniques.layer_norm import LayerNorm
from luthier.techniques.reinit import Reinit
from luthier.techniques.technique import Technique, multipliers
from luthier.train.events import Event, Stepped


@pytest.fixture
def model(bert: Path) -> Model:
    return model_for(classifier(bert), bert)


def frozen(model: Model, technique: Technique, progress: float = 0.0) -> set[str]:
    """Groups that do not move at all."""
    values = multipliers([technique], model, progress)
    return {
        group.name
        for group in model.depth_groups()
        if all(values[name] == 0 for name in group.parameters)
    }


@pytest.mark.parametrize("layers", [[0, 1], ["0-1"], [0, -1], [-2, "1-1"]])
def test_layers_by_number_and_range(model: Model, layers: list[Any]) -> None:
    assert frozen(model, Freeze(layers=layers)) == {"layer.0", "layer.1"}


@pytest.mark.parametrize("layers", [[2], ["0-2"], [-3]])
def test_layers_that_are_not_there_are_refused(model: Model, layers: list[Any]) -> None:
    with pytest.raises(RecipeError, match="matches no parameter"):
        multipliers([Freeze(layers=layers)], model, 0.0)


def test_names_by_regular_expression(model: Model) -> None:
    values = multipliers([Freeze(names=[r"re:.*layer\.[01]\.output\..*"])], model, 0.0)
    assert {n for n, v in values.items() if v == 0} == {
        n for n in values if ".output." in n and ".attention." not in n
    }


def test_broken_expression_is_refused(model: Model) -> None:
    with pytest.raises(RecipeError, match="not a regular expression"):
        multipliers([Freeze(names=["re:("])], model, 0.0)


def test_rates_by_pattern_override_those_by_depth(model: Model) -> None:
    technique = Discriminative(decay=0.5, rates={"@layer.0": 3.0, "*.LayerNorm.*": 2.0})
    values = multipliers([technique], model, 0.0)
    assert values["bert.encoder.layer.0.output.LayerNorm.weight"] == 2.0
    assert values["bert.encoder.layer.0.output.dense.weight"] == 3.0
    assert values["bert.encoder.layer.1.output.dense.weight"] == 0.5


def test_groups_join_from_the_head_down(model: Model) -> None:
    technique = GradualUnfreeze(until=0.6)
    base = {"embeddings", "layer.0", "layer.1"}
    assert technique.turns(model) == pytest.approx([0.2, 0.4, 0.6])
    assert frozen(model, technique) == base
    assert frozen(model, technique, 0.21) == base - {"layer.1"}
    assert frozen(model, technique, 0.41) == {"embeddings"}
    assert frozen(model, technique, 0.61) == set()


def test_groups_are_frozen_from_the_input_up(model: Model) -> None:
    technique = GradualFreeze(begin=0.4)
    assert technique.turns(model) == pytest.approx([0.4, 0.6, 0.8])
    assert frozen(model, technique) == set()
    assert frozen(model, technique, 0.5) == {"embeddings"}
    assert frozen(model, technique, 0.9) == {"embeddings", "layer.0", "layer.1"}


def moving_layers(step: int) -> set[str]:
    return {"head"} | {f"layer.{n}" for n in (1, 0) if step >= (4 if n else 7)}


def test_waiting_groups_are_bit_identical_until_they_join(
    bert: Path, news: Path, tmp_path: Path
) -> None:
    technique = {"kind": "gradual_unfreeze", "until": 0.99}
    values = recipe(news, bert, techniques=[technique], training__epochs=1)
    before = {n: p.clone() for n, p in model_for(classifier(bert), bert).core.named_parameters()}
    seen: dict[int, set[str]] = {}
    session: list[Any] = []

    def watch(event: Event) -> None:
        if isinstance(event, Stepped):
            core = session[0].core
            groups = Model.depth_groups(session[0])
            now = dict(core.named_parameters())
            seen[event.step] = {
                g.name
                for g in groups
                if g.name != "embeddings"
                and any(not torch.equal(now[n].cpu(), before[n]) for n in g.parameters)
            }

    import luthier.pipeline.stage as stage

    original = stage.load_model

    def keep(*arguments: Any, **named: Any) -> Model:
        session.append(original(*arguments, **named))
        return session[0]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stage, "load_model", keep)
        tune(load_recipe(values), tmp_path, listener=Listener(on_event=watch))
    assert seen == {step: moving_layers(step) for step in seen}
    assert len(seen) == 9


def test_bitfit_and_layer_norm_train_what_they_say(model: Model) -> None:
    head = {n for n in multipliers([], model, 0.0) if n.startswith("classifier")}
    biases = {n for n, v in multipliers([BitFit()], model, 0.0).items() if v}
    assert biases == head | {n for n in multipliers([], model, 0.0) if n.endswith(".bias")}
    norms = {n for n, v in multipliers([LayerNorm()], model, 0.0).items() if v}
    assert norms == head | {n for n in multipliers([], model, 0.0) if "LayerNorm" in n}


def test_reinit_changes_the_top_alone(model: Model, bert: Path) -> None:
    before = {n: p.clone() for n, p in model.core.named_parameters()}
    Reinit(top=1).apply(model, work_of(classifier(bert)))
    changed = {n for n, p in model.core.named_parameters() if not torch.equal(p, before[n])}
    last = next(g for g in model.depth_groups() if g.name == "layer.1").parameters
    # Biases were zero and scales one, as they are in a new model.
    assert changed == {n for n in last if n.endswith(".weight") and "LayerNorm" not in n}
    weight = model.core.get_parameter("bert.encoder.layer.1.output.dense.weight")
    assert weight.std().item() == pytest.approx(model.core.config.initializer_range, rel=0.2)


def test_reinit_is_a_function_of_the_seed(bert: Path, news: Path, tmp_path: Path) -> None:
    values = recipe(news, bert, techniques=[{"kind": "reinit"}], training__max_steps=1)
    runs = [luthier.tune(values, runs_dir=tmp_path / name) for name in ("a", "b")]
    first, second = (luthier.load(run).model.core.state_dict() for run in runs)
    assert all(torch.equal(first[name], second[name]) for name in first)
