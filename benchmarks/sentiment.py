"""Luthier against the transformers Trainer on one task: speed, peak memory, accuracy.

Three ways train the same base on the same rows with the same batch size, epochs and
schedule, each in a process of its own, in turn, once per seed:

- ``luthier``: a recipe without technique, its defaults (precision by processor, rows by length);
- ``trainer``: the Trainer with its default settings;
- ``trainer-best``: the Trainer in bf16 with rows grouped by length.

Measured: examples per second of training (no evaluation in it), peak resident memory of
the process, accuracy on the test rows, and the share of this machine's measured ceiling
of matrix products that training reaches. Rows: Financial PhraseBank where it is at hand,
else the shipped demo data (``--data demo``).
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
import transformers
from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer

from benchmarks.common import data_folder, keep
from luthier.data.prepare import prepare
from luthier.models.bases import resolve
from luthier.pipeline import Listener
from luthier.pipeline import tune as tune_recipe
from luthier.recipe.library import shipped
from luthier.recipe.load import load_recipe
from luthier.train.events import Event, Finished, Started

WAYS = ("luthier", "trainer", "trainer-best")
BATCH, EPOCHS, RATE, WARMUP, LENGTH = 32, 4, 1e-4, 0.1, 128


def rows_for(data: str, seed: int, folder: Path) -> None:
    """Write train.csv and test.csv: prepared rows, so that every way sees the same."""
    if data == "demo":
        source = load_recipe("finance-sentiment", [f"data.split.seed={seed}"])
        config, base_dir = source.recipe.stages[0].data, shipped()["finance-sentiment"].parent
    else:
        file = data_folder("financial_phrasebank") / "all_agree.csv"
        source = load_recipe(
            {
                "name": "rows", "base": "minilm-l6", "task": {"kind": "classify"},
                "data": {"train": str(file), "split": {"validation": 0, "seed": seed}},
            }
        )  # fmt: skip
        config, base_dir = source.recipe.stages[0].data, folder
    prepared = prepare(config, source.recipe.stages[0].task.roles(), base_dir=base_dir)
    for name in ("train", "test"):
        prepared.splits[name].select("text", "label").write_csv(folder / f"{name}.csv")


def by_luthier(folder: Path, seed: int) -> dict[str, Any]:
    recipe = {
        "name": "speed", "base": "minilm-l6", "task": {"kind": "classify", "max_length": LENGTH},
        "data": {
            "train": str(folder / "train.csv"), "test": str(folder / "test.csv"),
            "split": {"validation": 0}, "prepare": ["labels"],
        },
        "training": {
            "epochs": EPOCHS, "batch_size": BATCH, "learning_rate": RATE, "seed": seed,
            "schedule": {"kind": "linear", "warmup": WARMUP},
        },
    }  # fmt: skip
    clock: dict[str, float] = {}

    def watch(event: Event) -> None:
        if isinstance(event, Started | Finished):
            clock[type(event).__name__] = time.perf_counter()

    with tempfile.TemporaryDirectory() as runs:
        run = tune_recipe(load_recipe(recipe), Path(runs), listener=Listener(on_event=watch))
        accuracy = run.verdict()["metrics"]["accuracy"]["value"]
        steps = [event for event in run.events() if event["event"] == "Stepped"]
    return {
        "seconds": clock["Finished"] - clock["Started"],
        "accuracy": accuracy,
        "rows": sum(step["rows"] for step in steps),
    }


def by_trainer(folder: Path, seed: int, *, best: bool) -> dict[str, Any]:
    transformers.logging.set_verbosity_error()
    transformers.set_seed(seed)
    tables = {name: pl.read_csv(folder / f"{name}.csv") for name in ("train", "test")}
    labels = sorted(tables["train"]["label"].unique())
    path = resolve("minilm-l6", folder=folder, find_run=Path).path
    tokenizer = AutoTokenizer.from_pretrained(path)
    tokenizer.model_max_length = LENGTH
    model = AutoModelForSequenceClassification.from_pretrained(path, num_labels=len(labels))

    def encode(table: pl.DataFrame) -> list[dict[str, Any]]:
        ids = tokenizer(table["text"].to_list(), truncation=True)
        return [
            {"input_ids": row, "attention_mask": mask, "labels": labels.index(label)}
            for row, mask, label in zip(
                ids["input_ids"], ids["attention_mask"], table["label"], strict=True
            )
        ]

    train = encode(tables["train"])
    steps = -(-len(train) // BATCH) * EPOCHS
    extra: dict[str, Any] = {}
    if best:
        extra = {"bf16": True, "train_sampling_strategy": "group_by_length"}
        extra["use_cpu"] = not torch.cuda.is_available()
    with tempfile.TemporaryDirectory() as output:
        settings = transformers.TrainingArguments(
            output, per_device_train_batch_size=BATCH, num_train_epochs=EPOCHS, disable_tqdm=True,
            learning_rate=RATE, warmup_steps=round(WARMUP * steps), seed=seed, save_strategy="no",
            logging_strategy="no", **extra,
        )  # fmt: skip
        trainer = transformers.Trainer(
            model, settings, train_dataset=train, processing_class=tokenizer
        )
        started = time.perf_counter()
        trainer.train()
        seconds = time.perf_counter() - started
        # Rows grouped by length come back in another order than they went in.
        test = trainer.predict(encode(tables["test"]))
    return {
        "seconds": seconds,
        "accuracy": float((test.predictions.argmax(-1) == test.label_ids).mean()),
        "rows": len(train) * EPOCHS,
    }


def one(way: str, folder: Path, seed: int) -> dict[str, Any]:
    """Train one way, in this process."""
    if way == "luthier":
        result = by_luthier(folder, seed)
    else:
        result = by_trainer(folder, seed, best=way == "trainer-best")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    return result | {"per_second": result["rows"] / result["seconds"], "peak_mib": round(peak)}


def ceiling(dtype: torch.dtype) -> float:
    """The fastest square matrix product of this machine, in operations per second."""
    best = 0.0
    for size in (1024, 2048, 4096):
        left, right = torch.randn(2, size, size, dtype=dtype)
        torch.mm(left, right)
        for _ in range(5):
            started = time.perf_counter()
            torch.mm(left, right)
            best = max(best, 2 * size**3 / (time.perf_counter() - started))
    return best


def operations_per_row(folder: Path) -> float:
    """Mean operations of the matrix products that training on a row needs, padding left out.

    Forward and backward take 6 operations per weight and token; attention's two products
    12 per layer, position pair and unit of width.
    """
    path = resolve("minilm-l6", folder=folder, find_run=Path).path
    config, tokenizer = AutoConfig.from_pretrained(path), AutoTokenizer.from_pretrained(path)
    texts = pl.read_csv(folder / "train.csv")["text"].to_list()
    ids = tokenizer(texts, truncation=True, max_length=LENGTH)["input_ids"]
    lengths = np.array([len(row) for row in ids], dtype=float)
    width, layers = config.hidden_size, config.num_hidden_layers
    weights = layers * (4 * width**2 + 2 * width * config.intermediate_size)
    return float((6 * weights * lengths + 12 * layers * width * lengths**2).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", choices=("phrasebank", "demo"), default=None)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=WAYS)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--keep", default="sentiment", help="Name of the file of results.")
    parser.add_argument("--one", nargs=3, metavar=("WAY", "FOLDER", "SEED"), help="internal")
    arguments = parser.parse_args()
    if arguments.one:
        way, folder, seed = arguments.one
        print(json.dumps(one(way, Path(folder), int(seed))))
        return
    data = arguments.data or ("phrasebank" if has_phrasebank() else "demo")
    results: dict[str, list[dict[str, Any]]] = {way: [] for way in arguments.ways}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for seed in arguments.seeds:
            rows_for(data, seed, folder)
            for way in arguments.ways:
                call = [sys.executable, "-m", "benchmarks.sentiment", "--one", way, name, str(seed)]
                done = subprocess.run(call, capture_output=True, text=True, check=True)
                results[way].append(json.loads(done.stdout.splitlines()[-1]))
                print(seed, way, results[way][-1], flush=True)
        work = operations_per_row(folder)
    report({"data": data, "seeds": arguments.seeds}, results, work, arguments.keep)


def has_phrasebank() -> bool:
    try:
        return data_folder("financial_phrasebank").is_dir()
    except SystemExit:
        return False


def report(
    about: dict[str, Any], results: dict[str, list[dict[str, Any]]], work: float, name: str
) -> None:
    tops = {"fp32": ceiling(torch.float32), "bf16": ceiling(torch.bfloat16)}
    table = {}
    for way, runs in results.items():
        speed = statistics.median(run["per_second"] for run in runs)
        top = tops["fp32" if way == "trainer" else "bf16"]
        table[way] = {
            "per_second": round(speed, 1),
            "peak_mib": max(run["peak_mib"] for run in runs),
            "accuracy_mean": round(statistics.mean(run["accuracy"] for run in runs), 4),
            "accuracy_sd": round(statistics.stdev(run["accuracy"] for run in runs), 4),
            "share_of_ceiling": round(speed * work / top, 3),
        }
    ours = table["luthier"]["per_second"]
    ratios = {way: round(ours / table[way]["per_second"], 2) for way in table if way != "luthier"}
    print(json.dumps({"ways": table, "times as fast": ratios}, indent=1))
    keep(
        name,
        {
            **about, "batch_size": BATCH, "epochs": EPOCHS,
            "learning_rate": RATE, "gflops_ceiling": {k: round(v / 1e9) for k, v in tops.items()},
            "ways": table, "times_as_fast": ratios, "runs": results,
        },
    )  # fmt: skip


if __name__ == "__main__":
    main()
