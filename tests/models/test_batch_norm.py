"""Depth groups of image networks, and frozen statistics of batch normalisation."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tests.helpers import work_of
from tests.images import KINDS, write_image_base
from torch import nn

from luthier.models.bases import Base
from luthier.models.batch_norm import keep_frozen_statistics
from luthier.models.load import load_model
from luthier.models.model import Model
from luthier.models.processors import load_processor
from luthier.tasks.image import Image
from luthier.techniques.freeze import Freeze
from luthier.techniques.lora import Lora
from luthier.techniques.technique import Technique, multipliers


def model_of(kind: str, folder: Path) -> Model:
    base = Base(kind, write_image_base(kind, folder), "folder")
    processor = load_processor(base, "image")
    task = Image().build({"labels": ["a", "b"]}, processor)
    return load_model(base, task.head(), processor)


@pytest.mark.parametrize("kind", KINDS)
def test_groups_run_from_input_over_stages_to_head(tmp_path: Path, kind: str) -> None:
    model = model_of(kind, tmp_path)
    groups = {group.name: group.parameters for group in model.depth_groups()}
    assert list(groups) == ["embeddings", "layer.0", "layer.1", "head"]
    names = [name for parameters in groups.values() for name in parameters]
    assert sorted(names) == sorted(name for name, _ in model.core.named_parameters())
    place = {"resnet": "encoder.stages.", "convnext": "encoder.stages.", "vit": "layers."}[kind]
    for number in (0, 1):
        assert any(f"{place}{number}." in name for name in groups[f"layer.{number}"])
        assert not any(f"{place}{1 - number}." in name for name in groups[f"layer.{number}"])
    assert all(name.startswith("classifier.") for name in groups["head"])
    assert all("emb" in name for name in groups["embeddings"])
    last = {"convnext": "convnext.layernorm.weight", "vit": "vit.layernorm.weight"}
    assert kind not in last or last[kind] in groups["layer.1"]


def statistics(model: Model) -> dict[str, torch.Tensor]:
    return {name: buffer.clone() for name, buffer in model.core.named_buffers()}


def train_a_little(model: Model, techniques: list[Technique]) -> None:
    task = Image().build({"labels": ["a", "b"]}, model.processor)
    for technique in techniques:
        technique.apply(model, work_of(task))
    for name, factor in multipliers(techniques, model, 0.0).items():
        model.core.get_parameter(name).requires_grad_(factor > 0)
    model.network.train()
    keep_frozen_statistics(model.core)
    torch.manual_seed(1)
    for _ in range(3):
        model.network(pixel_values=torch.randn(4, 3, 32, 32) + 1).logits.sum().backward()


@pytest.mark.parametrize(
    ("techniques", "frozen"),
    [
        ([], ()),
        ([Freeze(lowest=1)], ("resnet.embedder.",)),
        ([Freeze(lowest=2)], ("resnet.embedder.", "resnet.encoder.stages.0.")),
        ([Freeze(layers=[0])], ("resnet.encoder.stages.0.",)),
        ([Freeze(all_but_head=True)], ("resnet.",)),
        ([Freeze(names=["*.stages.1.*.normalization.*"])], ("resnet.encoder.stages.1.",)),
        ([Lora(r=2, target_modules=["convolution"])], ("resnet.",)),
    ],
)
def test_statistics_of_frozen_parts_stay_and_others_move(
    tmp_path: Path, techniques: list[Technique], frozen: tuple[str, ...]
) -> None:
    model = model_of("resnet", tmp_path)
    before = statistics(model)
    train_a_little(model, techniques)
    after = statistics(model)
    assert before.keys() == after.keys()
    assert len(before) > 10
    for name, old in before.items():
        assert torch.equal(old, after[name]) == name.startswith(frozen), name


def test_frozen_parts_normalise_as_in_evaluation(tmp_path: Path) -> None:
    model = model_of("resnet", tmp_path)
    train_a_little(model, [])
    model.core.eval()
    images = torch.randn(4, 3, 32, 32)
    expected = model.core(pixel_values=images).logits
    model.core.requires_grad_(False)
    model.network.train()
    keep_frozen_statistics(model.core)
    assert torch.equal(model.core(pixel_values=images).logits, expected)


def test_normalisation_without_parameters_follows_what_holds_it() -> None:
    free, held = (
        nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4, affine=False)) for _ in range(2)
    )
    held.requires_grad_(False)
    network = nn.ModuleList([free, held]).train()
    keep_frozen_statistics(network)
    assert free[1].training
    assert not held[1].training
