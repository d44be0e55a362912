"""Schedules: shape, warm-up, ends, purity, and those that react."""

from __future__ import annotations

import random
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.contracts.test_resume import Stop, assert_same, crash_at
from tests.helpers import recipe
from torch import nn

import luthier
from luthier.core.errors import RecipeError
from luthier.pipeline import resume_run, tune
from luthier.recipe.load import load_recipe
from luthier.recipe.registries import SCHEDULES
from luthier.runs import Run, list_runs
from luthier.train.plateaus import plateaus
from luthier.train.schedule import Moment, Schedule
from luthier.train.schedules.backoff import Backoff
from luthier.train.schedules.cosine import Cosine
from luthier.train.schedules.cosine_restarts import CosineRestarts
from luthier.train.schedules.inverse_sqrt import InverseSqrt
from luthier.train.schedules.linear import Linear
from luthier.train.schedules.one_cycle import OneCycle
from luthier.train.schedules.plateau import Plateau
from luthier.train.schedules.polynomial import Polynomial
from luthier.train.schedules.wsd import WarmupStableDecay

FALLING = ["constant", "cosine", "inverse_sqrt", "linear", "plateau", "polynomial", "wsd"]
"""Those with the warm-up of all, after which the rate never rises."""
KINDS = sorted([*FALLING, "backoff", "cosine_restarts", "one_cycle"])


def factors(schedule: Schedule, total: int) -> list[float]:
    return [schedule.multiplier(Moment(step, total)) for step in range(total)]


def test_these_schedules_exist() -> None:
    assert list(SCHEDULES.members()) == KINDS


@given(st.sampled_from(KINDS), st.integers(1, 500), st.floats(0, 0.9))
def test_factor_stays_between_0_and_1(kind: str, total: int, warmup: float) -> None:
    schedule = SCHEDULES.parse({"kind": kind, "warmup": warmup})
    assert isinstance(schedule, Schedule)
    found = factors(schedule, total)
    assert all(0 <= factor <= 1 for factor in found)
    assert found[0] > 0
    if kind in FALLING:
        rising = round(warmup * total)
        assert found[:rising] == sorted(found[:rising])
        assert found[rising:] == sorted(found[rising:], reverse=True)


@pytest.mark.parametrize("kind", FALLING)
def test_full_rate_follows_warm_up(kind: str) -> None:
    schedule = SCHEDULES.parse({"kind": kind, "warmup": 0.1})
    assert isinstance(schedule, Schedule)
    assert schedule.multiplier(Moment(10, 100)) == 1.0
    assert schedule.multiplier(Moment(4, 100)) == pytest.approx(5 / 11)


def test_linear_ends_near_zero() -> None:
    assert Linear().multiplier(Moment(99, 100)) == pytest.approx(0.01)


def test_cosine_is_half_way_in_the_middle_and_ends_at_its_floor() -> None:
    assert Cosine(floor=0.2).multiplier(Moment(50, 100)) == pytest.approx(0.6)
    assert Cosine(floor=0.2).multiplier(Moment(100, 100)) == pytest.approx(0.2)


@pytest.mark.parametrize("growth", [1, 2])
def test_restarts_are_those_of_torch(growth: int) -> None:
    cycles, first = 3, 20
    total = sum(first * growth**cycle for cycle in range(cycles))
    schedule = CosineRestarts(cycles=cycles, growth=growth)
    expected = rates_of(
        lambda o: torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(o, first, growth), total
    )
    assert factors(schedule, total) == pytest.approx(expected)


def test_one_cycle_is_that_of_torch() -> None:
    for total in (10, 97, 400):
        expected = rates_of(
            lambda o, total=total: torch.optim.lr_scheduler.OneCycleLR(
                o, max_lr=1.0, total_steps=total, cycle_momentum=False
            ),
            total,
        )
        assert factors(OneCycle(), total) == pytest.approx(expected, abs=1e-9)


def test_polynomial_is_that_of_torch() -> None:
    expected = rates_of(lambda o: torch.optim.lr_scheduler.PolynomialLR(o, 50, power=2.0), 50)
    assert factors(Polynomial(), 50) == pytest.approx(expected)


def rates_of(make: Any, total: int) -> list[float]:
    """The rates that one of torch's schedulers gives of a full rate of 1."""
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler, found = make(optimizer), []
    for _ in range(total):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return found


def test_inverse_sqrt_is_that_of_the_transformer() -> None:
    schedule = InverseSqrt(warmup=0.04)
    paper = [min((s + 1) / 40**1.5, (s + 1) ** -0.5) * 40**0.5 for s in range(1000)]
    assert factors(schedule, 1000)[40:] == pytest.approx(paper[39:-1])


def test_wsd_holds_and_then_falls() -> None:
    for shape, middle in (("linear", 0.6), ("sqrt", 1 - 0.5**0.5 * 0.8)):
        schedule = WarmupStableDecay(warmup=0.1, decay=0.2, shape=shape, floor=0.2)
        found = factors(schedule, 100)
        assert set(found[10:82]) == {1.0}
        assert found[91] == pytest.approx(middle)
        assert schedule.multiplier(Moment(100, 100)) == pytest.approx(0.2)


def evaluations(values: list[float], metric: str = "loss") -> list[dict[str, Any]]:
    return [{"step": n, "metrics": {metric: value}} for n, value in enumerate(values, 1)]


