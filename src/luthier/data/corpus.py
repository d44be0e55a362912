"""A recipe for plain text of which nothing is known but where it is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from luthier.data.sources.place import is_local, locate, sliced, title

MEGABYTE = 2**20

GROWTH = ((2, "tiny", 2048), (20, "mini", 4096), (500, "mini", 8192), (10**9, "small", 16384))
"""Megabytes up to which a new base has this size and so many pieces."""

PLAIN = (".txt", ".md", ".txt.gz", ".md.gz")
"""Endings of files whose rows are paragraphs."""


def corpus_recipe(sources: Sequence[str], *, new: bool, base_dir: Path) -> dict[str, Any]:
    """The recipe of a pre-training, as a mapping; its size goes by that of the text.

    Args:
        sources: Files, folders and other sources of texts.
        new: Whether a new base is trained; else one is trained on, at a lower rate.
        base_dir: Relative paths start here.
    """
    megabytes = sum(_bytes(source, base_dir) for source in sources) / MEGABYTE
    size, pieces = next((size, pieces) for most, size, pieces in GROWTH if megabytes <= most)
    share = 0.05 if megabytes < 20 else 0.01
    tokenizer = {"vocabulary": pieces}
    base = {"base": {"new": {"family": "decoder", "size": size, "tokenizer": tokenizer}}}
    return {
        "name": f"pretrain-{title(sources[0])}",
        **(base if new else {}),
        "task": {
            "kind": "language_model",
            "join_rows": all(source.lower().endswith(PLAIN) for source in sources),
            "max_length": 256 if size == "tiny" else 512,
        },
        "data": {
            "train": list(sources),
            "profile": "corpus",
            "split": {"validation": share, "test": share},
        },
        "training": {
            "epochs": 1,
            "batch_size": 8,
            "learning_rate": 2e-3 if new else 5e-4,
            "weight_decay": 0.1,
            "adam_beta2": 0.98,
            "dropout": 0.0,
            "schedule": {"kind": "wsd", "warmup": 0.03 if new else 0.01},
            "evaluate_every": 200,
        },
    }


def _bytes(source: str, base_dir: Path) -> int:
    """How large a source on this machine is; of others nothing is known."""
    name, _ = sliced(source, base_dir)
    if not is_local(name):
        return 0
    path, _ = locate(name, base_dir)
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())
