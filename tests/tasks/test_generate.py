"""The task generate: prompts, targets, losses and batches of every family."""

from __future__ import annotations

import random
from pathlib import Path

import polars as pl
import pytest
import torch
from tests.tiny import write_base

from luthier.core.errors import DataError, ModelError
from luthier.models.bases import Base
from luthier.models.families import depth_groups
from luthier.models.load import load_model
from luthier.models.processors import load_tokenizer
from luthier.tasks.generate import Generate
from luthier.tasks.task import IGNORED, inputs_of
from luthier.tasks.writing.plain import lead, longest_turn, plain_answers
from luthier.tasks.writing.writer import Writer

WORDS = [*"abcdefghij", "translate", "question", "context", ":", "summarize", "."]
WRITERS = ("gpt2", "llama", "t5")


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("writers")
    return {kind: write_base(kind, folder / kind, WORDS) for kind in (*WRITERS, "bert")}


def task_on(base: Path, facts: dict | None = None, **settings) -> Writer:
    config = Generate(**settings)
    facts = facts or {"template": config.asked()}
    return config.build(facts, load_tokenizer(Base(base.name, base, "folder")))


def rows(count: int, seed: int = 0) -> pl.DataFrame:
    choose = random.Random(seed)
    source = [" ".join(choose.choices("abcdefgh", k=choose.randint(2, 9))) for _ in range(count)]
    return pl.DataFrame({"source": source, "target": [text[::-1] for text in source]})


def model_of(task: Writer, base: Path):
    return load_model(Base(base.name, base, "folder"), task.head(), task.tokenizer)


@pytest.mark.parametrize("kind", WRITERS)
def test_training_continues_the_prompt_that_serving_gives(bases, kind):
    task, some = task_on(bases[kind]), rows(5)
    trained, served = task.encode(some), task.encode(some.drop("target"))
    assert [e["input_ids"] for e in trained] == [e["input_ids"] for e in served]
    for example, target in zip(trained, some["target"], strict=True):
        assert example["labels"][-1] == task.tokenizer.eos_token_id
        text = task.tokenizer.decode(example["labels"], skip_special_tokens=True)
        assert text.split() == target.split()


@pytest.mark.parametrize("kind", WRITERS)
def test_only_the_target_is_trained(bases, kind):
    task = task_on(bases[kind])
    examples = task.encode(rows(7))
    batch = task.collate_to_train(examples, (0, 0, 0))
    labels = batch["labels"]
    for row, example in zip(labels.tolist(), examples, strict=True):
        assert [label for label in row if label != IGNORED] == example["labels"]
    network = model_of(task, bases[kind]).network.eval()
    total, weight = task.loss(network(**inputs_of(batch)), batch)
    assert weight == sum(len(e["labels"]) for e in examples)
    own = network(**inputs_of(batch), labels=labels).loss
    assert float(total) / weight == pytest.approx(float(own), abs=1e-5)
    smooth = task_on(bases[kind], label_smoothing=0.1)
    assert float(smooth.loss(network(**inputs_of(batch)), batch)[0]) != float(total)


@pytest.mark.parametrize("kind", WRITERS)
def test_the_source_is_cut_and_the_template_stays(bases, kind):
    some = pl.DataFrame({"context": ["a b c d e f g h i j " * 3], "question": ["c c"]})
    some = some.with_columns(target=pl.lit("a b c d e f g h"))
    template = "question : {question} context : {context} ."
    task = task_on(bases[kind], template=template, max_source_length=16, max_target_length=4)
    (example,) = task.encode(some)
    assert len(example["input_ids"]) <= 16
    text = task.tokenizer.decode(example["input_ids"], skip_special_tokens=True)
    assert text.split()[:8] == ["question", ":", "c", "c", "context", ":", "a", "b"]
    assert text.split()[-1] == "."
    assert len(example["labels"]) == 4 < example["whole"] == 9
    assert task.tokenizer.eos_token_id not in example["labels"]
    (tiny,) = task_on(bases[kind], template=template, max_source_length=8).encode(
        some.with_columns(question=pl.lit("a " * 40))
    )
    assert len(tiny["input_ids"]) <= 8


def test_a_decoder_keeps_room_for_what_it_writes(bases):
    task = task_on(bases["gpt2"])
    assert (task.max_length, task.longest_target) == (32, 32)
    assert task.settings["max_new_tokens"] == 32


