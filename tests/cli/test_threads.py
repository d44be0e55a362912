"""How idle threads wait: as the user says, else by what else runs on the machine."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from luthier.cli import threads

Stage = Callable[[int], None]


@pytest.fixture
def used_by_others(monkeypatch: pytest.MonkeyPatch) -> Stage:
    """Lets the machine seem busy for so many of 20 ticks."""
    for name in threads.SETTINGS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(threads, "LOOK", 0)

    def stage(ticks: int) -> None:
        seen = iter([(100, 1000), (100 + ticks, 1020)])
        monkeypatch.setattr(threads, "_used", lambda: next(seen))

    return stage


@pytest.mark.parametrize(("ticks", "policy"), [(0, None), (1, None), (10, "passive")])
def test_shared_machine_is_waited_on_asleep(
    used_by_others: Stage, monkeypatch: pytest.MonkeyPatch, ticks: int, policy: str | None
) -> None:
    used_by_others(ticks)
    environment: dict[str, str] = {}
    monkeypatch.setattr(threads.os, "environ", environment)
    threads.choose_waiting()
    assert environment.get("OMP_WAIT_POLICY") == policy


def test_the_users_setting_stays(used_by_others: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    used_by_others(20)
    monkeypatch.setenv("GOMP_SPINCOUNT", "7")
    threads.choose_waiting()
    assert "OMP_WAIT_POLICY" not in threads.os.environ


def test_ticks_of_this_machine_grow() -> None:
    if not threads.STAT.exists():
        pytest.skip("this system has no /proc/stat")
    used, total = threads._used()
    assert 0 < used <= total
