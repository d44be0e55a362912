"""Run directories: state, lock, log, lookup."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from luthier.core.errors import Interrupted, RunError
from luthier.runs import Run, State, find_run, list_runs


def new(folder: Path, name: str = "news") -> Run:
    return Run.create(folder, name, "name: news\n", "name: news\n", folder)


def test_new_run_is_unfinished(tmp_path: Path) -> None:
    run = new(tmp_path)
    assert run.state() is State.INTERRUPTED
    with pytest.raises(RunError, match="not finished"):
        run.verdict()


def test_only_a_verdict_makes_it_finished(tmp_path: Path) -> None:
    run = new(tmp_path)
    (run.path / "verdict.json").write_text("{}")
    assert run.state() is State.FINISHED


def test_error_is_kept_and_interruption_is_none(tmp_path: Path) -> None:
    run = new(tmp_path)
    with pytest.raises(ValueError, match="boom"), run.locked():
        raise ValueError("boom")
    assert run.state() is State.FAILED
    with pytest.raises(Interrupted), run.locked():
        raise Interrupted("stopped")
    assert run.state() is State.INTERRUPTED


def test_lock_of_the_living_holds_and_of_the_dead_does_not(tmp_path: Path) -> None:
    run = new(tmp_path)
    living = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    (run.path / "lock.json").write_text(json.dumps({"pid": living.pid}))
    assert run.state() is State.RUNNING
    with pytest.raises(RunError, match=str(living.pid)), run.locked():
        pass
    living.communicate(b"\n")
    with run.locked():
        assert json.loads((run.path / "lock.json").read_text())["pid"] == os.getpid()
    assert not (run.path / "lock.json").exists()


def test_cut_line_of_the_log_is_left_out(tmp_path: Path) -> None:
    run = new(tmp_path)
    run.log({"event": "Stepped", "step": 1})
    with (run.path / "events.jsonl").open("a") as file:
        file.write('{"event": "Step')
    assert [event["step"] for event in run.events()] == [1]


def test_name_means_the_newest_finished_run(tmp_path: Path) -> None:
    runs = [new(tmp_path) for _ in range(3)]
    by_age = list_runs(tmp_path, "news")
    assert {run.path for run in by_age} == {run.path for run in runs}
    for run in by_age[:2]:
        (run.path / "verdict.json").write_text("{}")
    assert find_run("news", tmp_path).path == by_age[1].path
    assert find_run(f"news/{by_age[2].path.name}", tmp_path).path == by_age[2].path


def test_unknown_run_offers_the_nearest(tmp_path: Path) -> None:
    new(tmp_path)
    with pytest.raises(RunError, match="'news'"):
        find_run("newz", tmp_path)
