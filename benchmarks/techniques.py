"""What every way to tune costs and gives: accuracy, parameters, seconds, memory, size on disk.

SST-2 (Socher et al. 2013; 10,000 rows of training, the GLUE dev set as the test) and the Financial
PhraseBank (Malo et al. 2014; sentences on which all annotators agree, a fifth as the test). Every
run is a process of its own, so that its peak of memory is its own. No checkpoint is chosen: the
last weights count. The learning rate is 2e-4 where weights of the base move, else the technique's
own, which ``default_rates`` found on other data.

    python -m benchmarks.techniques
    python -m benchmarks.techniques --ways full others --data phrasebank --rows 600 --seeds 0
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.common import data_folder, keep
from luthier.recipe.load import recipe_text
from luthier.runs import Run

WAYS: dict[str, tuple[list[dict[str, Any]], float | None]] = {
    "full": ([{"kind": "full"}], 2e-4),
    "head only": ([{"kind": "freeze", "all_but_head": True}], None),
    "freeze half": ([{"kind": "freeze", "lowest": 4}], 2e-4),
    "gradual unfreeze": ([{"kind": "gradual_unfreeze"}], 2e-4),
    "discriminative": ([{"kind": "discriminative", "decay": 0.85}], 2e-4),
    "lora": ([{"kind": "lora", "r": 16}], None),
    "dora": ([{"kind": "lora", "r": 16, "variant": "dora"}], None),
    "ia3": ([{"kind": "ia3"}], None),
    "prefix": ([{"kind": "prefix"}], None),
    "bitfit": ([{"kind": "bitfit"}], None),
    "drop 2 of 6, healed": (
        [{"kind": "drop_layers", "count": 2}, {"kind": "distil", "teacher": "uncut"}],
        1e-4,
    ),
}
"""Name to techniques and learning rate; None: the technique's own. The last one is a second stage,
behind ``full``."""

OTHERS: dict[str, tuple[list[dict[str, Any]], float | None]] = {
    "gradual freeze": ([{"kind": "gradual_freeze"}], 2e-4),
    "layer_norm": ([{"kind": "layer_norm"}], None),
    "reinit": ([{"kind": "reinit", "top": 1}], 2e-4),
    "rslora": ([{"kind": "lora", "r": 16, "variant": "rslora"}], None),
    "pissa": ([{"kind": "lora", "r": 16, "variant": "pissa"}], None),
    "lora_plus": ([{"kind": "lora", "r": 16, "variant": "lora_plus"}], None),
    "adalora": ([{"kind": "adalora"}], None),
    "vera": ([{"kind": "vera"}], None),
    "oft": ([{"kind": "oft"}], None),
    "boft": ([{"kind": "boft"}], None),
    "loha": ([{"kind": "loha"}], None),
    "lokr": ([{"kind": "lokr"}], None),
    "prompt": ([{"kind": "prompt"}], None),
    "p_tuning": ([{"kind": "p_tuning"}], None),
    "l2_sp": ([{"kind": "l2_sp"}], 2e-4),
    "r_drop": ([{"kind": "r_drop"}], 2e-4),
    "fgm": ([{"kind": "fgm"}], 2e-4),
    "neftune": ([{"kind": "neftune"}], 2e-4),
    "ema": ([{"kind": "ema"}], 2e-4),
    "swa": ([{"kind": "swa"}], 2e-4),
}
"""The rest of what there is, asked for as ``--ways others``."""

EPOCHS = {"sst2": 3, "phrasebank": 5}
HEALING = 2
"""Epochs of the stage that heals."""


def data(name: str, rows: int, seed: int) -> dict[str, Any]:
    if name == "sst2":
        folder = data_folder("sst2")
        return {
            "train": str(folder / "train.tsv"), "test": str(folder / "test.tsv"),
            "limit": rows, "split": {"validation": 0.0, "seed": seed},
        }  # fmt: skip
    return {
        "train": str(data_folder("financial_phrasebank") / "all_agree.csv"),
        "limit": rows, "split": {"validation": 0.0, "test": 0.2, "seed": seed},
    }  # fmt: skip


def recipe(name: str, way: str, rows: int, seed: int) -> dict[str, Any]:
    techniques, rate = (WAYS | OTHERS)[way]
    common = {
        "task": {"kind": "classify", "max_length": 128}, "data": data(name, rows, seed),
        "evaluation": {"earlier": False},
    }  # fmt: skip

    def stage(used: list[dict[str, Any]], rate: float | None, epochs: int) -> dict[str, Any]:
        training = {"epochs": epochs, "batch_size": 32, "seed": seed}
        training |= {} if rate is None else {"learning_rate": rate}
        return {**common, "techniques": used, "training": training}

    if not way.startswith("drop"):
        own = stage(techniques, rate, EPOCHS[name])
        return {"name": "technique", "base": "minilm-l6", **own}
    whole = stage(*WAYS["full"], EPOCHS[name])
    return {
        "name": "technique",
        "stages": [
            {"name": "whole", "base": "minilm-l6", **whole},
            {"name": "smaller", **stage(techniques, rate, HEALING)},
        ],
    }


def measured(values: dict[str, Any]) -> dict[str, Any]:
    """One run in a process of its own, and what it came to."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        file = folder / "recipe.yaml"
        file.write_text(recipe_text(values), encoding="utf-8")
        command = [sys.executable, "-m", "luthier", "tune", str(file), "--runs-dir", place]
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        assert process.stderr
        said = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        if status:
            sys.exit(said.decode())
        seconds = time.perf_counter() - started
        run = Run(next(folder.glob("technique/*")))
        reports = sorted(run.path.glob("stages/*/report.json"))
        last = json.loads(reports[-1].read_text(encoding="utf-8"))
        accuracy = run.verdict()["metrics"]["accuracy"]
        disk = sum(one.stat().st_size for one in run.model.rglob("*") if one.is_file())
    return {
        "accuracy": {end: round(value, 5) for end, value in accuracy.items()},
        "parameters": last["parameters"],
        "seconds": round(seconds, 1),
        "peak_mib": round(usage.ru_maxrss / 1024),
        "disk_mib": round(disk / 2**20, 2),
    }


