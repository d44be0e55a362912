"""How OpenMP's idle threads wait, decided before torch starts them."""

from __future__ import annotations

import os
import time
from pathlib import Path

STAT = Path("/proc/stat")
LOOK = 0.1
"""Seconds to look at what else runs here."""

BUSY = 0.1
"""Share of the processors that others use, from which on threads sleep while they wait."""

SETTINGS = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")


def choose_waiting() -> None:
    """Spin where the machine is ours, sleep where it is shared; what the user set stays.

    Threads that spin start the next operation sooner, but lose their turn to whoever else
    runs: on two cores training took a quarter less time alone by spinning, and six times
    as long beside one busy process (docs/experiments.md).
    """
    if any(name in os.environ for name in SETTINGS) or not STAT.exists():
        return
    before = _used()
    time.sleep(LOOK)
    used, total = (b - a for a, b in zip(before, _used(), strict=True))
    if used > BUSY * total:
        os.environ["OMP_WAIT_POLICY"] = "passive"


def _used() -> tuple[int, int]:
    """Processor time used and in all since the start of the machine, in ticks."""
    with STAT.open(encoding="ascii") as file:
        ticks = [int(part) for part in file.readline().split()[1:9]]
    idle = ticks[3] + ticks[4]
    return sum(ticks) - idle, sum(ticks)