@given(
    st.lists(st.floats(0, 1), max_size=40), st.integers(0, 3), st.integers(0, 3), st.floats(0, 0.2)
)
def test_plateau_is_that_of_torch(
    values: list[float], patience: int, cooldown: int, min_delta: float
) -> None:
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, factor=0.5, patience=patience, cooldown=cooldown,
        threshold=min_delta, threshold_mode="abs", eps=0,
    )  # fmt: skip
    for value in values:
        scheduler.step(value)
    schedule = Plateau(patience=patience, cooldown=cooldown, min_delta=min_delta)
    moment = Moment(50, 100, evaluations(values), metric="loss")
    assert schedule.multiplier(moment) == pytest.approx(optimizer.param_groups[0]["lr"])


def test_plateau_knows_which_way_is_better_and_its_floor() -> None:
    rising = [0.1, 0.2, 0.3, 0.4, 0.5]
    assert plateaus(evaluations(rising, "accuracy"), "accuracy", patience=0) == 0
    assert plateaus(evaluations(rising), "loss", patience=0) == 4
    moment = Moment(5, 10, evaluations(rising), metric="accuracy")
    assert Plateau(patience=0, metric="loss", floor=0.1).multiplier(moment) == 0.1


def test_backoff_after_a_spike_returns() -> None:
    level = [1 + random.Random(n).uniform(-0.1, 0.1) for n in range(40)]
    schedule = Backoff(schedule="constant", recover=10)

    def reaction(losses: list[float]) -> float:
        kept = losses[-schedule.memory :]
        return schedule.reaction(Moment(len(losses), 1000, losses=kept))

    assert reaction(level) == 1.0
    assert reaction([*level, 5.0]) == 0.5
    course = [reaction([*level, 5.0, *level[:after]]) for after in range(12)]
    assert course[5] == pytest.approx(0.75)
    assert course[10:] == [1.0, 1.0]
    assert all(earlier < later for earlier, later in pairwise(course[:10]))
    assert reaction([*level, 5.0, 5.5]) == pytest.approx(0.55 * 0.5)


def test_backoff_takes_over_what_its_schedule_does() -> None:
    inner = {"kind": "plateau", "patience": 0, "metric": "loss"}
    schedule = Backoff(schedule=inner)
    moment = Moment(50, 100, evaluations([1.0, 2.0]), metric="accuracy")
    assert schedule.multiplier(moment) == 0.5
    assert schedule.needs_validation
    assert schedule.watched == "loss"


REACTING: dict[str, dict[str, Any]] = {
    "backoff": {"schedule": {"kind": "backoff", "window": 5, "threshold": 0.5, "recover": 3}},
    "plateau": {"schedule": {"kind": "plateau", "patience": 0, "metric": "loss"}},
    "grow_batch": {"grow_batch": {"patience": 0, "metric": "loss", "most": 4}},
}


@pytest.mark.parametrize("name", REACTING)
def test_what_reacts_survives_a_crash(name: str, bert: Path, news: Path, tmp_path: Path) -> None:
    values = recipe(news, bert, training__max_steps=24, training__save_every=4)
    values["training"] |= {
        "dropout": 0.1, "evaluate_every": 2, "learning_rate": 0.05, **REACTING[name],
    }  # fmt: skip
    whole = luthier.tune(values, runs_dir=tmp_path / "whole")
    steps = [event for event in whole.events() if event["event"] == "Stepped"]
    assert min(s["reaction"] for s in steps) < 1 or max(s["grown"] for s in steps) > 1
    crash = next(s["step"] for s in steps if s["step"] > 17)
    with pytest.raises(Stop):
        tune(load_recipe(values), tmp_path / "cut", listener=crash_at(crash))
    (cut,) = list_runs(tmp_path / "cut")
    assert_same(resume_run(cut), whole)
    assert rates(cut) == rates(whole)


def rates(run: Run) -> dict[int, float]:
    return {e["step"]: e["lr"] for e in run.events() if e["event"] == "Stepped"}


def test_grown_batches_take_the_planned_rows_and_stop_at_evaluations(
    bert: Path, news: Path, tmp_path: Path
) -> None:
    values = recipe(news, bert, training__max_steps=18, training__evaluate_every=6)
    values["training"] |= {"learning_rate": 1e-9, "grow_batch": {"patience": 0, "most": 4}}
    run = luthier.tune(values, runs_dir=tmp_path)
    taken = [(e["step"], e["grown"]) for e in run.events() if e["event"] == "Stepped"]
    assert taken == [*((n, 1) for n in range(1, 13)), (14, 2), (16, 2), (18, 2)]
    rows = [e["rows"] for e in run.events() if e["event"] == "Stepped"]
    assert rows[-1] == 32


@pytest.mark.parametrize(
    ("key", "value"),
    [("schedule", "plateau"), ("grow_batch", {}), ("early_stopping", {"patience": 1})],
)
def test_what_reacts_needs_validation_rows(
    key: str, value: Any, bert: Path, news: Path, tmp_path: Path
) -> None:
    values = recipe(news, bert)
    values["data"]["split"]["validation"] = 0
    values["training"][key] = value
    with pytest.raises(RecipeError, match="no validation rows"):
        luthier.tune(values, runs_dir=tmp_path)


def test_a_metric_that_is_not_measured_is_refused(bert: Path, news: Path, tmp_path: Path) -> None:
    values = recipe(news, bert, training__schedule={"kind": "plateau", "metric": "las"})
    with pytest.raises(RecipeError, match="does not measure 'las'"):
        luthier.tune(values, runs_dir=tmp_path)
