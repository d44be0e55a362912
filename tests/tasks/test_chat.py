"""The task chat: what is learned under five templates, packing, tools, and what serving gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from luthier.core.errors import ModelError
from luthier.data.formats.families import DIALOGUE
from luthier.data.formats.turns import turn
from luthier.data.roles import ROW, SOURCE
from luthier.evaluation.predict import predict
from luthier.models.bases import Base
from luthier.models.load import load_model
from luthier.models.processors import load_tokenizer
from luthier.tasks.audit.audit import audit_rows
from luthier.tasks.chat import Chat
from luthier.tasks.task import IGNORED, inputs_of

CHATML = (
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
LLAMA3 = (
    "{{ '<|begin_of_text|>' }}{% for m in messages %}{{ '<|start_header_id|>' + m['role'] + "
    "'<|end_header_id|>\n\n' + m['content'] | trim + '<|eot_id|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}"
    "{% endif %}"
)
GEMMA = (
    "{{ '<bos>' }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system') }}"
    "{% endif %}{% for m in messages %}{% set role = 'model' if m['role'] == 'assistant' else "
    "m['role'] %}{{ '<start_of_turn>' + role + '\n' + m['content'] | trim + '<end_of_turn>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}"
)
MISTRAL = (
    "{{ '<s>' }}{% for m in messages %}{% if m['role'] == 'user' %}"
    "{{ '[INST] ' + m['content'] + ' [/INST]' }}{% elif m['role'] == 'assistant' %}"
    "{{ ' ' + m['content'] + '</s>' }}{% else %}{{ raise_exception('roles') }}{% endif %}"
    "{% endfor %}"
)
QWEN = (
    "{% if tools %}{{ '<|im_start|>system\n' + (tools | tojson) + '<|im_end|>\n' }}{% endif %}"
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' }}"
    "{% if m['role'] == 'assistant' and '</think>' in m['content'] and not loop.last %}"
    "{{ m['content'].split('</think>')[-1] }}{% else %}{{ m['content'] }}{% endif %}"
    "{% if m['tool_calls'] %}{{ m['tool_calls'] | tojson }}{% endif %}{{ '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
TEMPLATES = {
    "chatml": (CHATML, "<|im_end|>"), "llama3": (LLAMA3, "<|eot_id|>"),
    "gemma": (GEMMA, "<end_of_turn>"), "mistral": (MISTRAL, "</s>"), "qwen": (QWEN, "<|im_end|>"),
}  # fmt: skip
SIGNS = [
    "</s>", "<s>", "<pad>", "<|im_start|>", "<|im_end|>", "<|begin_of_text|>", "<|eot_id|>",
    "<|start_header_id|>", "<|end_header_id|>", "<bos>", "<start_of_turn>", "<end_of_turn>",
]  # fmt: skip
TALK = [
    turn("system", "Be brief."), turn("user", "Hi, who are you?"), turn("assistant", "A luthier."),
    turn("user", "琴多少钱？"), turn("assistant", "看是哪一把。"),
]  # fmt: skip


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A byte-level decoder of a hundred thousand parameters."""
    folder = tmp_path_factory.mktemp("decoder")
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {sign: number for number, sign in enumerate([*SIGNS, *letters])}
    backend = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    backend.add_special_tokens(SIGNS)
    PreTrainedTokenizerFast(
        tokenizer_object=backend, eos_token="</s>", bos_token="<s>", pad_token="<pad>"
    ).save_pretrained(folder)
    torch.manual_seed(0)
    LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(vocabulary), hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
            num_key_value_heads=2, intermediate_size=64, max_position_embeddings=512,
            initializer_range=0.3,
        )
    ).save_pretrained(folder)  # fmt: skip
    return folder


def task_on(base: Path, template: str | None, **settings: Any):
    tokenizer = load_tokenizer(Base("x", base, "folder"))
    tokenizer.chat_template = template
    return Chat(**settings).build({}, tokenizer)


def rows(*talks: list[dict[str, Any]], tools: str | None = None) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "messages": pl.Series(list(talks), dtype=DIALOGUE),
            "tools": pl.Series([tools] * len(talks), dtype=pl.String),
            SOURCE: ["s"] * len(talks), ROW: range(len(talks)),
        }
    )  # fmt: skip


def learned(task: Any, example: dict[str, Any]) -> str:
    kept = [one for one in example["labels"] if one != IGNORED]
    return str(task.tokenizer.decode(kept))


@pytest.mark.parametrize("name", TEMPLATES)
def test_exactly_the_assistant_and_its_end_are_learned(base, name):
    template, end = TEMPLATES[name]
    task = task_on(base, template)
    (example,) = task.encode(rows(TALK))
    assert learned(task, example).replace(" ", "") == f"Aluthier.{end}看是哪一把。{end}"
    assert task.ends == {task.tokenizer.convert_tokens_to_ids(end)}
    assert task.ends <= set(task.settings["eos_token_id"])
    text = task.tokenizer.decode(example["input_ids"])
    assert "Be brief." in text
    assert example["input_ids"][: len(example["prompt"])] == example["prompt"]
    figures = audit_rows(task, rows(TALK), [example], longest=512).figures
    assert figures["stop_trained"] == figures["served_alike"] == 1.0
    (asked,) = task.encode(rows(TALK[:-1]).drop(ROW))
    assert asked["input_ids"] == example["prompt"]
    assert "labels" not in asked


