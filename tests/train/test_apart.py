"""Gradients of several tasks, each on its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.conftest import table

from luthier.models.bases import Base
from luthier.models.load import load_model
from luthier.models.model import Model
from luthier.models.processors import load_processor
from luthier.tasks.mixture.balance import balanced, evened
from luthier.tasks.multi import Multi
from luthier.tasks.task import Task
from luthier.train.apart import NO_LENGTH, Apart, projected
from luthier.train.step import accumulate

TASKS = {
    "mood": {"kind": "classify", "text": "text", "label": "mood"},
    "length": {"kind": "classify", "text": "text", "label": "length"},
}


def rows(count: int = 24) -> pl.DataFrame:
    texts, moods = zip(*table(count), strict=True)
    lengths = ["long" if len(text.split()) > 7 else "short" for text in texts]
    return pl.DataFrame({"text": texts, "mood": moods, "length": lengths})


def built(base: Path, **changes: str) -> tuple[Task, Model]:
    config = Multi.model_validate({"tasks": TASKS, **changes})
    place = Base(base.name, base, "folder")
    processor = load_processor(place, "text")
    task = config.build(config.learn(rows()), processor)
    return task, load_model(place, task.head(), processor, dropout=0.0)


def gradients(base: Path, cuts: int, apart: bool, **changes: str) -> tuple[Model, Apart | None]:
    """The model with the gradients of a step on 24 rows in ``cuts`` micro-batches."""
    task, model = built(base, **changes)
    examples = task.encode(rows())
    size = len(examples) // cuts
    shared = task.of_step(examples)
    batches = [
        {**task.collate(examples[i : i + size]), **shared} for i in range(0, len(examples), size)
    ]
    taken = Apart(model.core) if apart else None
    accumulate(
        model.network.train(), task, batches,
        place=torch.device("cpu"), precision="fp32", seeds=(0, 0), apart=taken,
    )  # fmt: skip
    return model, taken


def moved(model: Model) -> dict[str, torch.Tensor]:
    return {n: p.grad for n, p in model.core.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("cuts", [1, 4])
def test_apart_and_together_are_one_gradient(bert: Path, cuts: int) -> None:
    together, _ = gradients(bert, 1, apart=False)
    model, apart = gradients(bert, cuts, apart=True)
    assert apart is not None
    apart.finish({}, project=False, seeds=(0,))
    whole = moved(together)
    assert moved(model).keys() == whole.keys()
    for name, gradient in moved(model).items():
        torch.testing.assert_close(gradient, whole[name], rtol=1e-3, atol=1e-5)


def test_cosines_and_norms_are_those_of_the_tasks_own_gradients(bert: Path) -> None:
    _, apart = gradients(bert, 2, apart=True)
    assert apart is not None
    found = apart.agreement()
    own = {}
    for name in TASKS:
        weights = {"weights": {other: 1e-9 for other in TASKS if other != name}}
        model, _ = gradients(bert, 1, apart=False, **weights)
        shared = model.core.base_model.parameters()
        own[name] = torch.cat([p.grad.flatten() for p in shared if p.grad is not None]).double()
        assert found.norms[name] == pytest.approx(float(own[name].norm()), rel=1e-3)
    cosine = torch.nn.functional.cosine_similarity(*own.values(), dim=0)
    assert found.cosines["mood length"] == pytest.approx(float(cosine), abs=1e-3)


VECTORS = st.lists(
    st.lists(st.floats(-5, 5, width=32), min_size=4, max_size=4), min_size=1, max_size=4
)


@settings(deadline=None)
@given(VECTORS, st.integers(0, 9))
@example([[0.0, 0.0, 1.1754943508222875e-38, 0.0], [0.0, 0.0, -1.0, 0.0]], 0)
def test_two_projected_gradients_never_point_against_the_other(
    vectors: list[list[float]], seed: int
) -> None:
    given_ones = [[torch.tensor(v[:2]), torch.tensor(v[2:])] for v in vectors]
    flat = [torch.cat(one).double() for one in given_ones]
    found = [torch.cat(one) for one in projected(given_ones, np.random.default_rng(seed))]
    if len(found) == 2:
        one, other = flat
        assert float(found[0].double() @ other) >= -1e-4 * (1 + float(other @ other))
        if float(one @ other) >= 0 or float(other @ other) <= NO_LENGTH:
            torch.testing.assert_close(found[0], flat[0].float())
        else:
            along = (one @ other) / (other @ other)
            torch.testing.assert_close(found[0].double(), one - along * other, atol=1e-4, rtol=1e-4)
    if len(found) == 1:
        torch.testing.assert_close(found[0], flat[0].float())


def test_a_learned_variance_weighs_a_loss_as_its_equation_says() -> None:
    losses = {"a": torch.tensor(3.0), "b": torch.tensor(8.0)}
    numbers = {"a": torch.tensor(0.5), "b": torch.tensor(-1.0)}
    found = balanced(losses, numbers, "uncertainty", rows=4)
    assert float(found["a"]) == pytest.approx(3 * np.exp(-0.5) + 0.5 * 0.5 * 4)
    assert float(found["b"]) == pytest.approx(8 * np.exp(1.0) - 0.5 * 4)


def test_weights_move_towards_gradients_of_one_length() -> None:
    steered = evened({"long": 9.0, "middle": 4.0, "short": 2.0})
    # The optimizer goes against the gradient.
    assert steered["long"] > 0 > steered["short"]
    numbers = {name: torch.tensor(-50.0 * value) for name, value in steered.items()}
    found = balanced(dict.fromkeys(steered, torch.tensor(1.0)), numbers, "gradnorm", rows=1)
    assert float(found["long"]) < float(found["short"])
    assert sum(map(float, found.values())) == pytest.approx(3)
