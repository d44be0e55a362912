from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luthier.core.files import (
    read_json,
    restore_folder,
    sha256,
    verify_folder,
    write_atomic,
    write_folder_atomic,
    write_json,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
CONTENT = b"weights, sealed"


def fill(folder: Path) -> None:
    (folder / "inner").mkdir()
    (folder / "a.bin").write_bytes(CONTENT)
    (folder / "inner" / "b.txt").write_text("二", encoding="utf-8")


def fail_half_way(folder: Path) -> None:
    fill(folder)
    raise RuntimeError("disk full")


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    folder = tmp_path / "sealed"
    write_folder_atomic(folder, fill)
    return folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def fail(*_: object) -> None:
    raise OSError("disk full")


@pytest.mark.parametrize("content", ["中文\nline\r\n", b"\x00\xff", ""])
def test_content_is_written_as_it_is(tmp_path: Path, content: str | bytes) -> None:
    path = tmp_path / "made" / "file"
    write_atomic(path, content)
    assert path.read_bytes() == (content.encode() if isinstance(content, str) else content)
    assert names(path.parent) == ["file"]


def test_a_failed_sync_leaves_the_old_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    write_atomic(path, "old")
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        write_atomic(path, "new")
    assert path.read_text() == "old"


def test_a_failed_sync_leaves_no_new_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        write_atomic(tmp_path / "file", "new")
    assert not (tmp_path / "file").exists()


@given(value=JSON)
def test_json_comes_back_as_it_was(tmp_path_factory: Any, value: Any) -> None:
    path = tmp_path_factory.mktemp("json") / "value.json"
    write_json(path, value)
    assert read_json(path) == value


def test_json_is_for_people_too(tmp_path: Path) -> None:
    write_json(tmp_path / "v.json", {"标签": 1})
    assert (tmp_path / "v.json").read_text(encoding="utf-8") == '{\n  "标签": 1\n}\n'


def test_what_cannot_be_json_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        write_json(tmp_path / "v.json", {"when": object()})
    assert names(tmp_path) == []


@given(content=st.binary(max_size=300))
def test_sha256_is_of_the_content(tmp_path_factory: Any, content: bytes) -> None:
    path = tmp_path_factory.mktemp("digest") / "file"
    path.write_bytes(content)
    assert sha256(path) == hashlib.sha256(content).hexdigest()


def test_a_sealed_folder_is_whole_and_alone(sealed: Path) -> None:
    assert verify_folder(sealed) is None
    assert names(sealed) == ["a.bin", "inner", "manifest.json"]
    assert names(sealed.parent) == ["sealed"]


def test_the_manifest_names_files_below_folders_with_slashes(sealed: Path) -> None:
    assert set(read_json(sealed / "manifest.json")["sha256"]) == {"a.bin", "inner/b.txt"}


@pytest.mark.parametrize("position", range(len(CONTENT)))
def test_any_changed_byte_is_found(sealed: Path, position: int) -> None:
    damaged = bytearray(CONTENT)
    damaged[position] ^= 1
    (sealed / "a.bin").write_bytes(damaged)
    assert verify_folder(sealed) == "a.bin does not have its SHA-256"


def test_a_missing_file_is_found(sealed: Path) -> None:
    (sealed / "inner" / "b.txt").unlink()
    assert verify_folder(sealed) == "inner/b.txt is missing"


def test_a_folder_without_its_manifest_is_not_whole(sealed: Path) -> None:
    (sealed / "manifest.json").unlink()
    assert verify_folder(sealed) == "manifest.json is missing"


def test_a_writer_that_fails_leaves_no_folder(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="disk full"):
        write_folder_atomic(tmp_path / "model", fail_half_way)
    assert not (tmp_path / "model").exists()


def test_a_writer_that_fails_leaves_the_old_folder_whole(sealed: Path) -> None:
    with pytest.raises(RuntimeError, match="disk full"):
        write_folder_atomic(sealed, fail_half_way)
    assert verify_folder(sealed) is None


def test_a_writer_that_failed_does_not_spoil_the_next(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="disk full"):
        write_folder_atomic(tmp_path / "model", fail_half_way)
    write_folder_atomic(tmp_path / "model", lambda folder: (folder / "c").touch())
    assert names(tmp_path / "model") == ["c", "manifest.json"]
    assert names(tmp_path) == ["model"]


def test_a_folder_is_replaced_and_not_merged(sealed: Path) -> None:
    write_folder_atomic(sealed, lambda folder: (folder / "c.bin").touch())
    assert names(sealed) == ["c.bin", "manifest.json"]
    assert names(sealed.parent) == ["sealed"]


def test_the_manifest_is_plain_json(sealed: Path) -> None:
    manifest = json.loads((sealed / "manifest.json").read_bytes())
    assert manifest["sha256"]["a.bin"] == hashlib.sha256(CONTENT).hexdigest()


def test_a_replacement_cut_short_by_a_crash_is_undone(
    sealed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = Path.replace

    def crash_at_the_second(source: Path, target: Path) -> Path:
        if target == sealed:
            raise SystemExit
        return rename(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", crash_at_the_second)
        with pytest.raises(SystemExit):
            write_folder_atomic(sealed, lambda folder: (folder / "c.bin").touch())
    assert not sealed.exists()
    assert restore_folder(sealed)
    assert verify_folder(sealed) is None
    assert (sealed / "a.bin").read_bytes() == CONTENT
    write_folder_atomic(sealed, lambda folder: (folder / "c.bin").touch())
    assert names(sealed.parent) == ["sealed"]
    assert (sealed / "c.bin").exists()


def test_nothing_is_restored_where_nothing_was(tmp_path: Path) -> None:
    assert not restore_folder(tmp_path / "none")