def together(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Means over seeds; the interval is the mean of the runs' own."""
    values = [run["accuracy"]["value"] for run in runs]
    ends = {end: statistics.mean(run["accuracy"][end] for run in runs) for end in ("low", "high")}
    return {
        "accuracy": round(statistics.mean(values), 4),
        "sd": round(statistics.stdev(values), 4) if len(values) > 1 else 0.0,
        "interval": [round(ends["low"], 4), round(ends["high"], 4)],
        "trainable": runs[0]["parameters"]["trainable"],
        **{key: max(run[key] for run in runs) for key in ("seconds", "peak_mib", "disk_mib")},
    }


def _named(way: str) -> list[str]:
    return list(OTHERS) if way == "others" else [way]


def main() -> None:
    """Every way on every data set, with every seed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000, help="of training, at most")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--data", nargs="+", default=list(EPOCHS), choices=list(EPOCHS))
    ways = [*WAYS, *OTHERS, "others"]
    parser.add_argument("--ways", nargs="+", default=list(WAYS), choices=ways)
    parser.add_argument("--keep", default="techniques", help="name of the file with the results")
    asked = parser.parse_args()
    chosen = [way for asked_for in asked.ways for way in _named(asked_for)]
    result: dict[str, Any] = {"rows": asked.rows, "seeds": asked.seeds, "recipes": {}}
    for name in asked.data:
        result[name] = {}
        for way in chosen:
            runs = [measured(recipe(name, way, asked.rows, seed)) for seed in asked.seeds]
            result[name][way] = {**together(runs), "runs": runs}
            print(name, way, together(runs), flush=True)
            result["recipes"][f"{name}, {way}"] = recipe(name, way, asked.rows, 0)
    keep(asked.keep, json.loads(json.dumps(result).replace(str(data_folder("")) + "/", "")))


if __name__ == "__main__":
    main()
