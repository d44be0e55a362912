"""The one place that knows devices, ranks and what the processor really computes."""

from __future__ import annotations

import ctypes
import os
import platform
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import torch

from luthier.core.errors import SetupError

try:
    import resource
except ImportError:  # Windows has no such module.
    resource = None  # type: ignore[assignment]

Precision = Literal["fp32", "bf16"]

USUAL_TOKENS = 8192
"""Of a micro-batch."""


@dataclass(frozen=True)
class World:
    """The processes that train together. One for now: sums over it are the values themselves."""

    rank: int = 0
    size: int = 1

    @property
    def is_main(self) -> bool:
        """Whether this process writes files and talks to the user."""
        return self.rank == 0

    def sum(self, value: float) -> float:
        """The sum of ``value`` over all processes."""
        return value


def world() -> World:
    """The processes that train together.

    Raises:
        SetupError: If a launcher started more than one.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size > 1:
        raise SetupError(
            "This version trains in one process, and {size} were started.",
            hint="Start luthier without torchrun.",
            size=size,
        )
    return World()


@cache
def device() -> torch.device:
    """The fastest device at hand; ``LUTHIER_DEVICE`` overrides it."""
    chosen = os.environ.get("LUTHIER_DEVICE")
    if chosen:
        return torch.device(chosen)
    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    _keep_freed_memory()
    return torch.device("cpu")


def computes_bf16(place: torch.device) -> bool:
    """Whether bf16 products run in hardware (AVX512-BF16 or AMX; CUDA from Ampere on)."""
    if place.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if place.type == "cpu":
        return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported()) and _has_bf16_units()
    return False


def choose_precision(wanted: Literal["auto", "fp32", "bf16"], place: torch.device) -> Precision:
    """The arithmetic to train in."""
    if wanted == "auto":
        return "bf16" if computes_bf16(place) else "fp32"
    return wanted


def autocast(precision: Precision, place: torch.device) -> AbstractContextManager[object]:
    """Context in which matrix products run in ``precision`` over fp32 weights."""
    if precision == "fp32":
        return nullcontext()
    return torch.autocast(place.type, torch.bfloat16)


def token_budget(asked: int | None, place: torch.device) -> int:
    """Tokens that a micro-batch may have: what is asked, else as many as a device works well on.

    A processor gains nothing from more. A GPU waits for its next kernel with fewer, and with more
    a base of usual size would not fit.
    """
    if asked is not None:
        return asked
    if place.type != "cuda":
        return USUAL_TOKENS
    memory = torch.cuda.get_device_properties(place).total_memory
    return USUAL_TOKENS * max(1, memory // (10 * 2**30))


def memory_free(place: torch.device) -> int | None:
    """Bytes that may still be taken on a device; None where the system does not say."""
    if place.type == "cuda":
        return int(torch.cuda.mem_get_info(place)[0])
    try:
        with Path("/proc/meminfo").open(encoding="ascii") as file:
            lines = dict(line.split(":", 1) for line in file)
        free = 1024 * int(lines["MemAvailable"].split()[0])
    except (OSError, KeyError, ValueError):
        return None
    return min([free, *_free_in_group()])


def memory_peak(place: torch.device) -> int:
    """The most bytes that this process held on a device so far."""
    if place.type == "cuda":
        return int(torch.cuda.max_memory_reserved(place))
    if resource is None:
        return 0
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _free_in_group() -> list[int]:
    """What a container's limit leaves, where there is one."""
    folder = Path("/sys/fs/cgroup")
    try:
        limit, used = ((folder / name).read_text() for name in ("memory.max", "memory.current"))
        return [max(0, int(limit) - int(used))]
    except (OSError, ValueError):
        return []


def seed_everything(seed: int, *more: int) -> None:
    """Seed torch's generators from several whole numbers, e.g. (seed, step, micro-batch)."""
    mixed = seed & 0xFFFFFFFF
    for part in more:
        mixed = (mixed * 0x9E3779B97F4A7C15 + part + 0x632BE59BD9B4E019) & (2**63 - 1)
        mixed ^= mixed >> 29
    torch.manual_seed(mixed)


def describe() -> dict[str, object]:
    """The machine in words and numbers, for `luthier doctor` and the run's record."""
    place = device()
    name = torch.cuda.get_device_name() if place.type == "cuda" else _processor_name()
    return {
        "device": place.type,
        "name": name,
        "threads": torch.get_num_threads(),
        "bf16": computes_bf16(place),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def _has_bf16_units() -> bool:
    try:
        with Path("/proc/cpuinfo").open(encoding="ascii", errors="replace") as file:
            flags = next((line for line in file if line.startswith("flags")), "")
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags


def _processor_name() -> str:
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8", errors="replace") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _keep_freed_memory() -> None:
    """Ask glibc to reuse freed blocks instead of returning them to the system.

    A training step frees and asks for the same large tensors every time; by default
    glibc unmaps them, and the page faults of mapping them again took 10% of a step
    of a 22M-parameter encoder (32 x 26 tokens, two cores).
    """
    if platform.libc_ver()[0] != "glibc":
        return
    libc = ctypes.CDLL(None)
    m_trim_threshold, m_mmap_max = -1, -4
    libc.mallopt(m_mmap_max, 0)
    libc.mallopt(m_trim_threshold, 2**31 - 1)
