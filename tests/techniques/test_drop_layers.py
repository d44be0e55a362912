"""Dropping layers: what is left is the network without them, in a plain smaller model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from pydantic import ValidationError
from tests.conftest import FAMILIES, table
from tests.helpers import classifier, model_for, work_of
from torch import nn

from luthier.core.errors import ModelError, RecipeError
from luthier.models.heads.biaffine import BiaffineParser
from luthier.models.heads.own import network_for
from luthier.models.layers import layers_of, skipped, without_layers
from luthier.models.model import Model
from luthier.tasks.classify import Classifier
from luthier.tasks.task import Example
from luthier.techniques.drop_layers import DropLayers, influence
from luthier.techniques.lora import Lora


def examples_of(task: Classifier, count: int = 24) -> list[Example]:
    import polars as pl

    rows = table(count)
    return task.encode(pl.DataFrame({"text": [r[0] for r in rows], "label": [r[1] for r in rows]}))


def answer(network: nn.Module, **inputs: Any) -> torch.Tensor:
    with torch.no_grad():
        return network.eval()(**inputs).logits


@pytest.mark.parametrize("kind", FAMILIES)
def test_what_is_left_answers_as_if_the_layer_were_skipped_and_reloads(
    bases: dict[str, Path], tmp_path: Path, kind: str
) -> None:
    task = classifier(bases[kind])
    network = model_for(task, bases[kind]).core
    inputs = dict(
        task.tokenizer(["profit rose", "the company fell"], return_tensors="pt", padding=True)
    )
    for number in range(len(layers_of(network))):
        with skipped(network, {number}):
            expected = answer(network, **inputs)
        smaller = without_layers(network, {number})
        assert torch.equal(answer(smaller, **inputs), expected)
        smaller.save_pretrained(tmp_path / str(number))
        again = type(network).from_pretrained(tmp_path / str(number))
        assert torch.equal(answer(again, **inputs), expected)
    assert sum(p.numel() for p in smaller.parameters()) < network.num_parameters()


LAYERED: dict[str, Any] = {
    "DistilBertForSequenceClassification": {
        "dim": 32, "n_layers": 3, "n_heads": 4, "hidden_dim": 64,
    },
    "ViTForImageClassification": {
        "hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4,
        "intermediate_size": 64, "image_size": 16, "patch_size": 4,
    },
    "BartForSequenceClassification": {
        "d_model": 32, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 4,
        "decoder_attention_heads": 4, "encoder_ffn_dim": 64, "decoder_ffn_dim": 64,
    },
    "Gemma2ForCausalLM": {
        "hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4, "head_dim": 8,
        "num_key_value_heads": 2, "intermediate_size": 64, "sliding_window": 3,
    },
}  # fmt: skip


@pytest.mark.parametrize("name", LAYERED)
def test_other_architectures_with_layers_of_their_own_kind(name: str) -> None:
    kind = getattr(transformers, name)
    small = {"vocab_size": 50} if "ViT" not in name else {}
    network = kind(kind.config_class(**LAYERED[name], **small)).eval()
    ids = torch.tensor([[5, 6, 7, 8, 9, 2], [9, 8, 7, 6, 5, 2]])
    inputs = {"pixel_values": torch.randn(2, 3, 16, 16)} if "ViT" in name else {"input_ids": ids}
    with skipped(network, {1}):
        expected = answer(network, **inputs)
    smaller = without_layers(network, {1})
    assert torch.equal(answer(smaller, **inputs), expected)
    if name.startswith("Gemma2"):
        kinds = network.config.layer_types
        assert smaller.config.layer_types == [kinds[0], kinds[2]]
        assert [layer.self_attn.layer_idx for layer in smaller.model.layers] == [0, 1]


def test_networks_of_ours_on_a_base(bert: Path) -> None:
    config = transformers.AutoConfig.from_pretrained(bert)
    settings = {"num_labels": 3, "arc_units": 8, "label_units": 8, "parser_dropout": 0.0}
    for key, value in settings.items():
        setattr(config, key, value)
    network = network_for(BiaffineParser, config)._from_config(config).eval()
    ids, words = torch.tensor([[2, 7, 8, 3]]), torch.tensor([[[1, 2], [2, 3]]])
    inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "words": words}
    with torch.no_grad():
        with skipped(network, {0}):
            expected = network(**inputs).arcs
        assert torch.equal(without_layers(network, {0})(**inputs).arcs, expected)


def test_stages_of_a_convolutional_network_stay() -> None:
    sizes = {"embedding_size": 8, "hidden_sizes": [8, 8], "depths": [1, 1]}
    network = transformers.ResNetForImageClassification(transformers.ResNetConfig(**sizes))
    with pytest.raises(ModelError, match="what is left is no resnet"):
        without_layers(network, {0})


@pytest.fixture
def model(bert: Path) -> Model:
    return model_for(classifier(bert), bert)


def test_influence_is_that_of_the_hidden_states(model: Model, bert: Path) -> None:
    task = classifier(bert)
    examples = examples_of(task)
    work = work_of(task, examples)
    model.network.eval()
    found = influence(model, work, list(work.batches(24)))
    sums, count = torch.zeros(2, dtype=torch.float64), 0
    for example in examples:
        with torch.no_grad():
            states = model.network(
                input_ids=torch.tensor([example["input_ids"]]), output_hidden_states=True
            ).hidden_states
        for index in range(2):
            cosine = nn.functional.cosine_similarity(states[index], states[index + 1], dim=-1)
            sums[index] += cosine.double().sum()
        count += len(example["input_ids"])
    assert found == pytest.approx((1 - sums / count).tolist(), abs=1e-6)


def test_the_layer_that_turns_least_goes(model: Model, bert: Path) -> None:
    task = classifier(bert)
    layer: Any = layers_of(model.core)[0]
    with torch.no_grad():
        for dense in (layer.attention.output.dense, layer.output.dense):
            dense.weight.zero_()
            dense.bias.zero_()
    kept = {n: p.clone() for n, p in layers_of(model.core)[1].named_parameters()}
    work = work_of(task, examples_of(task))
    DropLayers(count=1).apply(model, work)
    (left,) = layers_of(model.core)
    assert all(torch.equal(p, kept[n]) for n, p in left.named_parameters())
    (finding,) = work.findings
    assert finding.to_json()["text"]["en"].startswith("1 of 2 layers were taken out: 0 (0.0")


def test_loss_chooses_the_layer_that_is_missed_least(model: Model, bert: Path) -> None:
    task = classifier(bert)
    work = work_of(task, examples_of(task))
    with pytest.raises(RecipeError, match="the head is new"):
        DropLayers(count=1, by="loss").apply(model, work)
    model.new = frozenset()
    model.network.eval()
    losses = []
    for number in (0, 1):
        with skipped(model.core, {number}), torch.no_grad():
            losses.append(
                sum(work.loss(work.ask(model.network, b), b)[0].item() for b in work.batches(24))
            )
    names = ["0", "1"]
    DropLayers(count=1, by="loss").apply(model, work)
    chosen = work.findings[0].fields["chosen"]
    assert chosen == f"{names[losses.index(min(losses))]} ({min(losses) / 24:.3f})"
    assert "before training" in work.findings[1].to_json()["text"]["en"]


@pytest.mark.parametrize("kind", ["bert", "t5"])
def test_every_second_of_each_stack_stays(bases: dict[str, Path], kind: str) -> None:
    task = classifier(bases[kind])
    model = model_for(task, bases[kind])
    DropLayers(keep_every=2).apply(model, work_of(task, examples_of(task)))
    assert len(layers_of(model.core)) == {"bert": 1, "t5": 2}[kind]


def test_what_cannot_be_taken_out_is_refused(model: Model, bert: Path) -> None:
    task = classifier(bert)
    work = work_of(task, examples_of(task))
    for settings in ({"layers": [0, 1]}, {"layers": [2]}, {"count": 2}):
        with pytest.raises(RecipeError):
            DropLayers(**settings).apply(model, work)
    Lora(r=2).apply(model, work)
    with pytest.raises(RecipeError, match="too late"):
        DropLayers(count=1).apply(model, work)
    for settings in ({}, {"count": 1, "layers": [0]}, {"keep_every": 1}):
        with pytest.raises(ValidationError):
            DropLayers(**settings)
