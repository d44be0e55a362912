"""Small images with classes that can be seen, and bases of every kind to read them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw
from transformers import (
    ConvNextConfig,
    ConvNextModel,
    PretrainedConfig,
    PreTrainedModel,
    ResNetConfig,
    ResNetModel,
    ViTConfig,
    ViTModel,
)

SHAPES = ("disc", "ring", "square")
SIDE = 32

MEAN, STD = [0.5, 0.45, 0.4], [0.25, 0.25, 0.3]

PROCESSORS: dict[str, dict[str, Any]] = {
    "resnet": {
        "image_processor_type": "ConvNextImageProcessor", "size": {"shortest_edge": SIDE},
        "crop_pct": 0.875, "resample": 3,
    },
    "convnext": {
        "image_processor_type": "BitImageProcessor", "size": {"shortest_edge": 36},
        "crop_size": {"height": SIDE, "width": SIDE}, "resample": 3,
    },
    "vit": {
        "image_processor_type": "ViTImageProcessor", "size": {"height": SIDE, "width": SIDE},
        "resample": 2,
    },
}  # fmt: skip
KINDS = tuple(PROCESSORS)


def draw(shape: str, random: np.random.Generator) -> Image.Image:
    """A shape in some colour somewhere before noise."""
    wide, high = (int(side) for side in random.integers(36, 48, 2))
    noise = random.integers(0, 90, (high, wide, 3), dtype=np.uint8)
    picture = Image.fromarray(noise)
    colour = tuple(int(value) for value in random.integers(140, 256, 3))
    side = int(random.integers(18, 24))
    left, top = (int(random.integers(2, end - side - 1)) for end in (wide, high))
    box = (left, top, left + side, top + side)
    pen = ImageDraw.Draw(picture)
    if shape == "square":
        pen.rectangle(box, fill=colour)
    elif shape == "disc":
        pen.ellipse(box, fill=colour)
    else:
        pen.ellipse(box, outline=colour, width=4)
    return picture


def write_images(folder: Path, count: int, seed: int = 0) -> Path:
    """A folder of PNG files by class, the classes in turn."""
    random = np.random.default_rng(seed)
    for number in range(count):
        shape = SHAPES[number % len(SHAPES)]
        (folder / shape).mkdir(parents=True, exist_ok=True)
        draw(shape, random).save(folder / shape / f"{number}.png")
    return folder


def write_image_base(kind: str, folder: Path) -> Path:
    """A tiny base with random weights and its image processor, as ``save_pretrained`` does."""
    torch.manual_seed(0)
    network = network_of(kind)
    network.save_pretrained(folder)
    settings = {"image_mean": MEAN, "image_std": STD, **PROCESSORS[kind]}
    (folder / "preprocessor_config.json").write_text(json.dumps(settings))
    return folder


def network_of(kind: str) -> PreTrainedModel:
    """A tiny network."""
    if kind == "resnet":
        return ResNetModel(config_of(kind))
    if kind == "convnext":
        return ConvNextModel(config_of(kind))
    return ViTModel(config_of(kind), add_pooling_layer=False)


def config_of(kind: str) -> PretrainedConfig:
    """What a tiny network is like."""
    if kind == "resnet":
        return ResNetConfig(
            embedding_size=8, hidden_sizes=[16, 32], depths=[1, 1], layer_type="basic"
        )
    if kind == "convnext":
        return ConvNextConfig(
            hidden_sizes=[16, 32], depths=[1, 1], num_stages=2, image_size=SIDE,
            layer_scale_init_value=1.0,
        )  # fmt: skip
    return ViTConfig(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64,
        image_size=SIDE, patch_size=8, hidden_dropout_prob=0.0, initializer_range=0.1,
    )  # fmt: skip


def image_recipe(data: Path, base: Path | str, **changes: Any) -> dict[str, Any]:
    """A recipe for these images that learns them in seconds."""
    values: dict[str, Any] = {
        "name": "shapes",
        "base": str(base),
        "task": {"kind": "image", "augment": "none"},
        "data": {"train": str(data), "split": {"validation": 0.2, "test": 0.2}},
        "training": {
            "epochs": 8, "batch_size": 16, "learning_rate": 5e-3, "precision": "fp32",
        },
        "evaluation": {"resamples": 100},
    }  # fmt: skip
    for key, value in changes.items():
        section, _, leaf = key.partition("__")
        if leaf:
            values[section][leaf] = value
        else:
            values[section] = value
    return values
