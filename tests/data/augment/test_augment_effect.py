"""What new images do, judged by a linear model on validation."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from PIL import Image
from tests.data.making import LABEL

from luthier.data.augment.effect import Judge, effect_of
from luthier.data.augment.images import encoded
from luthier.data.images import IMAGE, made_image
from luthier.data.ledger import Ledger
from luthier.data.operator import Context
from luthier.data.operators.augment import Augment
from luthier.data.roles import ADDED, ROW, SOURCE, SPLIT, Role


def bars(number, random):
    """Noise with a bright bar: upright in every second image, else lying."""
    values = random.integers(0, 90, (20, 20, 3))
    place = random.integers(4, 14)
    where = (slice(None), slice(place, place + 3))
    values[where if number % 2 else where[::-1]] += 100
    return made_image(encoded(Image.fromarray(values.astype(np.uint8)), jpeg=False))


@pytest.fixture(scope="module")
def rows():
    """180 images of bars, 60 of them for validation."""
    random = np.random.default_rng(0)
    count = 180
    return pl.DataFrame({
        "image": pl.Series([bars(n, random) for n in range(count)], dtype=IMAGE),
        "label": ["upright" if n % 2 else "lying" for n in range(count)],
        SOURCE: ["bars"] * count, ROW: range(count),
        SPLIT: ["train"] * 120 + ["validation"] * 60,
    })  # fmt: skip


def told(workers=1):
    return Context((Role("image", "image"), LABEL), Ledger(), workers=workers)


def test_new_images_are_judged_and_threads_do_not_matter(rows):
    one, two = told(1), told(2)
    first = Augment(share=1.0, methods=["crop", "colour"]).apply_divided(rows, one)
    second = Augment(share=1.0, methods=["crop", "colour"]).apply_divided(rows, two)
    assert first.equals(second)
    assert one.ledger.table().equals(two.ledger.table())
    assert one.measured == two.measured
    (finding,) = one.findings
    assert finding.fields["asked"] == 60
    assert finding.fields["made"] == len(first) - len(rows) > 100
    assert finding.fields["without"] > 0.8
    assert finding.fields["with_new"] > 0.8


def test_new_images_with_wrong_labels_are_found_to_hurt(rows):
    old = rows.with_columns(pl.lit(None, pl.String).alias(ADDED))
    train = old.filter(pl.col(SPLIT) == "train")
    turned = pl.col("label").replace({"upright": "lying", "lying": "upright"})
    wrong = train.with_columns(turned, pl.lit("augment").alias(ADDED))
    everything = pl.concat([old, wrong, wrong, wrong])
    found = effect_of(everything, Judge.of_images(everything["image"], 1), "label", "augment", 0)
    assert found is not None
    assert found.hurts
    assert found.with_new["accuracy"] < 0.5 < found.without["accuracy"]


def test_a_row_without_an_image_gets_no_copy(rows):
    lacking = rows.with_columns(
        pl.when(pl.col(ROW) % 3 == 0).then(None).otherwise(pl.col("image")).alias("image")
    )
    after = Augment(share=1.0).apply_divided(lacking, told())
    new = after.filter(pl.col(ADDED) == "augment")
    assert len(new) >= 70
    assert new["image"].null_count() == 0
    assert not (new[ROW] % 3 == 0).any()
