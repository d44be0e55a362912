"""Losses of classifiers, beside those of torch and scikit-learn."""

from __future__ import annotations

import math
import random
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
import torch
from pydantic import ValidationError
from sklearn.utils.class_weight import compute_class_weight
from tests.conftest import sentence, write_csv
from tests.helpers import classifier, recipe
from torch.nn import functional

import luthier
from luthier.core.errors import DataError
from luthier.tasks import losses
from luthier.tasks.classify import Classify

WEIGHTS = torch.tensor([0.5, 2.0, 3.5])


@pytest.fixture
def logits():
    torch.manual_seed(0)
    return torch.randn(11, 3, requires_grad=True)


LABELS = torch.tensor([0, 1, 2, 0, 0, 0, 2, 1, 0, 0, 2])
MATRIX = (
    functional.one_hot(LABELS, 3).float() + torch.tensor([0.0, 0.0, 1.0]) * (LABELS == 0)[:, None]
)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5])
@pytest.mark.parametrize("weight", [None, WEIGHTS])
def test_one_class_is_torchs_mean(logits, weight, smoothing):
    total, count = losses.one_class(logits, LABELS, weight=weight, smoothing=smoothing)
    mean = functional.cross_entropy(logits, LABELS, weight=weight, label_smoothing=smoothing)
    torch.testing.assert_close(total / count, mean)


@pytest.mark.parametrize("settings", [
    {}, {"weight": WEIGHTS}, {"weight": WEIGHTS, "gamma": 2.0}, {"gamma": 0.5},
    {"weight": WEIGHTS, "smoothing": 0.1},
])  # fmt: skip
def test_gradients_of_micro_batches_are_those_of_the_whole(logits, settings):
    loss = losses.one_class_focal if "gamma" in settings else losses.one_class
    total, count = loss(logits, LABELS, **settings)
    (whole,) = torch.autograd.grad(total / count, logits)
    cuts = [(0, 4), (4, 5), (5, 11)]
    parts = [loss(logits[a:b], LABELS[a:b], **settings) for a, b in cuts]
    assert sum(weight for _, weight in parts) == pytest.approx(count)
    summed = sum(part for part, _ in parts) / sum(weight for _, weight in parts)
    torch.testing.assert_close(torch.autograd.grad(summed, logits)[0], whole)


@pytest.mark.parametrize("weight", [None, WEIGHTS])
def test_focal_loss_is_the_formula_of_its_paper(logits, weight):
    total, count = losses.one_class_focal(logits, LABELS, gamma=2.0, weight=weight)
    expected = 0.0
    for row, label in zip(logits.softmax(-1).tolist(), LABELS.tolist(), strict=True):
        alpha = 1.0 if weight is None else weight[label].item()
        expected += -alpha * (1 - row[label]) ** 2 * math.log(row[label])
    assert total.item() == pytest.approx(expected, rel=1e-5)
    plain, same = losses.one_class_focal(logits, LABELS, gamma=0.0, weight=weight)
    torch.testing.assert_close(plain, losses.one_class(logits, LABELS, weight=weight)[0])
    assert same == count


@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0])
def test_focal_gradients_are_finite_where_the_answer_is_certain(gamma):
    logits = torch.tensor([[200.0, 0.0], [0.0, 200.0], [-200.0, 200.0]], requires_grad=True)
    for loss, labels in (
        (losses.one_class_focal, torch.tensor([0, 0, 1])),
        (losses.many_classes, torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])),
    ):
        total, _ = loss(logits, labels, gamma=gamma)
        (gradient,) = torch.autograd.grad(total, logits)
        assert torch.isfinite(total)
        assert torch.isfinite(gradient).all()


@pytest.mark.parametrize("weight", [None, WEIGHTS])
def test_many_classes_are_torchs_binary_cross_entropy(logits, weight):
    total, count = losses.many_classes(logits, MATRIX, weight=weight)
    mean = functional.binary_cross_entropy_with_logits(logits, MATRIX, pos_weight=weight)
    torch.testing.assert_close(total / count, mean)
    smooth, _ = losses.many_classes(logits, MATRIX, weight=weight, smoothing=0.2)
    soft = MATRIX * 0.8 + 0.1
    expected = functional.binary_cross_entropy_with_logits(
        logits, soft, pos_weight=weight, reduction="sum"
    )
    torch.testing.assert_close(smooth, expected)