def test_without_a_template_it_is_chatml(base):
    task = task_on(base, None)
    (example,) = task.encode(rows(TALK))
    assert learned(task, example) == "A luthier.<|im_end|>看是哪一把。<|im_end|>"
    assert "im_start" in task.tokenizer.chat_template


def test_turns_say_themselves_whether_they_are_learned(base):
    task = task_on(base, CHATML)
    talk = [*TALK[:2], turn("assistant", "A luthier.", loss=False), *TALK[3:]]
    (example,) = task.encode(rows(talk))
    assert learned(task, example) == "看是哪一把。<|im_end|>"
    (example,) = task_on(base, CHATML, learn_turns="last").encode(rows(TALK))
    assert learned(task, example) == "看是哪一把。<|im_end|>"
    user = [turn("user", "Hi", loss=True), turn("assistant", "Yes", loss=False)]
    (example,) = task.encode(rows(user))
    assert "Hi" in learned(task, example)
    assert "Yes" not in learned(task, example)


def test_a_turn_that_is_written_otherwise_later_is_learned_as_it_was(base):
    task = task_on(base, QWEN)
    talk = [turn("user", "a"), turn("assistant", "<think>b</think>c"), turn("user", "d"),
            turn("assistant", "<think>e</think>f")]  # fmt: skip
    first, second = task.encode(rows(talk))
    assert learned(task, first) == "<think>b</think>c<|im_end|>"
    assert learned(task, second) == "<think>e</think>f<|im_end|>"
    assert "<think>b" not in task.tokenizer.decode(second["input_ids"])
    for one in (first, second):
        assert one["input_ids"][: len(one["prompt"])] == one["prompt"]
    assert task.spread(rows(talk), [first, second])["messages"].len() == 2


@pytest.mark.parametrize("template", [CHATML, QWEN, None])
def test_calls_of_tools_are_kept(base, template):
    call = '[{"name": "price", "arguments": {"of": "violin"}}]'
    talk = [turn("user", "How much?"), turn("assistant", None, calls=call),
            turn("tool", "900"), turn("assistant", "900.")]  # fmt: skip
    task = task_on(base, template)
    (example,) = task.encode(rows(talk, tools='[{"name": "price"}]'))
    said = learned(task, example)
    assert "violin" in said
    assert "900." in said
    whole = task.tokenizer.decode(example["input_ids"])
    assert template == CHATML or whole.count('"name": "price"') >= 2


def test_what_a_template_refuses_teaches_nothing(base):
    task = task_on(base, MISTRAL)
    good, bad = task.encode(rows(TALK, [turn("tool", "x"), turn("assistant", "y")]))
    assert learned(task, good)
    assert set(bad["labels"]) == {IGNORED}


def test_packed_equals_unpacked(base):
    task, packed = task_on(base, CHATML), task_on(base, CHATML, packing=True, max_length=200)
    talks = [[turn("user", "ab" * n), turn("assistant", "cd" * n)] for n in (1, 9, 4, 20, 2, 7)]
    examples = task.encode(rows(*talks))
    model = load_model(Base("x", base, "folder"), task.head(), task.tokenizer)
    results = []
    for one in (task, packed):
        model.network.train()
        one.adjust(model.core)
        batch = one.collate_to_train(examples, (0, 0, 0))
        total, weight = one.loss(model.network(**inputs_of(batch)), batch)
        total.backward()
        gradient = torch.cat([p.grad.flatten() for p in model.network.parameters()])
        model.network.zero_grad()
        results.append((total.detach(), weight, gradient))
    (total, weight, gradient), (again, count, other) = results
    assert len(batch["input_ids"]) < len(examples)
    assert count == weight
    torch.testing.assert_close(again, total, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(other, gradient, rtol=1e-4, atol=1e-4)


def test_answers_do_not_depend_on_the_batch_and_may_be_measured(base):
    task = task_on(base, CHATML, metrics=["chrf"], max_new_tokens=5)
    some = rows(*[[turn("user", "a" * n), turn("assistant", "b")] for n in range(1, 6)])
    model = load_model(Base("x", base, "folder"), task.head(), task.tokenizer)
    whole, alone = (predict(model, task, task.encode(some), batch_size=size) for size in (5, 1))
    assert [one.text for one in whole] == [one.text for one in alone]
    measures = task.measure(whole, task.references(some), resamples=0).values()
    assert {"chrf", "loss", "perplexity", "ended"} <= measures.keys()
    silent = task_on(base, CHATML)
    assert [one.text for one in predict(model, silent, silent.encode(some))] == [None] * 5
    asked = silent.encode(some.drop(ROW).with_columns(pl.col("messages").list.head(1)))
    assert [one.text is not None for one in predict(model, silent, asked)] == [True] * 5


def test_encoder_decoders_do_not_chat(tmp_path):
    from tests.tiny import write_base

    with pytest.raises(ModelError, match="encoder-decoder"):
        task_on(write_base("t5", tmp_path, ["a"]), None)
