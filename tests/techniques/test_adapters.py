"""Adapters through peft: what they train, save and merge, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
import torch
from safetensors.torch import load_file
from tests.conftest import table
from tests.contracts.techniques import ALONE
from tests.helpers import classifier, model_for, recipe, work_of

import luthier
from luthier.core.errors import MergeError, RecipeError
from luthier.models import kernels
from luthier.models.model import Model
from luthier.recipe.registries import TECHNIQUES
from luthier.runs import list_runs
from luthier.tasks.task import Task
from luthier.techniques.adalora import AdaLora
from luthier.techniques.any_peft import AnyPeft
from luthier.techniques.lora import Lora
from luthier.techniques.prefix import Prefix
from luthier.techniques.technique import Technique, Work, multipliers

MERGED = [
    "lora", "lora on 4 bits", "rslora", "dora", "pissa", "olora", "adalora", "vera", "ia3", "oft",
    "boft", "loha", "lokr", "peft",
]  # fmt: skip


def prepared(bert: Path) -> tuple[Task, Model, Work]:
    task = classifier(bert)
    text, label = zip(*table(12), strict=True)
    examples = task.encode(pl.DataFrame({"text": text, "label": label}))
    return task, model_for(task, bert, dropout=0.0), work_of(task, examples)


def answers(model: Model, work: Work) -> torch.Tensor:
    model.network.eval()
    with torch.no_grad():
        return torch.cat([work.ask(model.network, b).logits for b in work.batches(12)])


def stirred(model: Model, technique: Technique) -> None:
    """Random values for all that learns."""
    generator = torch.Generator().manual_seed(0)
    moving = multipliers([technique], model, 0.0)
    with torch.no_grad():
        for name, parameter in model.core.named_parameters():
            if moving[name]:
                parameter.add_(torch.randn(parameter.shape, generator=generator) * 0.1)


@pytest.mark.parametrize("name", MERGED)
def test_merging_keeps_the_answers(bert: Path, name: str) -> None:
    _, model, work = prepared(bert)
    (settings,) = ALONE[name]
    technique = TECHNIQUES.parse({**settings, "merge": True})
    technique.apply(model, work)
    stirred(model, technique)
    before = answers(model, work)
    technique.finish(model, work)
    assert type(model.network).__name__ == "BertForSequenceClassification"
    torch.testing.assert_close(answers(model, work), before, rtol=1e-3, atol=1e-3)


def test_merge_that_changes_answers_is_refused_and_the_adapters_are_kept(
    bert: Path, news: Path, tmp_path: Path
) -> None:
    technique = {"kind": "lora", "r": 4, "merge": True, "merge_tolerance": 1e-12}
    values = recipe(news, bert, techniques=[technique], training__max_steps=3)
    with pytest.raises(MergeError, match="Merging changes") as refused:
        luthier.tune(values, runs_dir=tmp_path / "refused")
    kept = Path(str(refused.value.where))
    whole = luthier.tune(
        values | {"techniques": [{"kind": "lora", "r": 4}]}, runs_dir=tmp_path / "plain"
    )
    ours, theirs = (load_file(f / "adapter_model.safetensors") for f in (kept, whole.model))
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    texts = [text for text, _ in table(5, seed=9)]
    assert luthier.load(kept).predict(texts) == luthier.load(whole).predict(texts)
    (run,) = list_runs(tmp_path / "refused")
    assert kept.is_relative_to(run.path)


@pytest.mark.parametrize("name", ["lora", "ia3", "vera", "prefix", "prompt", "p_tuning", "peft"])
def test_the_head_is_saved_and_reloaded(bert: Path, news: Path, tmp_path: Path, name: str) -> None:
    """A new head has other values at every seed: only saved ones can give the same answers."""
    values = recipe(news, bert, techniques=ALONE[name], training__max_steps=3, training__seed=5)
    run = luthier.tune(values, runs_dir=tmp_path)
    saved = load_file(run.model / "adapter_model.safetensors")
    heads = {key: value for key, value in saved.items() if "classifier" in key}
    assert {key.rpartition(".")[2] for key in heads} == {"weight", "bias"}
    loaded = luthier.load(run).model.core.state_dict()
    (key,) = [key for key in loaded if key.endswith("modules_to_save.default.weight")]
    assert any(torch.equal(loaded[key], value) for value in heads.values())


@pytest.mark.parametrize("kind", ["bert", "gpt2", "llama"])
def test_prefix_is_attended_to_in_training_as_in_evaluation(
    bases: dict[str, Path], kind: str
) -> None:
    task, model, work = prepared(bases[kind])
    plain = answers(model, work)
    technique = Prefix(num_virtual_tokens=4)
    technique.apply(model, work)
    stirred(model, technique)
    changed = answers(model, work)
    assert (changed - plain).abs().max() > 1e-3
    model.network.train()
    kernels.use_fast(model.core)
    (batch,) = list(work.batches(8))
    output = work.ask(model.network, batch)
    torch.testing.assert_close(output.logits, changed[:8], rtol=1e-4, atol=1e-5)
    total, _ = task.loss(output, batch)
    total.backward()
    assert model.core.get_parameter("prompt_encoder.default.embedding.weight").grad is not None


def test_lora_plus_moves_the_second_matrices_faster(bert: Path) -> None:
    _, model, work = prepared(bert)
    technique = Lora(r=2, variant="lora_plus", ratio=4.0)
    technique.apply(model, work)
    values = multipliers([technique], model, 0.0)
    assert {v for n, v in values.items() if ".lora_B." in n} == {4.0}
    assert {v for n, v in values.items() if ".lora_A." in n} == {1.0}


def test_biases_learn_where_peft_is_told_so(bert: Path) -> None:
    _, model, work = prepared(bert)
    settings = {"r": 2, "target_modules": ["query"], "bias": "all"}
    technique = AnyPeft(peft_type="lora", settings=settings)
    technique.apply(model, work)
    moving = {n for n, p in model.core.named_parameters() if p.requires_grad}
    assert {n for n, v in multipliers([technique], model, 0.0).items() if v} == moving
    assert any(name.endswith("LayerNorm.bias") for name in moving)


@pytest.mark.parametrize(
    ("technique", "message"),
    [
        (AnyPeft(peft_type="LORE"), "Did you mean 'LORA'"),
        (AnyPeft(peft_type="PREFIX_TUNING"), "no adapter 'PREFIX_TUNING'"),
        (AnyPeft(peft_type="LORA", settings={"rank": 2}), "no field 'rank'"),
        (AnyPeft(peft_type="LORA", settings={"target_modules": 3}), r"refuses|cannot adapt"),
        (AnyPeft(peft_type="OFT", settings={"r": 4, "oft_block_size": 4}), "refuses"),
        (Lora(target_modules=["nothing"]), "cannot adapt this base"),
        (Prefix(num_virtual_tokens=60), "task.max_length to at most 4"),
    ],
)
def test_what_cannot_be_adapted_is_refused(bert: Path, technique: Technique, message: str) -> None:
    _, model, work = prepared(bert)
    with pytest.raises(RecipeError, match=message):
        technique.check(model)
        technique.apply(model, work)


@pytest.mark.parametrize("settings", [{"target_r": 12}, {"before": 0.6, "after": 0.4}])
def test_adalora_needs_ranks_and_time_to_take(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"target_r|leave no time"):
        AdaLora(**settings)


def test_adalora_takes_ranks_down_to_the_target(bert: Path, news: Path, tmp_path: Path) -> None:
    technique = {"kind": "adalora", "init_r": 6, "target_r": 2, "every": 1}
    values = recipe(news, bert, techniques=[technique], training__epochs=2)
    values["data"]["split"] = {"validation": 0.0, "test": 0.2}
    run = luthier.tune(values, runs_dir=tmp_path)
    saved = load_file(run.model / "adapter_model.safetensors")
    ranks = [int((value != 0).sum()) for name, value in saved.items() if "lora_E" in name]
    assert sum(ranks) / len(ranks) <= 2
    assert len(set(ranks)) > 1