def test_encoders_write_nothing(bases):
    with pytest.raises(ModelError, match="reads texts and writes none"):
        task_on(bases["bert"])


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("beams", [1, 3])
def test_what_is_written_does_not_depend_on_the_batch(bases, kind, beams):
    from luthier.evaluation.predict import predict

    task = task_on(bases[kind], num_beams=beams, max_new_tokens=5, no_repeat_ngram_size=2)
    model, some = model_of(task, bases[kind]), rows(9)
    examples = task.encode(some)
    whole = predict(model, task, examples, batch_size=9)
    for size in (1,):
        for one, other in zip(whole, predict(model, task, examples, batch_size=size), strict=True):
            assert (one.text, one.ended, one.tokens) == (other.text, other.ended, other.tokens)
            assert one.loss == pytest.approx(other.loss, abs=1e-4)
    assert len({one.text for one in whole}) > 3
    watched, _ = task.watched(some, "loss")
    cheap = predict(model, watched, examples)
    assert [one.text for one in cheap] == [None] * 9
    assert [one.loss for one in cheap] == pytest.approx([one.loss for one in whole], abs=1e-4)


@pytest.mark.parametrize("kind", WRITERS)
def test_depth_groups_of_networks_that_write(bases, kind):
    groups = depth_groups(model_of(task_on(bases[kind]), bases[kind]).core)
    names = [group.name for group in groups]
    layers = 4 if kind == "t5" else 2
    assert names == ["embeddings", *(f"layer.{n}" for n in range(layers)), "head"]
    assert all(group.parameters for group in groups[:-1])
    assert bool(groups[-1].parameters) == (kind == "llama"), "only this one is untied"


def test_templates_and_uses():
    assert Generate(use="translate").asked() == "translate: {source}"
    assert [role.name for role in Generate(use="answer").roles()] == [
        "question", "context", "target"
    ]  # fmt: skip
    alone = Generate(use="answer").learn(pl.DataFrame({"question": ["a"], "target": ["b"]}))
    assert alone == {"template": "question: {question}"}
    (one, other, target) = Generate(template="{title}: {body}").roles()
    assert (one.synonyms, other.synonyms) == (("title",), ("body",))
    assert not target.given
    for wrong in ("no column", "{}", "{0}", "{a"):
        with pytest.raises(ValueError, match=r"template|expected"):
            Generate(template=wrong)
    with pytest.raises(ValueError, match="does not read"):
        Generate(template="{title}", source="x")


def test_one_text_is_no_question_about_a_text(bases):
    with pytest.raises(DataError, match="question, context"):
        task_on(bases["t5"], use="answer").read("a")
    assert task_on(bases["t5"]).read("a") == {"source": "a"}


def test_plain_answers():
    assert lead("One. Two is 3.5 long! Three? Four.") == "One. Two is 3.5 long! Three?"
    assert lead("他来了。她走了！谁？我。") == "他来了。 她走了！ 谁？"
    talk = "Ann: Hi.\nBob: Could you send the file today?\nAnn: Yes."
    assert longest_turn(talk) == "Could you send the file today?"
    assert lead(talk) == "Ann: Hi. Bob: Could you send the file today? Ann: Yes."
    assert plain_answers("summarise", [talk], ["x"]) == [(lead(talk), longest_turn(talk), "x")]
    assert plain_answers("answer", ["a", "b", "c"], ["x", "y", "y"]) == [("y",)] * 3
    assert plain_answers("translate", ["a"], ["x"]) == [("a",)]


def test_references_are_all_columns_that_are_there(bases):
    task = task_on(bases["t5"], references=["second", "third"])
    some = rows(2).with_columns(second=pl.Series(["x", None]))
    one, other = task.references(some)
    assert one.texts == (some["target"][0], "x")
    assert other.texts == (some["target"][1],)
    assert one.plain == (some["source"][0],)
    assert task.baseline(some).values().keys() == {"chrf", "rougeL"}


def test_the_network_is_saved_with_its_settings(bases, tmp_path):
    task = task_on(bases["gpt2"], num_beams=2)
    network = model_of(task, bases["gpt2"]).core
    network.save_pretrained(tmp_path)
    assert '"num_beams": 2' in (tmp_path / "generation_config.json").read_text()
    assert network.generation_config.eos_token_id == task.tokenizer.eos_token_id
    assert torch.isfinite(network.lm_head.weight).all()


def test_a_new_tokenizer_learns_the_words_of_the_template() -> None:
    rows = pl.DataFrame({"source": ["a cat", None], "target": ["un chat", "un chien"]})
    task = Generate(template="translate English to French: {source}")
    prefix = "translate English to French: "
    assert task.said(rows).to_list() == [f"{prefix}a cat", prefix, "un chat", "un chien"]
