"""The task classify: encoding, loss, decoding, baselines, mistakes."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
import torch
from tests.helpers import LABELS, classifier

from luthier.tasks.classify import Classifier, Classify


def output(logits: torch.Tensor) -> SimpleNamespace:
    return SimpleNamespace(logits=logits)


def rows(texts: list[str], labels: list[object] | None = None) -> pl.DataFrame:
    return pl.DataFrame({"text": texts} | ({"label": labels} if labels is not None else {}))


@pytest.fixture
def task(bert: Path) -> Classifier:
    return classifier(bert)


def test_labels_that_are_numbers_are_ordered_by_value() -> None:
    frame = pl.DataFrame({"label": ["10", "2", "1", "2"]})
    assert Classify().learn(frame) == {"labels": ["1", "2", "10"]}


def test_several_labels_are_learned_from_lists() -> None:
    frame = pl.DataFrame({"label": [["b"], ["a", "b"], []]})
    assert Classify(target="classes").learn(frame) == {"labels": ["a", "b"]}


def test_long_texts_are_cut_with_their_end_token(bert: Path) -> None:
    task = classifier(bert, max_length=6)
    (example,) = task.encode(rows(["profit rose in the quarter of the company"]))
    assert len(example["input_ids"]) == 6
    assert example["input_ids"][-1] == task.tokenizer.sep_token_id


def test_collate_pads_right_and_masks(task: Classifier) -> None:
    batch = task.collate(task.encode(rows(["profit rose", "loss"])))
    assert batch["input_ids"].shape == (2, 4)
    assert batch["attention_mask"].tolist() == [[1, 1, 1, 1], [1, 1, 1, 0]]
    assert batch["input_ids"][1, 3] == task.tokenizer.pad_token_id
    assert "labels" not in batch


def test_loss_is_a_sum_that_batches_add_up_to(task: Classifier) -> None:
    torch.manual_seed(0)
    logits, labels = torch.randn(7, 3), torch.tensor([0, 1, 2, 0, 1, 2, 2])
    whole, weight = task.loss(output(logits), {"labels": labels})
    parts = [
        task.loss(output(logits[a:b]), {"labels": labels[a:b]}) for a, b in ((0, 2), (2, 3), (3, 7))
    ]
    assert weight == 7 == sum(w for _, w in parts)
    torch.testing.assert_close(whole, sum(loss for loss, _ in parts))
    reference = torch.nn.functional.cross_entropy(logits, labels)
    torch.testing.assert_close(whole / weight, reference)


def test_probabilities_are_the_softmax_of_the_logits(task: Classifier) -> None:
    logits = torch.tensor([[1.0, 2.0, 3.0]])
    np.testing.assert_allclose(task.decode(output(logits), {}), logits.double().softmax(-1))


def test_several_labels_decode_one_by_one(bert: Path) -> None:
    task = classifier(bert, ["a", "b", "c"], target="classes")
    logits = torch.tensor([[3.0, -3.0, 0.1], [-1.0, -1.0, -1.0]])
    answers = task.answers(task.decode(output(logits), {}), rows(["x", "y"], [[], []]))
    assert [answer["labels"] for answer in answers] == [["a", "c"], []]
    references = task.references(rows(["x", "y"], [["a"], []]))
    assert references.tolist() == [[1, 0, 0], [0, 0, 0]]


def test_score_loss_is_the_squared_error(bert: Path) -> None:
    task = classifier(bert, ["score"], target="score")
    total, weight = task.loss(
        output(torch.tensor([[1.0], [4.0]])), {"labels": torch.tensor([2.0, 2.0])}
    )
    assert (total.item(), weight) == (5.0, 2.0)
    assert task.default_metric == "rmse"


def test_baseline_of_classes_is_the_majority(task: Classifier) -> None:
    frame = rows(["a"] * 5, ["neutral", "neutral", "neutral", "positive", "negative"])
    assert task.baseline(frame).metrics["accuracy"].value == pytest.approx(0.6)


def test_baseline_of_scores_is_the_mean(bert: Path) -> None:
    task = classifier(bert, ["score"], target="score")
    scores = [1.0, 2.0, 6.0]
    assert task.baseline(rows(["a"] * 3, scores)).metrics["rmse"].value == pytest.approx(
        np.std(scores)
    )


def test_mistakes_are_wrong_answers_most_certain_first(task: Classifier) -> None:
    frame = rows(["one", "two", "three"], ["neutral", "neutral", "neutral"])
    predictions = np.array([[0.6, 0.4, 0.0], [0.1, 0.8, 0.1], [0.0, 0.1, 0.9]])
    mistakes = task.mistakes(frame, predictions, count=5)
    assert [m["text"] for m in mistakes] == ["three", "one"]
    assert (mistakes[0]["true"], mistakes[0]["predicted"]) == ("neutral", "positive")
    assert mistakes[0]["probability"] == pytest.approx(0.9)


def test_rows_of_unknown_labels_are_set_aside_and_named(task: Classifier) -> None:
    kept, notes = task.answerable(rows(["a", "b", "c"], ["neutral", "mixed", "odd"]))
    assert kept["text"].to_list() == ["a"]
    assert "mixed, odd" in notes[0]


def test_classes_are_named_in_the_order_of_the_logits(task: Classifier) -> None:
    (answer,) = task.answers(np.array([[0.2, 0.1, 0.7]]), rows(["a"], ["neutral"]))
    assert answer["label"] == LABELS[2]
    assert answer["probabilities"] == dict(zip(LABELS, [0.2, 0.1, 0.7], strict=True))
