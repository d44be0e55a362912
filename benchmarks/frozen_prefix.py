"""What computing frozen layers once saves: head only and half frozen, with and without it.

The same recipe on rows of SST-2 (Socher et al. 2013) trains five epochs three times: computing all
layers at every step; computing the frozen ones once; and again, when an earlier run has left what
they give. Counted is all from the loaded rows to the trained model: tokens, base, the pass that
computes the frozen layers, steps and validation; in processor time, so that other work on the
machine does not matter, and on the clock. Without dropout, so that the answers can be compared.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.common import data_folder, keep
from luthier import api
from luthier.pipeline import Listener, tune
from luthier.recipe.load import load_recipe

CASES: dict[str, tuple[dict[str, Any], float]] = {
    "head only": ({"kind": "freeze", "all_but_head": True}, 1e-3),
    "half frozen": ({"kind": "freeze", "lowest": 4}, 1e-4),
}
"""Name to technique and learning rate."""
EPOCHS = 5


def recipe(case: str, train: Path, test: Path, reuse: bool) -> dict[str, Any]:
    technique, rate = CASES[case]
    return {
        "name": "frozen",
        "base": "minilm-l6",
        "task": {"kind": "classify", "max_length": 128},
        "data": {"train": str(train), "test": str(test), "split": {"validation": 0.1}},
        "techniques": [technique],
        "training": {"epochs": EPOCHS, "learning_rate": rate, "dropout": 0.0,
                     "reuse_frozen": reuse},
        "evaluation": {"resamples": 100},
    }  # fmt: skip


def timed(values: dict[str, Any], texts: list[str]) -> dict[str, Any]:
    """Seconds from the loaded rows to the trained model, and the answers."""
    clocks: dict[str, tuple[float, float]] = {}

    def note(_stage: str, phase: str) -> None:
        clocks[phase] = (time.process_time(), time.perf_counter())

    with tempfile.TemporaryDirectory() as runs:
        run = tune(load_recipe(values), Path(runs), listener=Listener(on_phase=note))
        told = [event for event in run.events() if event["event"] == "Reused"]
        answers = api.load(run).predict(texts)
        accuracy = run.verdict()["metrics"]["accuracy"]["value"]
    processor, clock = (clocks["evaluate"][n] - clocks["load"][n] for n in (0, 1))
    return {
        "processor_seconds": round(processor, 2),
        "seconds": round(clock, 2),
        "accuracy": round(accuracy, 5),
        "reused": told[0] if told else None,
        "probabilities": [list(answer["probabilities"].values()) for answer in answers],
    }


def compared(case: str, train: Path, test: Path) -> dict[str, Any]:
    """The three runs of a case, and how their answers differ."""
    texts = pl.read_csv(test, separator="\t", quote_char=None)["text"].to_list()
    with tempfile.TemporaryDirectory() as cache:
        os.environ["LUTHIER_CACHE"] = cache
        runs = {
            "always": timed(recipe(case, train, test, reuse=False), texts),
            "once": timed(recipe(case, train, test, reuse=True), texts),
            "again": timed(recipe(case, train, test, reuse=True), texts),
        }
    answers = {name: np.array(run.pop("probabilities")) for name, run in runs.items()}
    plain, ours = answers["always"], answers["once"]
    spent = {name: run["processor_seconds"] for name, run in runs.items()}
    return {
        "technique": CASES[case][0],
        "learning_rate": CASES[case][1],
        **runs,
        "faster": round(spent["always"] / spent["once"], 2),
        "faster_again": round(spent["always"] / spent["again"], 2),
        "same_labels": float((plain.argmax(-1) == ours.argmax(-1)).mean()),
        "probability_change_max": float(np.abs(plain - ours).max()),
    }


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rows", type=int, default=5000)
    rows = arguments.parse_args().rows
    folder = data_folder("sst2")
    results = {}
    with tempfile.TemporaryDirectory() as place:
        whole = pl.read_csv(folder / "train.tsv", separator="\t", quote_char=None)
        whole.columns = ["text", "label"]
        train, test = Path(place) / "train.tsv", Path(place) / "test.tsv"
        chosen = whole.unique("text", keep="first", maintain_order=True)
        chosen = chosen.sample(rows + 500, seed=0, shuffle=True)
        chosen[:rows].write_csv(train, separator="\t", quote_style="never")
        chosen[rows:].write_csv(test, separator="\t", quote_style="never")
        for name in CASES:
            results[name] = compared(name, train, test)
            print(name, results[name]["faster"], results[name]["faster_again"], flush=True)
    keep("frozen_prefix", {"rows": rows, "epochs": EPOCHS, "cases": results})


if __name__ == "__main__":
    main()
