"""The range test: its rates, how its curve is read, and that nothing of it stays."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tests.helpers import here, recipe

from luthier.core.errors import RecipeError
from luthier.pipeline.find_rate import find_rate
from luthier.recipe.load import load_recipe, recipe_text
from luthier.train.range_test import Rising, judge_rates, smooth
from luthier.train.schedule import Moment


def test_rates_rise_by_the_same_factor() -> None:
    rising = Rising(start=1e-6)
    rates = np.array([rising.multiplier(Moment(step, 100)) for step in range(100)])
    assert rates[0] == pytest.approx(1e-6)
    assert rates[-1] == 1.0
    assert np.diff(np.log(rates)) == pytest.approx(np.full(99, np.log(1e6) / 99))


def test_running_mean_is_unbiased_at_its_start() -> None:
    assert smooth([2.0, 2.0, 2.0]) == pytest.approx([2.0, 2.0, 2.0])


def test_the_curve_is_read_where_it_falls_and_where_it_is_lowest() -> None:
    rates = np.logspace(-6, 0, 121)
    falls = 1 / (1 + np.exp(4 * (np.log10(rates) + 3)))
    losses = 0.5 + falls + np.maximum(0, np.log10(rates) + 2) ** 2
    found = judge_rates(rates.tolist(), losses.tolist())
    assert 8e-4 < found.steepest < 4e-3
    assert 3e-3 < found.lowest < 3e-2
    assert found.steepest / 2 < found.suggested <= found.lowest / 3
    assert f"{found.suggested:.0e}" == f"{found.suggested:.6e}".replace(".000000", "")


def test_a_loss_that_only_rises_gives_the_lowest_rate() -> None:
    rates, losses = [1e-6, 1e-5, 1e-4, 1e-3], [1.0, 1.5, 4.0, 9.0]
    assert judge_rates(rates, losses).suggested <= 1e-6


def test_a_recipe_is_tested_and_nothing_stays(bert: Path, news: Path, tmp_path: Path) -> None:
    values = recipe(news, bert, training__schedule="plateau", training__grow_batch={})
    (tmp_path / "news.yaml").write_text(recipe_text(values), encoding="utf-8")
    done = here("find-rate", "news.yaml", "--steps", "40", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert len(found["rates"]) == len(found["losses"]) <= 40
    assert found["rates"][0] == pytest.approx(1e-6)
    assert 1e-5 < found["suggested"] < 0.1
    page = (tmp_path / "learning-rate.html").read_text(encoding="utf-8")
    assert f"{found['suggested']:.0e}" in page
    assert page.count("<path") == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "learning-rate.html", "news.csv", "news.yaml",
    ]  # fmt: skip


def test_rates_have_to_rise(bert: Path, news: Path, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="rise"):
        find_rate(load_recipe(recipe(news, bert)), tmp_path, low=1e-2, high=1e-3)
