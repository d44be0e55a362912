"""Image processors: the numbers of transformers' own, sizes, what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from tests.images import MEAN, PROCESSORS, STD, write_image_base
from transformers import AutoImageProcessor

from luthier.core.errors import ModelError
from luthier.models.bases import ARCHITECTURES, Base, resolve
from luthier.models.images import ImageProcessor
from luthier.models.processors import load_processor

OTHERS: dict[str, dict[str, Any]] = {
    "warped": {"image_processor_type": "ConvNextImageProcessor", "size": {"shortest_edge": 384}},
    "deit": {
        "image_processor_type": "DeiTImageProcessor", "size": {"height": 40, "width": 40},
        "crop_size": {"height": 32, "width": 24},
    },
    "larger-crop": {
        "image_processor_type": "BitImageProcessor", "size": {"shortest_edge": 20},
        "crop_size": {"height": 27, "width": 32},
    },
    "old-name": {"feature_extractor_type": "ViTFeatureExtractor", "size": 30},
    "plain": {
        "image_processor_type": "ViTImageProcessor", "do_resize": True, "do_normalize": False,
        "size": {"height": 25, "width": 30},
    },
}  # fmt: skip
ALL = {**PROCESSORS, **OTHERS}


def processor(folder: Path, values: dict[str, Any]) -> ImageProcessor:
    settings = {"image_mean": MEAN, "image_std": STD, **values}
    (folder / "preprocessor_config.json").write_text(json.dumps(settings))
    return ImageProcessor.from_pretrained(folder)


def picture(width: int, height: int, seed: int = 0) -> Image.Image:
    values = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(values)


def theirs(folder: Path, image: Image.Image) -> np.ndarray:
    known = AutoImageProcessor.from_pretrained(folder, backend="pil")
    return np.asarray(known(image)["pixel_values"][0])


@pytest.mark.parametrize("name", ALL)
@settings(max_examples=8, deadline=None)
@given(width=st.integers(9, 90), height=st.integers(9, 90))
def test_the_numbers_are_those_of_transformers(
    tmp_path_factory: pytest.TempPathFactory, name: str, width: int, height: int
) -> None:
    folder = tmp_path_factory.mktemp("processor")
    ours = processor(folder, ALL[name])
    image = picture(width, height)
    pixels = ours.pixels(ours.fit(image))
    assert pixels.shape == (3, *ours.size)
    np.testing.assert_allclose(pixels, theirs(folder, image), atol=1e-5)


@pytest.mark.parametrize("name", PROCESSORS)
def test_another_size_is_saved_so_that_transformers_does_the_same(
    tmp_path: Path, name: str
) -> None:
    ours = processor(tmp_path, ALL[name])
    ours.scale_to(20)
    assert ours.size == (20, 20)
    saved = tmp_path / "saved"
    ours.save_pretrained(saved)
    image = picture(57, 41)
    np.testing.assert_allclose(ours.pixels(ours.fit(image)), theirs(saved, image), atol=1e-5)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"image_processor_type": "EfficientNetImageProcessor"}, "are not known"),
        ({"image_processor_type": "BitImageProcessor", "size": {"shortest_edge": 20},
          "do_center_crop": False}, "different sizes"),
    ],
)  # fmt: skip
def test_what_it_does_not_know_is_refused(
    tmp_path: Path, values: dict[str, Any], reason: str
) -> None:
    folder = write_image_base("resnet", tmp_path)
    (folder / "preprocessor_config.json").write_text(json.dumps(values))
    with pytest.raises(ModelError, match=reason):
        load_processor(Base("it", folder, "folder"), "image")


def test_a_base_without_image_processor_is_refused(bert: Path) -> None:
    with pytest.raises(ModelError, match="cannot carry this task"):
        load_processor(Base("bert", bert, "folder"), "image")


def find_none(name: str) -> Path:
    raise AssertionError(name)


@pytest.mark.parametrize("name", ["new", "new:resnet-small"])
def test_new_is_an_architecture(tmp_path: Path, name: str) -> None:
    base = resolve(name, folder=tmp_path, find_run=find_none)
    assert base.path == ARCHITECTURES / "resnet-small"
    assert load_processor(base, "image").size == (64, 64)


def test_an_unknown_architecture_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no architecture 'resnet-smal'") as caught:
        resolve("new:resnet-smal", folder=tmp_path, find_run=find_none)
    assert "resnet-small" in str(caught.value)
