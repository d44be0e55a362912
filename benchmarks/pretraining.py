"""Pre-training: speed beside transformers' Trainer, what size and tokens buy, and a domain.

    python -m benchmarks.pretraining speed      the same network, blocks and optimizer, in turns
    python -m benchmarks.pretraining curve      bits per byte of two sizes over tokens
    python -m benchmarks.pretraining domain     a base trained on with medical text: what it wins
                                                there and loses on general text: the last
                                                hundred articles, which no base here has seen
    python -m benchmarks.pretraining halves     an encoder-decoder that begins as a decoder beside
                                                the same with random weights

Needs wiki_en and, for a domain, medquad. The two trainers of ``speed`` take turns in one process,
and processor time is counted, so that it does not matter what else the machine does.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import polars as pl
import torch
import transformers

from benchmarks.common import data_folder, keep
from luthier import api
from luthier.data.packing import IGNORED
from luthier.models.bases import resolve
from luthier.models.load import load_model
from luthier.models.model import Model
from luthier.models.new import make_base
from luthier.models.processors import load_tokenizer
from luthier.recipe.new import NewBase, NewNetwork, NewTokenizer
from luthier.recipe.schema import Training
from luthier.tasks.language_model import LanguageModel
from luthier.techniques.technique import course
from luthier.train.events import Stepped
from luthier.train.loop import Session, train
from luthier.train.optimizer import build_optimizer

LENGTH, BATCH = 512, 8
INPUTS = ("input_ids", "position_ids")
WIKI = "AA.parquet"


def not_asked(name: str) -> Any:
    raise AssertionError(name)


def documents(count: int) -> pl.DataFrame:
    texts = pl.read_parquet(data_folder("wiki_en") / WIKI)["text"].head(count)
    return pl.DataFrame({"text": texts}).with_columns(_source=pl.lit("wiki"), _row=0)


def speed(steps: int, rounds: int, size: str) -> dict[str, Any]:
    """Tokens a second of processor time of both, medians over rounds of so many steps each.

    With one thread that is the speed on a core that nothing else uses.
    """
    rows = documents(40)
    found: dict[str, list[float]] = {"luthier": [], "trainer": []}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        tokenizer = NewTokenizer(characters=500_000)
        new = NewBase(new=NewNetwork(family="decoder", size=size, tokenizer=tokenizer))  # type: ignore[arg-type]
        base = make_base(new, rows["text"], folder / "base", find=not_asked)
        processor = load_tokenizer(base)
        task = LanguageModel(max_length=LENGTH).build({}, processor)
        blocks = task.encode_to_train(rows, folder / "tokens")
        full = [block for block in blocks if len(block["input_ids"]) == LENGTH]
        np.savez(
            folder / "blocks.npz",
            **{name: np.stack([one[name] for one in full]) for name in INPUTS},
        )
        for _ in range(rounds):
            model = load_model(base, task.head(), processor)
            found["luthier"].append(steps * BATCH * LENGTH / _ours(model, task, full, steps))
            # By itself, for luthier changes how a process gives memory back.
            command = [sys.executable, "-m", "benchmarks.pretraining", "trainer"]
            command += ["--runs", place, "--steps", str(steps)]
            said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            found["trainer"].append(steps * BATCH * LENGTH / float(said.split()[-1]))
            print({name: round(values[-1]) for name, values in found.items()}, flush=True)
    ratio = median(a / b for a, b in zip(found["luthier"], found["trainer"], strict=True))
    parameters = model.core.num_parameters()
    return {
        "tokens_per_processor_second": {
            name: round(median(values)) for name, values in found.items()
        },
        "ratio": round(ratio, 3),
        "share_of_matrix_ceiling": round(6 * parameters * median(found["luthier"]) / _ceiling(), 3),
        "parameters": parameters,
        "threads": torch.get_num_threads(),
    }


def _ours(model: Model, task: Any, blocks: Any, steps: int) -> float:
    settings = Training(
        max_steps=steps + 1, batch_size=BATCH, learning_rate=1e-3, precision="fp32",
        schedule={"kind": "constant"},
    )  # fmt: skip
    everything = course([], model)
    optimizer = build_optimizer(model.core, everything, settings)
    session = Session(model, task, blocks, optimizer, settings, "loss", None, everything)
    stepped = (event for event in train(session) if isinstance(event, Stepped))
    next(stepped)
    started = time.process_time()
    for _ in stepped:
        pass
    return time.process_time() - started


class Timer(transformers.TrainerCallback):
    """Notes when the first step, which warms up, is over."""

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Called by the trainer."""
        if state.global_step == 1:
            self.started = time.process_time()


