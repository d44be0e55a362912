"""The task contrast: partners, loss, vectors; and the stage that classify asks for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.conftest import FAMILIES, table
from tests.helpers import recipe
from transformers import AutoModel, AutoTokenizer

from luthier.core.errors import RecipeError
from luthier.models.bases import Base
from luthier.models.load import load_model
from luthier.models.model import Model
from luthier.models.processors import load_tokenizer
from luthier.recipe.load import dump_recipe, load_recipe
from luthier.recipe.positions import parse_yaml
from luthier.tasks.classify import Classify
from luthier.tasks.contrast import TRAINING, Contrast
from luthier.tasks.contrasting.contraster import Contraster
from luthier.tasks.contrasting.partners import NONE, partners
from luthier.tasks.task import Batch, inputs_of

CLASSES = st.lists(st.integers(0, 3), min_size=2, max_size=25).map(np.array)


def rows(count: int = 12) -> pl.DataFrame:
    return pl.DataFrame(table(count), schema=["text", "label"], orient="row")


def at_work(base: Path, **settings: Any) -> Contraster:
    config = Contrast(**settings)
    place = Base(base.name, base, "folder")
    task = config.build(config.learn(rows()), load_tokenizer(place))
    assert isinstance(task, Contraster)
    return task


def model_of(task: Contraster, base: Path) -> Model:
    place = Base(base.name, base, "folder")
    return load_model(place, task.head(), task.tokenizer, dropout=0.0)


@given(CLASSES, st.sampled_from([2, 4, 8]))
def test_partners_are_half_of_the_class_and_half_of_others(classes: np.ndarray, count: int) -> None:
    drawn = partners(classes, count)
    assert drawn.tolist() == partners(classes, count).tolist()
    for row, others in enumerate(drawn):
        same, other = others[: count // 2], others[count // 2 :]
        assert row not in others
        for half, alike in ((same, True), (other, False)):
            pool = np.flatnonzero((classes == classes[row]) == alike)
            pool = pool[pool != row]
            assert set(half) <= set(pool) or set(half) == {NONE}
            assert len(set(half) - {NONE}) == min(len(pool), count // 2)


@given(CLASSES)
def test_partners_do_not_follow_the_names_of_the_classes(classes: np.ndarray) -> None:
    """Only who is alike matters, as long as the classes stay in the same order."""
    assert partners(classes, 4).tolist() == partners(classes * 7 + 1, 4).tolist()


def test_partners_are_texts_with_what_is_true_of_them(bert: Path) -> None:
    task, given = at_work(bert), rows()
    examples = task.encode(given)
    texts = [example["input_ids"] for example in examples]
    for row, example in enumerate(examples):
        assert len(example["partners"]) == len(example["same"]) == task.config.partners
        for ids, same in zip(example["partners"], example["same"], strict=True):
            other = texts.index(ids)
            assert other != row
            assert (given["label"][other] == given["label"][row]) == bool(same)
    assert "partners" not in task.encode(given.drop("label"))[0]


def test_the_only_row_of_a_class_has_no_pair_of_its_own(bert: Path) -> None:
    given = rows(4).with_columns(pl.Series("label", ["positive", "neutral", "neutral", "neutral"]))
    task = at_work(bert)
    batch = task.collate(task.encode(given)[:1])
    assert batch["_same"].tolist() == [[-1, -1, 0, 0]]
    output = model_of(task, bert).network.train()(**inputs_of(batch))
    total, weight = task.loss(output, batch)
    assert weight == 2
    assert torch.isfinite(total)


def _loss(model: Model, task: Contraster, batch: Batch) -> tuple[torch.Tensor, float]:
    return task.loss(model.network.train()(**inputs_of(batch)), batch)


@pytest.mark.parametrize("kind", FAMILIES)
def test_the_loss_does_not_depend_on_the_batch(bases: dict[str, Path], kind: str) -> None:
    task = at_work(bases[kind])
    model, examples = model_of(task, bases[kind]), task.encode(rows())
    whole, weight = _loss(model, task, task.collate(examples))
    parts = [_loss(model, task, task.collate([example])) for example in examples]
    assert weight == 12 * 4 == sum(count for _, count in parts)
    torch.testing.assert_close(sum(total for total, _ in parts), whole, rtol=1e-5, atol=1e-5)


def test_the_loss_is_the_squared_error_of_cosines(bert: Path) -> None:
    task = at_work(bert)
    examples = task.encode(rows())
    batch = task.collate(examples)
    output = model_of(task, bert).network.train()(**inputs_of(batch))
    total, _ = task.loss(output, batch)
    expected = 0.0
    for vectors, example in zip(output.vectors.detach().double(), examples, strict=True):
        for vector, same in zip(vectors[1:], example["same"], strict=True):
            cosine = torch.nn.functional.cosine_similarity(vectors[0], vector, dim=0)
            expected += (float(cosine) - float(same)) ** 2
    assert total.item() == pytest.approx(expected, rel=1e-5)


def test_gradients_of_micro_batches_are_those_of_the_whole(bert: Path) -> None:
    task = at_work(bert)
    model, examples = model_of(task, bert), task.encode(rows())
    # In double precision, so that only the order of the sums can differ.
    model.network.double()

    def gradient(cuts: list[int]) -> torch.Tensor:
        model.network.zero_grad()
        weights = 0.0
        for start, end in zip([0, *cuts], [*cuts, 12], strict=True):
            total, weight = _loss(model, task, task.collate(examples[start:end]))
            total.backward()
            weights += weight
        parts = [p.grad.flatten() for p in model.network.parameters() if p.grad is not None]
        return torch.cat(parts) / weights

    whole = gradient([])
    assert whole.norm() > 1e-3
    # Vectors are made in fp32.
    torch.testing.assert_close(gradient([3, 4, 9]), whole, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("kind", ["bert", "gpt2"])
def test_vectors_are_the_mean_of_the_tokens(bases: dict[str, Path], kind: str) -> None:
    """Those that transformers gives alone, whatever stands beside a text in its batch."""
    base, task = bases[kind], at_work(bases[kind])
    texts = rows().drop("label")
    network = model_of(task, base).network.eval()
    plain, tokenizer = AutoModel.from_pretrained(base), AutoTokenizer.from_pretrained(base)
    with torch.no_grad():
        batch = task.collate(task.encode(texts))
        ours = task.decode(network(**batch), batch)
        for vector, text in zip(ours, texts["text"], strict=True):
            tokens = plain(**tokenizer(text, return_tensors="pt")).last_hidden_state
            expected = torch.nn.functional.normalize(tokens.mean(1))[0]
            np.testing.assert_allclose(vector, expected, atol=1e-6)


def test_evaluation_looks_at_the_text_alone(bert: Path) -> None:
    task = at_work(bert)
    batch = task.collate(task.encode(rows()))
    network = model_of(task, bert).network
    with torch.no_grad():
        assert network(**inputs_of(batch)).vectors.shape[:2] == (12, 5)
    with torch.inference_mode():
        assert network(**inputs_of(batch)).vectors.shape[:2] == (12, 1)


def test_the_cost_of_an_example_is_that_of_all_its_texts(bert: Path) -> None:
    task = at_work(bert)
    example = task.encode(rows())[0]
    assert task.size(example) == task.collate([example])["input_ids"].numel()


def test_mistakes_name_the_text_that_is_too_like(bert: Path) -> None:
    task, given = at_work(bert), rows(3)
    assert given["label"].to_list() == ["positive", "negative", "neutral"]
    vectors = np.array([[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]])
    first, *_ = task.mistakes(given, vectors, 5)
    assert (first["text"], first["true"]) == (given["text"][0], "positive")
    assert first["predicted"] == f"negative: {given['text'][1]}"
    assert first["probability"] == pytest.approx(0.8)
    measures = task.measure(vectors, task.references(given), resamples=0)
    assert measures.metrics["knn_accuracy"].value == 0
    assert task.baseline(given).metrics["knn_accuracy"].value == pytest.approx(1 / 3)


def _few(news: Path, **task: Any) -> dict[str, Any]:
    return recipe(
        news, "minilm-l6", techniques=[{"kind": "freeze", "lowest": 1}],
        task={"kind": "classify", "contrast": True, **task},
        evaluation__target={"accuracy": 0.5},
    )  # fmt: skip


def test_classify_asks_for_a_stage_before_its_own(news: Path) -> None:
    values = _few(news, text="sentence", max_length=40)
    first, second = load_recipe(values).recipe.stages
    assert (first.name, second.name) == ("contrast", "main")
    assert (first.base, second.base) == ("minilm-l6", None)
    assert first.task == Contrast(text="sentence", max_length=40)
    assert second.task == Classify(text="sentence", max_length=40)
    assert first.data == second.data
    assert {name: getattr(first.training, name) for name in TRAINING} == TRAINING
    assert first.training.seed == second.training.seed
    assert second.training.epochs == 4
    assert (first.techniques, [t.kind for t in second.techniques]) == ([], ["freeze"])
    assert (first.evaluation.target, second.evaluation.target) == ({}, {"accuracy": 0.5})


def test_what_was_spelled_out_stays_so(news: Path) -> None:
    loaded = load_recipe(_few(news)).recipe
    text = dump_recipe(loaded)
    assert load_recipe(parse_yaml(text, "resolved").values).recipe == loaded


def test_stages_that_come_of_it_need_names_of_their_own(news: Path) -> None:
    whole = {key: value for key, value in _few(news).items() if key != "name"}
    stages = [{**whole, "name": "contrast"}, {**whole, "name": "main"}]
    names = [s.name for s in load_recipe({"name": "n", "stages": stages[:1]}).recipe.stages]
    assert names == ["contrast-contrast", "contrast"]
    with pytest.raises(RecipeError, match="name of its own"):
        load_recipe({"name": "n", "stages": stages})


@pytest.mark.parametrize("values", [{"target": "score"}, {"target": "classes"}, {"pair": "other"}])
def test_only_one_class_of_one_text_can_ask_for_it(values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="one class of one text"):
        Classify(contrast=True, **values)
