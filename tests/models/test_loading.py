"""Bases: found, checked, loaded; refused with a clear error otherwise."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from tests.helpers import classifier, model_for

from luthier.core.errors import ModelError
from luthier.models import bases as bases_module
from luthier.models.bases import resolve


def no_run(name: str) -> Path:
    raise AssertionError(f"no run {name} was asked for")


def test_folder_is_relative_to_the_recipe(bert: Path) -> None:
    base = resolve(bert.name, folder=bert.parent, find_run=no_run)
    assert (base.path, base.origin) == (bert.resolve(), "folder")


def test_run_is_looked_up(bert: Path, tmp_path: Path) -> None:
    base = resolve("run:news", folder=tmp_path, find_run=lambda name: bert / name)
    assert (base.path, base.origin) == (bert / "news", "run")


def test_folder_without_config_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match=r"holds no config\.json"):
        resolve("empty", folder=tmp_path, find_run=no_run)


def test_unknown_name_offers_the_nearest_built_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelError, match="minilm-l6"):
        resolve("minilm-6l", folder=tmp_path, find_run=no_run)


def test_weights_with_another_hash_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "fake_package"
    (fake / "model").mkdir(parents=True)
    (fake / "__init__.py").write_text("")
    (fake / "model" / "model.safetensors").write_bytes(b"not the published weights")
    monkeypatch.syspath_prepend(tmp_path)
    entry = bases_module.BuiltIn("fake_package", "model", "none/none", "0" * 64)
    monkeypatch.setitem(bases_module.BUILT_IN, "fake", entry)
    with pytest.raises(ModelError, match="not the published ones"):
        resolve("fake", folder=tmp_path, find_run=no_run)


def test_weights_that_lack_a_tensor_are_refused(bert: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(bert, broken)
    tensors = load_file(broken / "model.safetensors")
    tensors.pop("encoder.layer.1.output.dense.weight")
    save_file(tensors, broken / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match=r"layer\.1\.output\.dense\.weight"):
        model_for(classifier(bert), broken)


def test_truncated_weights_are_refused(bert: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(bert, broken)
    file = broken / "model.safetensors"
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(ModelError):
        model_for(classifier(bert), broken)


def test_seed_decides_the_new_head(bert: Path) -> None:
    task = classifier(bert)
    heads = [model_for(task, bert, seed=seed).core.classifier.weight for seed in (1, 1, 2)]
    assert torch.equal(heads[0], heads[1])
    assert not torch.equal(heads[0], heads[2])


def test_base_weights_are_those_of_the_folder(bert: Path) -> None:
    model = model_for(classifier(bert), bert)
    saved = load_file(bert / "model.safetensors")
    own = model.core.base_model.state_dict()
    assert all(torch.equal(own[name], tensor) for name, tensor in saved.items())


def test_dropout_of_the_recipe_replaces_every_dropout_of_the_base(bert: Path) -> None:
    model = model_for(classifier(bert), bert, dropout=0.25)
    rates = {m.p for m in model.core.modules() if isinstance(m, torch.nn.Dropout)}
    assert rates == {0.25}


def test_unknown_depth_group_is_refused_with_those_there_are(bert: Path) -> None:
    model = model_for(classifier(bert), bert)
    with pytest.raises(Exception, match=r"@layer\.7.*@layer\.1"):
        try:
            model.select("@layer.7")
        except Exception as error:
            raise type(error)(" ".join(str(error).split())) from None


def test_pattern_selects_by_name(bert: Path) -> None:
    found = model_for(classifier(bert), bert).select("*.layer.1.attention.*.bias")
    assert found
    assert all(".layer.1.attention." in name and name.endswith("bias") for name in found)
