"""Which learning rate suits what a technique trains: where the defaults of recipes come from.

TREC (Li and Roth 2002), 600 questions of six kinds, four epochs in batches of 32: as few steps as a
first try has. Accuracy is that on the 500 test questions. ``techniques`` measures on other data.

    python -m benchmarks.default_rates [--ways lora prompt]
"""

from __future__ import annotations

import argparse
from typing import Any

from benchmarks.common import data_folder, keep, kept, tune
from benchmarks.techniques import OTHERS, WAYS

TRIED: dict[str, tuple[float, ...]] = {
    "lora": (3e-4, 1e-3, 3e-3),
    "prompt": (1e-1, 3e-1),
    "layer_norm": (3e-3, 1e-2),
    "lokr": (3e-3, 1e-2),
    "adalora": (3e-3, 1e-2),
    "p_tuning": (3e-3, 1e-2, 3e-2),
    "loha": (3e-3, 1e-2),
    "vera": (1e-2, 3e-2),
    "bitfit": (1e-3, 3e-3, 1e-2),
    "head only": (5e-3, 2e-2, 6e-2),
    "ia3": (5e-3, 2e-2),
    "prefix": (5e-3, 2e-2, 6e-2),
    "oft": (5e-4, 2e-3),
    "full": (1e-4, 3e-4),
    "boft": (2e-3,),
}
"""Ways that train other numbers than the base's own matrices, and the one that trains all."""


def recipe(way: str, rate: float) -> dict[str, Any]:
    folder = data_folder("trec6")
    techniques, _ = (WAYS | OTHERS)[way]
    return {
        "name": "rates",
        "base": "minilm-l6",
        "task": {"kind": "classify", "max_length": 64},
        "data": {
            "train": str(folder / "train.tsv[~600]"), "test": str(folder / "test.tsv"),
            "split": {"validation": 0.0},
        },
        "techniques": techniques,
        "training": {"epochs": 4, "batch_size": 32, "learning_rate": rate, "seed": 0},
    }  # fmt: skip


def curve(way: str, known: dict[str, float]) -> dict[str, float]:
    """Accuracy by learning rate; what is known is not measured again."""
    found = dict(known)
    for rate in TRIED[way]:
        if f"{rate:g}" in found:
            continue
        found[f"{rate:g}"] = round(tune(recipe(way, rate))["metrics"]["accuracy"], 3)
        print(way, rate, found[f"{rate:g}"], flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ways", nargs="+", default=list(TRIED), choices=TRIED)
    curves = kept("default_rates").get("accuracy", {})
    for way in parser.parse_args().ways:
        curves[way] = curve(way, curves.get(way, {}))
        keep("default_rates", {"accuracy": curves})


if __name__ == "__main__":
    main()
