"""Matrices of few bits: which are rounded, what they answer, how they come back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from tests.conftest import table, write_csv
from tests.helpers import classifier, model_for, recipe
from torch import nn
from transformers import AutoConfig, AutoModelForSequenceClassification, PreTrainedModel

import luthier
from luthier.core.errors import LuthierError, ModelError, SetupError
from luthier.models import quantized
from luthier.models.quantized import BITS, Bits, quantize, restore
from luthier.recipe.load import load_recipe


def network_of(base: Path) -> PreTrainedModel:
    return model_for(classifier(base), base, dropout=0.0).core.eval()


def rounded(network: nn.Module) -> set[str]:
    return {name for name, module in network.named_modules() if quantized._is_rounded(module)}


def hidden(network: PreTrainedModel) -> torch.Tensor:
    ids = torch.arange(5, 29).view(2, 12)
    if network.config.is_encoder_decoder:
        ids[:, -1] = network.config.eos_token_id
    with torch.no_grad():
        return network(input_ids=ids, attention_mask=torch.ones_like(ids)).logits


@pytest.mark.parametrize("bits", BITS)
def test_matrices_of_layers_are_rounded_and_no_others(bert: Path, bits: Bits) -> None:
    network = network_of(bert)
    before = hidden(network)
    quantize(network, bits)
    names = rounded(network)
    assert "bert.encoder.layer.1.output.dense" in names
    assert all(name.startswith(("bert.encoder.layer.", "bert.pooler.")) for name in names)
    change = (hidden(network) - before).abs().max()
    assert 0 < change < before.abs().max()


@pytest.mark.parametrize("bits", BITS)
def test_a_quarter_or_an_eighth_of_the_memory_and_as_many_numbers(bert: Path, bits: Bits) -> None:
    model = model_for(classifier(bert), bert)
    weight = model.core.get_parameter("bert.encoder.layer.0.intermediate.dense.weight")
    size, count = weight.nbytes, model.parameter_counts(set())
    quantize(model.core, bits)
    weight = model.core.get_parameter("bert.encoder.layer.0.intermediate.dense.weight")
    assert weight.nbytes * {"8bit": 4, "4bit": 8}[bits] == size
    assert model.parameter_counts(set()) == count


@pytest.mark.parametrize(("bits", "tolerance"), [("4bit", 1e-5), ("8bit", 3e-2)])
@pytest.mark.parametrize("kind", ["bert", "gpt2", "t5"])
def test_restored_matrices_hold_the_rounded_values(
    bases: dict[str, Path], kind: str, bits: Bits, tolerance: float
) -> None:
    """Of eight bits, what goes into a matrix is rounded too, and that is gone afterwards."""
    network = network_of(bases[kind])
    quantize(network, bits)
    answers = hidden(network)
    restore(network)
    assert not rounded(network)
    torch.testing.assert_close(hidden(network), answers, rtol=tolerance, atol=tolerance)


def test_what_an_architecture_wants_whole_stays(bases: dict[str, Path]) -> None:
    network = network_of(bases["t5"])
    quantize(network, "4bit")
    names = {name.rpartition(".")[2] for name in rounded(network)}
    assert "q" in names
    assert "wo" not in names


def test_saved_configuration_says_it_as_transformers_does(bert: Path, tmp_path: Path) -> None:
    news = write_csv(tmp_path / "news.csv", table(60), ("sentence", "sentiment"))
    techniques = [{"kind": "lora", "r": 2, "quantize": "4bit"}]
    run = luthier.tune(
        recipe(news, bert, techniques=techniques, training__max_steps=2), runs_dir=tmp_path / "runs"
    )
    said = AutoConfig.from_pretrained(run.model)
    assert quantized.quantized(said) == "4bit"
    assert said.quantization_config["bnb_4bit_quant_type"] == "nf4"
    # As a base it is the sum in full precision.
    values = recipe(news, run.model, techniques=[], training__max_steps=1)
    after = luthier.tune(values, runs_dir=tmp_path / "runs")
    plain = AutoModelForSequenceClassification.from_pretrained(after.model)
    assert plain.dtype == torch.float32
    assert not rounded(plain)


def test_base_without_matrices_is_refused() -> None:
    from transformers import ResNetConfig, ResNetForImageClassification

    small = ResNetConfig(embedding_size=8, hidden_sizes=[8, 8], depths=[1, 1], layer_type="basic")
    with pytest.raises(ModelError, match="no matrices that could be quantized"):
        quantize(ResNetForImageClassification(small), "8bit")


def test_missing_package_is_named(bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quantized, "find_spec", lambda name: None)
    with pytest.raises(SetupError, match=r"luthier\[quantize\]"):
        quantize(network_of(bert), "4bit")


@pytest.mark.parametrize(
    ("technique", "message"),
    [
        ({"kind": "loha", "quantize": "4bit"}, "does not put loha on quantized"),
        ({"kind": "lora", "variant": "pissa", "quantize": "8bit"}, "pissa needs matrices of more"),
        ({"kind": "full", "quantize": "8bit"}, "quantize"),
    ],
)
def test_what_does_not_go_together_is_refused(technique: dict[str, Any], message: str) -> None:
    values = {
        "name": "x", "base": "minilm-l6", "task": {"kind": "classify"},
        "data": {"train": "rows.csv"}, "techniques": [technique],
    }  # fmt: skip
    with pytest.raises(LuthierError, match=message):
        load_recipe(values)
