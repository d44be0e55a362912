"""The task image: encoding, decoding in threads, changes at random, mixtures, loss."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.images import SHAPES, draw, write_image_base, write_images

from luthier.core.errors import DataError, ModelError, NothingSupervisedError
from luthier.data.images import of_files
from luthier.data.roles import ROW, SOURCE
from luthier.models.bases import Base
from luthier.models.load import load_model
from luthier.models.processors import load_processor
from luthier.tasks.audit.audit import audit_rows
from luthier.tasks.image import Image
from luthier.tasks.imaging.classifier import ImageClassifier

LABELS = list(SHAPES)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Base:
    return Base("resnet", write_image_base("resnet", tmp_path_factory.mktemp("base")), "folder")


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    folder = write_images(tmp_path_factory.mktemp("images"), 12)
    files = sorted(folder.rglob("*.png"))
    labels = pl.Series("label", [file.parent.name for file in files])
    return pl.DataFrame([of_files(files), labels])


def task_of(base: Base, **values: Any) -> ImageClassifier:
    return Image(**values).build({"labels": LABELS}, load_processor(base, "image"))


def output(logits: torch.Tensor) -> SimpleNamespace:
    return SimpleNamespace(logits=logits)


def test_examples_hold_no_pixels(base: Base, rows: pl.DataFrame) -> None:
    examples = task_of(base).encode(rows)
    assert [LABELS[int(example["label"])] for example in examples] == rows["label"].to_list()
    for example in examples:
        assert example["image"]["bytes"] is None
        assert set(example) == {"image", "label"}


def test_bytes_files_and_paths_give_the_same_pixels(base: Base, rows: pl.DataFrame) -> None:
    task = task_of(base)
    paths = rows["image"].struct.field("path").to_list()
    within = [{"path": None, "bytes": Path(path).read_bytes(), "sha256": None} for path in paths]
    tables = [rows, pl.DataFrame({"image": paths}), pl.DataFrame({"image": within})]
    batches = [task.collate(task.encode(table))["pixel_values"] for table in tables]
    assert batches[0].shape == (12, 3, 32, 32)
    assert torch.equal(batches[0], batches[1])
    assert torch.equal(batches[0], batches[2])


def test_modes_and_orientation_are_seen_to(base: Base, tmp_path: Path) -> None:
    picture = draw("disc", np.random.default_rng(0))
    turned = tmp_path / "turned.png"
    exif = picture.getexif()
    exif[0x0112] = 3
    picture.rotate(180).save(turned, exif=exif)
    grey = io.BytesIO()
    picture.convert("LA").save(grey, "PNG")
    images = [
        {"path": str(turned), "bytes": None, "sha256": None},
        {"path": None, "bytes": grey.getvalue(), "sha256": None},
    ]
    task = task_of(base)
    first, second = task.collate([{"image": image} for image in images])["pixel_values"]
    processor = task.processor
    assert torch.equal(first, torch.from_numpy(processor.pixels(processor.fit(picture))))
    assert second.isfinite().all()


def test_an_image_that_cannot_be_read_is_named(base: Base, tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"no image")
    table = pl.DataFrame({"image": [str(tmp_path / "broken.jpg")]})
    task = task_of(base)
    with pytest.raises(DataError, match="cannot be read") as caught:
        task.collate(task.encode(table))
    assert "broken.jpg" in str(caught.value.where)


def test_training_images_change_by_seed_and_step_alone(base: Base, rows: pl.DataFrame) -> None:
    task = task_of(base, augment="strong")
    examples = task.encode(rows)

    def shown(part: slice, *seeds: int) -> torch.Tensor:
        return task.collate_to_train(examples[part], seeds)["pixel_values"]

    whole = shown(slice(None), 0, 5, 0)
    assert torch.equal(whole, shown(slice(None), 0, 5, 0))
    # An image is changed alike in whatever micro-batch it comes.
    assert torch.equal(whole[4:9], shown(slice(4, 9), 0, 5, 1))
    assert not torch.equal(whole, shown(slice(None), 0, 6, 0))
    assert not torch.equal(whole, shown(slice(None), 1, 5, 0))
    assert not torch.equal(whole, task.collate(examples)["pixel_values"])


def test_no_augmentation_is_none(base: Base, rows: pl.DataFrame) -> None:
    task = task_of(base, augment="none")
    examples = task.encode(rows)
    shown = task.collate_to_train(examples, (0, 1, 2))
    assert torch.equal(shown["pixel_values"], task.collate(examples)["pixel_values"])


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6), weighted=st.booleans(), smoothing=st.sampled_from([0.0, 0.2]))
@pytest.mark.parametrize("kind", ["mixup", "cutmix"])
def test_the_loss_of_mixed_images_is_that_of_the_mixed_truth(
    base: Base, rows: pl.DataFrame, kind: str, seed: int, weighted: bool, smoothing: float
) -> None:
    weights = [0.5, 1.0, 2.5]
    config = Image.model_validate(
        {"augment": "none", "label_smoothing": smoothing, "mix": {"kind": kind, "alpha": 1.0}}
    )
    facts = {"labels": LABELS, "weights": weights if weighted else None}
    task = config.build(facts, load_processor(base, "image"))
    batch = task.collate_to_train(task.encode(rows), (seed, 3, 0))
    kept = float(batch["_kept"][0])
    truth = torch.nn.functional.one_hot(batch["labels"], 3) * kept
    truth = truth + torch.nn.functional.one_hot(batch["_partner_labels"], 3) * (1 - kept)
    logits = torch.randn(12, 3, generator=torch.Generator().manual_seed(seed))
    loss, weight = task.loss(output(logits), batch)
    classes = torch.tensor(weights) if weighted else torch.ones(3)
    expected = torch.nn.functional.cross_entropy(
        logits, truth, weight=classes, label_smoothing=smoothing, reduction="sum"
    )
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)
    assert weight == pytest.approx(float((truth * classes).sum()), rel=1e-5)


def test_mixed_images_hold_both(base: Base, rows: pl.DataFrame) -> None:
    config = Image.model_validate({"augment": "none", "mix": {"kind": "cutmix", "alpha": 1.0}})
    task = config.build({"labels": LABELS}, load_processor(base, "image"))
    examples = task.encode(rows)
    plain = task.collate(examples)["pixel_values"]
    batch = task.collate_to_train(examples, (0, 1, 0))
    own = (batch["pixel_values"] == plain).all(1).double().mean((1, 2))
    kept = float(batch["_kept"][0])
    assert 0 < kept < 1
    # Chance may make an image its own partner.
    changed = own[own < 1]
    assert len(changed) >= 9
    assert changed.tolist() == pytest.approx([kept] * len(changed), abs=0.01)


def test_mixing_may_be_rare(base: Base, rows: pl.DataFrame) -> None:
    mix = {"kind": "mixup", "probability": 0.3}
    task = Image.model_validate({"mix": mix}).build(
        {"labels": LABELS}, load_processor(base, "image")
    )
    examples = task.encode(rows)[:2]
    mixed = ["_kept" in task.collate_to_train(examples, (0, step, 0)) for step in range(100)]
    assert 15 < sum(mixed) < 48


def test_a_transformer_takes_no_other_size(tmp_path: Path) -> None:
    base = Base("vit", write_image_base("vit", tmp_path), "folder")
    task = task_of(base, size=48)
    with pytest.raises(ModelError, match="32 by 32 pixels, not 48 by 48"):
        load_model(base, task.head(), task.processor)


def with_places(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(pl.lit("s").alias(SOURCE), pl.lit(0, dtype=pl.Int64).alias(ROW))


def test_the_audit_finds_images_of_two_classes(base: Base, rows: pl.DataFrame) -> None:
    task = task_of(base)
    again = rows.head(1).with_columns(pl.lit("ring").alias("label"))
    table = with_places(pl.concat([rows, again]))
    audit = audit_rows(task, table, task.encode(table), longest=0).to_json()
    assert audit["rows"] == audit["rows_trained"] == 13
    assert audit["alike_differ"] == 2
    assert len(audit["findings"][0]["examples"]) == 2
    clean = audit_rows(task, with_places(rows), task.encode(rows), longest=0).to_json()
    assert clean["alike_differ"] == 0
    assert clean["findings"] == []


def test_images_without_labels_teach_nothing(base: Base, rows: pl.DataFrame) -> None:
    task = task_of(base)
    table = with_places(rows.drop("label"))
    with pytest.raises(NothingSupervisedError, match="12 training images"):
        audit_rows(task, table, task.encode(table), longest=0)


def test_mistakes_name_the_file(base: Base, rows: pl.DataFrame) -> None:
    task = task_of(base)
    wrong = np.tile([0.1, 0.7, 0.2], (12, 1))
    found = task.mistakes(rows, wrong, count=3)
    assert all(mistake["text"].endswith(".png") for mistake in found)
    assert {mistake["predicted"] for mistake in found} == {"ring"}
