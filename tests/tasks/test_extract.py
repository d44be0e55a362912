"""The task extract: encoding, loss, decoding, the threshold, answers for people."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from pydantic import ValidationError
from tests.tasks.extraction.reading import tokenizer

from luthier.core.errors import DataError
from luthier.metrics import Asked
from luthier.tasks.extract import Extract, Extractor
from luthier.tasks.extraction.spans import Candidate, Found

READER_WORDS = ("rent", "is", "paid", "on", "monday", "friday", "the", "tenant", "when", "who")
CONTEXT = "the rent is paid on monday; the tenant paid on friday"
SPANS = pl.List(pl.Struct({"text": pl.String, "start": pl.Int64}))


def extractor(facts: dict[str, Any] | None = None, **settings: Any) -> Extractor:
    reader = tokenizer("wordpiece", READER_WORDS, length=512)
    return Extract(**settings).build({"no_answer": False} | (facts or {}), reader)


def rows(*asked: tuple[str, str, list[str] | None]) -> pl.DataFrame:
    """(question, context, answers) each; None: the column is not there."""
    questions, contexts, answers = zip(*asked, strict=True)
    table = pl.DataFrame({"question": questions, "context": contexts})
    if answers[0] is None:
        return table
    found = [
        [{"text": text, "start": context.index(text)} for text in texts]
        for context, texts in zip(contexts, answers, strict=True)
    ]
    return table.with_columns(pl.Series("answers", found, dtype=SPANS))


def output(batch: dict[str, torch.Tensor], seed: int = 0) -> SimpleNamespace:
    """Scores that depend on nothing but where a token stands in its window."""
    random = np.random.default_rng(seed)
    start, end = torch.from_numpy(random.normal(size=(2, 1, 400)).astype(np.float32))
    size, length = batch["input_ids"].shape
    return SimpleNamespace(
        start_logits=start[:, :length].expand(size, -1), end_logits=end[:, :length].expand(size, -1)
    )


ASKED = [
    ("when is the rent paid", CONTEXT, ["monday", "on monday"]),
    ("who paid", CONTEXT + " and so on" * 8, ["the tenant"]),
    ("when?", "the tenant", []),
]


def test_whether_there_may_be_no_answer_is_learned_of_the_rows() -> None:
    assert Extract().learn(rows(*ASKED)) == {"no_answer": True}
    assert Extract().learn(rows(*ASKED[:2])) == {"no_answer": False}
    assert Extract(no_answer=False).learn(rows(*ASKED)) == {"no_answer": False}


def test_windows_must_move_on() -> None:
    with pytest.raises(ValidationError, match="stride < max_length"):
        Extract(max_length=64, stride=64)


def test_the_first_answer_is_learned() -> None:
    task = extractor()
    first, *_ = task.encode(rows(*ASKED))
    begin, end = first["label"]
    assert task.tokenizer.convert_ids_to_tokens(first["input_ids"][begin : end + 1]) == ["monday"]


def test_rows_without_answer_are_trained_only_where_that_may_be() -> None:
    assert [e["label"] for e in extractor().encode(rows(ASKED[2]))] == [None]
    assert [e["label"] for e in extractor({"no_answer": True}).encode(rows(ASKED[2]))] == [(0, 0)]


def test_windows_that_lack_the_answer_say_so() -> None:
    task = extractor(max_length=32, stride=4)
    asked = ("who paid", "rent " * 40 + CONTEXT, ["tenant"])
    labels = [example["label"] for example in task.encode(rows(asked))]
    assert len(labels) >= 3
    assert labels[0] == (0, 0)
    assert sum(label != (0, 0) for label in labels) in (1, 2)


def test_an_answer_that_no_window_holds_whole_is_not_trained() -> None:
    task = extractor(max_length=32, stride=4)
    asked = ("who paid", "rent is " * 30, ["rent is " * 20])
    assert {example["label"] for example in task.encode(rows(asked))} == {None}


def test_serving_encodes_as_training() -> None:
    task, table = extractor(max_length=32, stride=8), rows(*ASKED)
    trained, served = task.encode(table), task.encode(table.drop("answers"))
    assert [e["input_ids"] for e in trained] == [e["input_ids"] for e in served]
    assert "labels" not in task.collate(served)


def test_collate_tells_the_tokens_of_the_context() -> None:
    task = extractor({"no_answer": True})
    examples = task.encode(rows(*ASKED))
    batch = task.collate(examples)
    for row, example in enumerate(examples):
        inside = np.flatnonzero(batch["_inside"][row].numpy())
        assert inside.tolist() == list(range(example["first"], len(example["input_ids"]) - 1))
        assert batch["token_type_ids"][row, inside].tolist() == [1] * len(inside)
        assert task.size(example) == int(batch["attention_mask"][row].sum())


def test_loss_is_a_sum_that_batches_add_up_to() -> None:
    task = extractor({"no_answer": True}, max_length=48, stride=8)
    examples = task.encode(rows(*ASKED))
    assert len(examples) > len(ASKED)
    whole = task.collate(examples)
    total, weight = task.loss(output(whole), whole)
    parts = []
    for example in examples:
        batch = task.collate([example])
        parts.append(task.loss(output(batch), batch))
    assert weight == sum(part[1] for part in parts) == len(examples)
    assert float(total) == pytest.approx(sum(float(part[0]) for part in parts), abs=1e-5)


def test_windows_that_are_not_trained_weigh_nothing() -> None:
    task = extractor()
    batch = task.collate(task.encode(rows(*ASKED)))
    alone = task.collate(task.encode(rows(*ASKED[:2])))
    (total, weight), (other, others) = (task.loss(output(b), b) for b in (batch, alone))
    assert weight == others == 2
    assert float(total) == pytest.approx(float(other), abs=1e-5)


def test_loss_is_cross_entropy_over_what_may_be_answered() -> None:
    task = extractor()
    (example,) = task.encode(rows(ASKED[0]))
    batch = task.collate([example])
    out = output(batch)
    places = [0, *np.flatnonzero(batch["_inside"][0].numpy())]
    expected = 0.0
    for logits, label in zip((out.start_logits, out.end_logits), example["label"], strict=True):
        scores = logits[0, places].double()
        expected -= float(logits[0, label].double() - scores.logsumexp(0)) / 2
    assert float(task.loss(out, batch)[0]) == pytest.approx(expected, abs=1e-5)


def test_decoding_does_not_depend_on_the_batch() -> None:
    task = extractor(max_length=48, stride=8, max_answer_tokens=5)
    examples = task.encode(rows(*ASKED))
    batch = task.collate(examples)
    together = task.gather(task.decode(output(batch), batch), examples)
    apart = []
    for example in examples:
        batch = task.collate([example])
        apart += task.decode(output(batch), batch)
    assert task.gather(apart, examples) == together
    for found, (_, context, _) in zip(together, ASKED, strict=True):
        assert found.candidates
        for candidate in found.candidates:
            assert context[candidate.start : candidate.end] == candidate.text


def found(text: str, score: float, null: float) -> Found:
    return Found((Candidate(text, 0, score), Candidate("or else", 9, score - 1)), null)


PREDICTIONS = [found("monday", 5, 0), found("friday", 1, 3), found("tenant", 4, 4.5), Found((), 0)]
REFERENCES = [Asked(("monday",)), Asked(()), Asked(("tenant",)), Asked(())]


def test_threshold_is_fitted_on_validation() -> None:
    task = extractor({"no_answer": True})
    measured = task.measure(PREDICTIONS, REFERENCES, resamples=0).values()
    assert measured["f1"] == pytest.approx(0.75)
    fitted = task.fit_on_validation(PREDICTIONS, REFERENCES)
    assert 0.5 <= fitted["threshold"] < 2
    better = extractor({"no_answer": True} | dict(fitted))
    measured = better.measure(PREDICTIONS, REFERENCES, resamples=0).values()
    assert (measured["f1"], measured["no_answer_accuracy"]) == (1, 1)
    assert extractor().fit_on_validation(PREDICTIONS, REFERENCES) == {}


def test_answers_say_where_they_stand_and_how_sure_they_are() -> None:
    task = extractor({"no_answer": True, "threshold": 1.0})
    table = rows(("when?", CONTEXT, None), ("who?", CONTEXT, None))
    first, second = task.answers(PREDICTIONS[:2], table)
    assert list(first) == ["answer", "probability", "start", "end", "candidates"]
    assert (first["answer"], first["start"], first["end"]) == ("monday", 0, 6)
    assert first["candidates"][1]["answer"] == "or else"
    shares = np.exp([5, 4, 0]) / np.exp([5, 4, 0]).sum()
    assert first["probability"] == pytest.approx(shares[0])
    assert (second["answer"], second["start"], second["end"]) == ("", None, None)
    assert second["probability"] == pytest.approx(float(np.exp(3) / np.exp([1, 0, 3]).sum()))
    (plain,) = extractor(top=1).answers(PREDICTIONS[:1], table)
    assert "candidates" not in plain


def test_language_of_a_row_decides_how_it_is_measured() -> None:
    chinese = "合同于2024年签订，租期三年。甲方每月支付5000元整。"
    table = rows(("租期几年？", chinese, ["三年"]), ("when?", CONTEXT, ["monday"]))
    assert [one.language for one in extractor().references(table)] == ["zh", "en"]
    assert {one.language for one in extractor(language="en").references(table)} == {"en"}


def test_rows_that_the_model_cannot_answer_are_left_out() -> None:
    kept, notes = extractor().answerable(rows(*ASKED))
    assert (len(kept), len(notes)) == (2, 1)
    assert len(extractor({"no_answer": True}).answerable(rows(*ASKED))[0]) == 3


def test_baseline_is_the_best_constant() -> None:
    table = rows(*ASKED, ASKED[2])
    assert extractor({"no_answer": True}).baseline(table).values()["f1"] == pytest.approx(0.5)


def test_mistakes_show_the_most_certain_first() -> None:
    task = extractor()
    sure = Found((Candidate("the rent", 0, 9.0), Candidate("rent", 4, 2.0)), 0.0)
    given = [found("friday", 5, 0), sure]
    worst, other = task.mistakes(rows(*ASKED[:2]), given, 5)
    assert (worst["predicted"], worst["true"]) == ("the rent", "the tenant")
    assert other["true"] == "monday | on monday"
    assert other["text"].startswith("when is the rent paid\n")


def test_a_text_alone_is_no_question() -> None:
    with pytest.raises(DataError, match="a question and a context"):
        extractor().read("when?")


def test_every_window_is_shown_with_its_own_part() -> None:
    task, table = extractor(max_length=48, stride=8), rows(*ASKED)
    examples = task.encode(table)
    parts = task.spread(table, examples)["context"].to_list()
    assert len(parts) == len(examples)
    assert all(part in table["context"][e["row"]] for part, e in zip(parts, examples, strict=True))
