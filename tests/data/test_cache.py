"""What was prepared once is not prepared again, and anything else is."""

from __future__ import annotations

import shutil

import pytest

from luthier.data import cache
from luthier.data import prepare as module
from luthier.data.prepare import prepare
from luthier.recipe.schema import Data
from luthier.tasks.classify import Classify


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with data, and a cache of its own."""
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "cache"))
    rows = [f"sentence number {n},{'good' if n % 2 else 'bad'}" for n in range(40)]
    (tmp_path / "train.csv").write_text("\n".join(["text,label", *rows]), encoding="utf-8")
    return tmp_path


@pytest.fixture
def worked(monkeypatch):
    """How often preparation really ran."""
    calls = []
    real = module.gather
    monkeypatch.setattr(module, "gather", lambda *a, **k: calls.append(1) or real(*a, **k))
    return calls


def _prepare(folder, out="out", **data):
    config = Data(**{"train": "train.csv", **data})
    return prepare(config, Classify().roles(), base_dir=folder, folder=folder / out)


def test_the_same_is_prepared_once(folder, worked):
    first = _prepare(folder, "a")
    second = _prepare(folder, "b")
    assert len(worked) == 1
    assert first.hash == second.hash
    for name in ("train.parquet", "test.parquet", "ledger.parquet", "card.json", "report.html"):
        assert (folder / "a" / name).read_bytes() == (folder / "b" / name).read_bytes()


def test_another_setting_is_prepared_anew(folder, worked):
    _prepare(folder)
    _prepare(folder, steps={"duplicates": False})
    _prepare(folder, split={"seed": 1})
    assert len(worked) == 3


def test_changed_data_are_prepared_anew(folder, worked):
    first = _prepare(folder)
    with (folder / "train.csv").open("a", encoding="utf-8") as file:
        file.write("\none more sentence,good\n")
    assert _prepare(folder).hash != first.hash
    assert len(worked) == 2


def test_a_damaged_entry_is_not_used(folder, worked):
    first = _prepare(folder)
    (entry,) = (folder / "cache").iterdir()
    (entry / "train.parquet").write_bytes(b"PAR1 and nothing")
    assert _prepare(folder).hash == first.hash
    assert len(worked) == 2


def test_the_oldest_entries_go_first(folder, monkeypatch):
    _prepare(folder)
    (old,) = (folder / "cache").iterdir()
    monkeypatch.setattr(cache, "MOST_BYTES", 1)
    _prepare(folder, split={"seed": 1})
    assert not old.exists()
    assert len(list((folder / "cache").iterdir())) == 1


def test_without_a_cache_nothing_is_kept(folder, worked, monkeypatch):
    monkeypatch.setenv(cache.VARIABLE, "off")
    _prepare(folder)
    _prepare(folder)
    assert len(worked) == 2
    assert not (folder / "cache").exists()


def test_a_cache_that_cannot_be_written_is_none(folder, monkeypatch):
    (folder / "file").write_text("")
    monkeypatch.setenv(cache.VARIABLE, str(folder / "file"))
    assert len(_prepare(folder).splits["train"])


def test_an_entry_survives_its_original(folder, worked):
    first = _prepare(folder, "a")
    shutil.rmtree(folder / "a")
    assert _prepare(folder, "b").hash == first.hash
    assert len(worked) == 1