def trainer(folder: Path, steps: int) -> float:
    """Processor seconds that transformers' Trainer takes for so many steps on the same blocks."""
    blocks = np.load(folder / "blocks.npz")
    examples = [
        {name: torch.from_numpy(blocks[name][row]) for name in INPUTS}
        for row in range(len(blocks[INPUTS[0]]))
    ]

    def collate(batch: list[dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
        inputs = {name: torch.stack([one[name] for one in batch]) for name in INPUTS}
        starts = inputs["position_ids"] == 0
        return {**inputs, "labels": inputs["input_ids"].masked_fill(starts, IGNORED)}

    torch.manual_seed(0)
    config = transformers.AutoConfig.from_pretrained(folder / "base", use_cache=False)
    network = transformers.AutoModelForCausalLM.from_config(config)
    arguments = transformers.TrainingArguments(
        output_dir=str(folder / "theirs"), max_steps=steps + 1, learning_rate=1e-3,
        per_device_train_batch_size=BATCH, report_to=[], save_strategy="no",
        logging_strategy="no", lr_scheduler_type="constant", use_cpu=True, disable_tqdm=True,
        weight_decay=0.01, remove_unused_columns=False,
    )  # fmt: skip
    timer = Timer()
    transformers.Trainer(
        network, arguments, train_dataset=examples, data_collator=collate, callbacks=[timer]
    ).train()
    return time.process_time() - timer.started


def _ceiling() -> float:
    """Multiply-adds of large matrices in fp32 that torch does a second, times two."""
    one = torch.randn(2048, 512)
    other = torch.randn(512, 2048)
    one @ other
    times = []
    for _ in range(5):
        started = time.process_time()
        one @ other
        times.append(time.process_time() - started)
    return 2 * 2048 * 512 * 2048 / min(times)


def curve(minutes: float) -> dict[str, Any]:
    """Bits per byte of held-out articles over tokens seen, of two sizes, and the power law."""
    found = {}
    for size in ("tiny", "mini"):
        with tempfile.TemporaryDirectory() as runs:
            run = api.tune(recipe(f"curve-{size}", size, minutes), runs_dir=runs)
            events = list(run.events())
        seen = {e["step"]: e["tokens"] for e in events if e["event"] == "Stepped"}
        points = [
            (sum(count for step, count in seen.items() if step <= e["step"]),
             e["metrics"]["bits_per_byte"])
            for e in events if e["event"] == "Evaluated"
        ]  # fmt: skip
        found[size] = {"points": points, "exponent": _exponent(points)}
        print(size, found[size], flush=True)
    return found


def _exponent(points: list[tuple[int, float]]) -> float | None:
    """The b of bits = a * tokens ** -b, by least squares of the logarithms."""
    if len(points) < 3:
        return None
    x = [math.log(tokens) for tokens, _ in points]
    y = [math.log(bits) for _, bits in points]
    middle = sum(x) / len(x), sum(y) / len(y)
    slope = sum((a - middle[0]) * (b - middle[1]) for a, b in zip(x, y, strict=True))
    return round(-slope / sum((a - middle[0]) ** 2 for a in x), 4)


def recipe(name: str, size: str, minutes: float) -> dict[str, Any]:
    return {
        "name": name,
        "base": {"new": {"family": "decoder", "size": size}},
        "task": {"kind": "language_model", "max_length": 256, "measured_tokens": 30_000},
        "data": {
            "train": f"{data_folder('wiki_en') / WIKI}[~800]",
            "profile": "corpus",
            "split": {"validation": 0.05, "test": 0.05},
        },
        "training": {
            "max_minutes": minutes, "batch_size": 8, "learning_rate": 2e-3, "weight_decay": 0.1,
            "schedule": {"kind": "wsd", "warmup": 0.03}, "evaluate_every": 100,
        },
    }  # fmt: skip


def domain(base: str, minutes: float, runs: Path) -> dict[str, Any]:
    """Perplexity of medical and of general text before and after training on medical text."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        _medical(folder / "medical.jsonl")
        general = pl.read_parquet(data_folder("wiki_en") / WIKI).tail(100).select("text")
        general.write_ndjson(folder / "general.jsonl")
        values = recipe("medical", "mini", minutes) | {"base": base}
        values["data"] |= {"train": str(folder / "medical.jsonl")}
        values["training"] |= {"learning_rate": 5e-4}
        found = {}
        still = {k: v for k, v in values["training"].items() if k != "max_minutes"}
        still |= {"max_steps": 1, "learning_rate": 1e-12}
        for name, training in (("before", still), ("after", values["training"])):
            run = api.tune(values | {"name": name, "training": training}, runs_dir=runs)
            found[name] = {
                "medical": run.verdict()["metrics"]["perplexity"]["value"],
                "general": api.evaluate(run, str(folder / "general.jsonl"))["metrics"][
                    "perplexity"
                ]["value"],
            }
            print(name, found[name], flush=True)
    change = {
        text: round(found["after"][text] / found["before"][text] - 1, 4)
        for text in ("medical", "general")
    }
    return {**found, "change": change}


def _medical(file: Path) -> None:
    """Each answer of MedQuAD with its question, those of one subject in one document."""
    with gzip.open(data_folder("medquad") / "qa.jsonl.gz", "rt", encoding="utf-8") as rows:
        known: dict[str, list[str]] = {}
        for row in map(json.loads, rows):
            known.setdefault(row["focus"], []).append(f"{row['question']}\n{row['answer']}")
    texts = ["\n\n".join(parts) for parts in known.values()]
    pl.DataFrame({"text": texts}).write_ndjson(file)


def halves(base: str, steps: int) -> dict[str, Any]:
    """Bits per byte of articles to restore after so many steps of 512 tokens, by seed."""
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        network = NewNetwork(family="encoder_decoder", weights=base)
        made = make_base(
            NewBase(new=network), documents(100)["text"], folder / "decoder",
            find=lambda name: resolve(name, folder=folder, find_run=not_asked),
        )  # fmt: skip
        config = transformers.AutoConfig.from_pretrained(made.path)
        for seed in range(3):
            torch.manual_seed(seed)
            random = folder / f"random-{seed}"
            transformers.AutoModelForSeq2SeqLM.from_config(config).save_pretrained(random)
            load_tokenizer(made).save_pretrained(random)
            for name, start in (("a decoder's weights", made.path), ("random weights", random)):
                values = recipe("halves", "mini", 1) | {"base": str(start)}
                values["task"] |= {"objective": "denoise", "rate": 0.3, "max_length": 64}
                values["training"] |= {"max_steps": steps, "learning_rate": 5e-4, "seed": seed}
                values["training"] |= {"evaluate_every": steps}
                del values["training"]["max_minutes"]
                verdict = api.tune(values, runs_dir=folder / "runs").verdict()
                found.setdefault(name, []).append(verdict["metrics"]["bits_per_byte"]["value"])
                print(name, found[name][-1], flush=True)
    return {"steps": steps, "tokens_of_a_step": 8 * 64, "bits_per_byte": found}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["speed", "curve", "domain", "halves", "trainer"])
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--size", default="mini")
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--base", default="luthier-gpt")
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    arguments = parser.parse_args()
    if arguments.what == "trainer":
        print(trainer(arguments.runs, arguments.steps))
        return
    if arguments.what == "speed":
        found = speed(arguments.steps, arguments.rounds, arguments.size)
    elif arguments.what == "curve":
        found = curve(arguments.minutes)
    elif arguments.what == "halves":
        found = halves(arguments.base, arguments.steps)
    else:
        found = domain(arguments.base, arguments.minutes, arguments.runs)
    keep(f"pretraining-{arguments.what}", found)


if __name__ == "__main__":
    main()