def test_focal_loss_of_many_classes_is_the_formula_of_its_paper(logits):
    total, _ = losses.many_classes(logits, MATRIX, gamma=2.0)
    p = logits.sigmoid()
    p_true = torch.where(MATRIX > 0.5, p, 1 - p)
    torch.testing.assert_close(total, (-((1 - p_true) ** 2) * p_true.log()).sum())


def test_balanced_weights_are_scikit_learns():
    labels = ["a"] * 7 + ["b"] * 2 + ["c"]
    expected = compute_class_weight("balanced", classes=np.array(["a", "b", "c"]), y=labels)
    facts = Classify(class_weights="balanced").learn(pl.DataFrame({"label": labels}))
    assert facts["weights"] == pytest.approx(expected.tolist())
    assert facts["counts"] == {"a": 7, "b": 2, "c": 1}


def test_weights_follow_the_order_of_the_classes():
    frame = pl.DataFrame({"label": ["10", "2", "2"]})
    facts = Classify(class_weights={"10": 5}).learn(frame)
    assert (facts["labels"], facts["weights"]) == (["2", "10"], [1.0, 5])


def test_of_several_labels_both_sides_weigh_the_same():
    frame = pl.DataFrame({"label": [["a"], ["a", "b"], [], ["a"]]})
    facts = Classify(target="classes", class_weights="balanced").learn(frame)
    assert facts["weights"] == [pytest.approx(1 / 3), 3.0]


def test_a_weight_of_an_unknown_class_is_refused():
    with pytest.raises(DataError, match="Did you mean 'positive'"):
        Classify(class_weights={"positve": 2}).learn(pl.DataFrame({"label": ["positive", "x"]}))


@pytest.mark.parametrize("values", [
    {"target": "score", "class_weights": "balanced"}, {"target": "score", "loss": "focal"},
    {"target": "score", "label_smoothing": 0.1}, {"loss": "focal", "label_smoothing": 0.1},
    {"class_weights": {"a": 0}}, {"label_smoothing": 1.0},
])  # fmt: skip
def test_what_makes_no_sense_is_refused(values):
    with pytest.raises(ValidationError):
        Classify(**values)


@pytest.mark.parametrize(("settings", "weight"), [
    ({}, 11.0), ({"loss": "focal"}, 11.0), ({"label_smoothing": 0.1}, 11.0),
])  # fmt: skip
def test_the_task_takes_the_loss_that_the_recipe_asks_for(
    bert: Path, logits: torch.Tensor, settings: dict[str, object], weight: float
) -> None:
    task = classifier(bert, **settings)
    total, count = task.loss(SimpleNamespace(logits=logits), {"labels": LABELS})
    plain = functional.cross_entropy(logits, LABELS, reduction="sum")
    assert count == weight
    assert torch.isclose(total, plain) == (not settings)


def _skewed(count: int, rare: int) -> list[tuple[str, str]]:
    """One positive sentence in ``rare``; many of them, and fewer of the others, look neutral.

    Who goes by the rows calls what looks neutral negative, who goes by the classes positive.
    """
    choose = random.Random(3)
    rows: dict[str, str] = {}
    while len(rows) < count:
        positive = len(rows) % rare == 0
        label = "positive" if positive else "negative"
        looks_neutral = choose.random() < (0.6 if positive else 0.15)
        rows.setdefault(sentence("neutral" if looks_neutral else label, choose), label)
    return list(rows.items())


def test_weights_raise_the_recall_of_a_rare_class(bert: Path, tmp_path: Path) -> None:
    data = write_csv(tmp_path / "rare.csv", _skewed(1200, 8), ("text", "label"))
    training = {"training__epochs": 6, "training__learning_rate": 2e-3}

    def recall(**settings: object) -> float:
        """Mean over two seeds of the recall that counts both classes alike."""
        task = {"kind": "classify", **settings}
        found = []
        for seed in (0, 1):
            values = recipe(data, bert, task=task, training__seed=seed, **training)
            run = luthier.tune(values, runs_dir=tmp_path / "runs")
            found.append(run.verdict()["metrics"]["recall_macro"]["value"])
        return float(np.mean(found))

    assert recall(class_weights="balanced") > recall() + 0.05
