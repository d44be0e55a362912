"""Depth groups of every family, and classification with each."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.conftest import FAMILIES
from tests.helpers import classifier, model_for

from luthier.models.families import Family

EXPECTED = {
    "bert": (Family.ENCODER, 2),
    "gpt2": (Family.DECODER, 2),
    "llama": (Family.DECODER, 2),
    "t5": (Family.ENCODER_DECODER, 4),
}


@pytest.mark.parametrize("kind", FAMILIES)
def test_family_is_recognised(bases: dict[str, Path], kind: str) -> None:
    task = classifier(bases[kind])
    assert model_for(task, bases[kind]).family is EXPECTED[kind][0]


@pytest.mark.parametrize("kind", FAMILIES)
def test_groups_run_from_embeddings_over_layers_to_head(bases: dict[str, Path], kind: str) -> None:
    task = classifier(bases[kind])
    groups = model_for(task, bases[kind]).depth_groups()
    layers = [f"layer.{index}" for index in range(EXPECTED[kind][1])]
    assert [group.name for group in groups] == ["embeddings", *layers, "head"]
    assert all(group.parameters for group in groups)


@pytest.mark.parametrize("kind", FAMILIES)
def test_every_parameter_is_in_exactly_one_group(bases: dict[str, Path], kind: str) -> None:
    task = classifier(bases[kind])
    model = model_for(task, bases[kind])
    grouped = [name for group in model.depth_groups() for name in group.parameters]
    assert sorted(grouped) == sorted(name for name, _ in model.core.named_parameters())


def test_layers_of_the_decoder_follow_those_of_the_encoder(bases: dict[str, Path]) -> None:
    task = classifier(bases["t5"])
    groups = {g.name: g.parameters for g in model_for(task, bases["t5"]).depth_groups()}
    assert all(".encoder." in name for name in groups["layer.0"])
    assert all(".decoder." in name for name in groups["layer.3"])


@pytest.mark.parametrize("kind", FAMILIES)
def test_final_norm_and_pooler_belong_to_the_last_layer(bases: dict[str, Path], kind: str) -> None:
    task = classifier(bases[kind])
    groups = {g.name: g.parameters for g in model_for(task, bases[kind]).depth_groups()}
    last = f"layer.{EXPECTED[kind][1] - 1}"
    final = {
        "bert": "bert.pooler.dense.weight",
        "gpt2": "transformer.ln_f.weight",
        "llama": "model.norm.weight",
        "t5": "transformer.decoder.final_layer_norm.weight",
    }
    assert final[kind] in groups[last]
