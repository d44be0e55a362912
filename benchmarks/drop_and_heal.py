"""Two of six layers taken out, and healed: what is kept, and what is gained.

``uncut`` is tuned as usual. From it ``cut`` loses the layers of least influence and is measured as
it is; ``tuned`` goes on training then, ``distilled`` also learns from ``uncut``. ``at_once`` loses
them before it is tuned at all. To reach: 98% of the accuracy at 1.4 times the speed. The last
weights count. Speed is that of the network on the test rows, in turns with ``uncut``.

    python -m benchmarks.drop_and_heal [--data phrasebank] [--rows 4000] [--seeds 3]

``phrasebank``: sentences on which all annotators agree (Malo et al. 2014), a fifth as the test;
``sst2``: rows of SST-2 (Socher et al. 2013), tested on the GLUE dev set.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import polars as pl
import torch

from benchmarks.common import data_folder, keep
from luthier import api
from luthier.data.prepared import Prepared
from luthier.evaluation.predict import predict
from luthier.evaluation.predictor import Predictor

DROP = {"kind": "drop_layers", "count": 2}
DISTIL = {"kind": "distil", "share": 0.7}
DECAY = {"kind": "discriminative", "decay": 0.9}
UNTRAINED = {"max_steps": 1, "learning_rate": 1e-12}
"""So small a step changes no digit that counts."""

ROUNDS = 7


TRAIN = {
    "phrasebank": ["financial_phrasebank/all_agree.csv"],
    "sst2": ["sst2/train.tsv", "sst2/dev.tsv"],
}
TEST = {"phrasebank": {}, "sst2": {"test": "sst2/test.tsv"}}
"""A file of its own, where there is one; else a fifth of the rows."""
TUNED = {
    "phrasebank": {"epochs": 5, "learning_rate": 2e-4},
    "sst2": {"epochs": 3, "learning_rate": 1e-4},
}
HEALED = {"epochs": 4, "learning_rate": 1e-4}


def recipe(
    name: str, base: str, data: str, rows: int, seed: int, training: dict[str, Any]
) -> dict[str, Any]:
    folder = data_folder("")
    tests = {part: str(folder / file) for part, file in TEST[data].items()}
    split = {"validation": 0.0, "test": 0.0 if tests else 0.2, "seed": seed}
    return {
        "name": name,
        "base": base,
        "task": {"kind": "classify", "max_length": 128},
        "data": {
            "train": [str(folder / file) for file in TRAIN[data]], **tests,
            "limit": rows, "split": split,
        },
        "techniques": [DECAY],
        "training": {"batch_size": 32, "seed": seed, **training},
    }  # fmt: skip


def ways(data: str, rows: int, seed: int) -> dict[str, dict[str, Any]]:
    """Name to recipe; those behind the first start from its run."""

    def own(name: str, base: str, training: dict[str, Any]) -> dict[str, Any]:
        return recipe(name, base, data, rows, seed, training)

    def then(
        name: str, techniques: list[dict[str, Any]], training: dict[str, Any]
    ) -> dict[str, Any]:
        return own(name, "run:uncut", training) | {"techniques": [DROP, *techniques]}

    return {
        "uncut": own("uncut", "minilm-l6", TUNED[data]),
        "cut": then("cut", [], UNTRAINED),
        "tuned": then("tuned", [DECAY], HEALED),
        "distilled": then("distilled", [DISTIL, DECAY], HEALED),
        "at_once": own("at_once", "minilm-l6", TUNED[data]) | {"techniques": [DROP, DECAY]},
    }


def measured(run: Any) -> dict[str, Any]:
    """Accuracy with its interval, and how large the model is."""
    accuracy = run.verdict()["metrics"]["accuracy"]
    (weights,) = run.model.glob("*.safetensors")
    network = api.load(run).model.core
    return {
        "accuracy": {key: round(accuracy[key], 5) for key in ("value", "low", "high")},
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "layers": network.config.num_hidden_layers,
        "megabytes": round(weights.stat().st_size / 1e6, 1),
    }


def faster(models: dict[str, Predictor], texts: list[str]) -> dict[str, float]:
    """How many times as fast as ``uncut`` each is on the texts, the median of several turns."""
    spent: dict[str, list[float]] = {name: [] for name in models}
    for _ in range(ROUNDS):
        for name, model in models.items():
            examples = model.task.encode(pl.DataFrame({"text": texts}))
            started = time.perf_counter()
            predict(model.model, model.task, examples, batch_size=32)
            spent[name].append(time.perf_counter() - started)
    whole = spent["uncut"]
    return {
        name: round(statistics.median(w / s for w, s in zip(whole, own, strict=True)), 3)
        for name, own in spent.items()
    }


def one_seed(data: str, rows: int, seed: int) -> dict[str, Any]:
    """Every way once."""
    found, models = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        for name, values in ways(data, rows, seed).items():
            started = time.perf_counter()
            run = api.tune(values, runs_dir=folder)
            found[name] = {**measured(run), "seconds": round(time.perf_counter() - started, 1)}
            models[name] = api.load(run)
            print(seed, name, found[name], flush=True)
        (prepared,) = Path(folder).glob("uncut/*/stages/*/data")
        texts = Prepared.load(prepared).splits["test"]["text"].to_list()
    for name, speed in faster(models, texts).items():
        found[name]["speed"] = speed
        share = found[name]["accuracy"]["value"] / found["uncut"]["accuracy"]["value"]
        found[name]["kept"] = round(share, 4)
        print(seed, name, found[name]["kept"], speed, flush=True)
    return found


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--data", choices=list(TRAIN), default="phrasebank")
    arguments.add_argument("--rows", type=int, default=4000)
    arguments.add_argument("--seeds", type=int, default=3)
    given = arguments.parse_args()
    seeds = [one_seed(given.data, given.rows, seed) for seed in range(given.seeds)]
    about = {"rows": given.rows, "threads": torch.get_num_threads()}
    keep(f"drop_and_heal_{given.data}", {**about, "seeds": seeds})


if __name__ == "__main__":
    main()
