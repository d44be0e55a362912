"""A domain first, then the task, against the task alone; what is forgotten, and what replay keeps.

The task is PubMedQA (Jin et al. 2019): question and abstract to yes, no or maybe; the official 500
test rows, validation split off from the other 500. Before it comes a stage on MedQuAD (Ben Abacha
and Demner-Fushman 2019): ``language``: masked language modelling on its answers; ``topics``: which
kind of question an answer is to, of the eight most frequent. Each domain stage is trained once, and
every way of learning the task starts from its run.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.common import data_folder, keep, summary
from luthier import api
from luthier.runs import Run, State, list_runs

KINDS = 8
"""Kinds of question that ``topics`` tells."""

WAYS: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "alone": ("minilm-l6", []),
    "language": ("run:language", []),
    "topics": ("run:topics", []),
    "topics + replay": ("run:topics", [{"kind": "replay", "share": 0.25}]),
    "topics + l2_sp": ("run:topics", [{"kind": "l2_sp"}]),
    "topics + ewc": ("run:topics", [{"kind": "ewc"}]),
    "language + replay": ("run:language", [{"kind": "replay", "share": 0.25}]),
}
"""Name to the base and the techniques of the stage that learns the task."""

USUAL = ("alone", "language", "topics", "topics + replay")


def write_rows(folder: Path, texts: int, answers: int, task_rows: int) -> None:
    """The tables that the recipes read: the first texts and answers in a fixed random order."""
    with gzip.open(data_folder("medquad") / "qa.jsonl.gz", "rt", encoding="utf-8") as file:
        asked = [json.loads(line) for line in file]
    random.Random(0).shuffle(asked)
    common = {kind for kind, _ in Counter(one["qtype"] for one in asked).most_common(KINDS)}
    kinds = [one for one in asked if one["qtype"] in common][:answers]
    told = [{"answer": one["answer"], "kind": one["qtype"]} for one in kinds]
    _write(folder / "texts.jsonl", [{"text": one["answer"]} for one in asked[:texts]])
    _write(folder / "topics.jsonl", told)
    for split in ("train", "test"):
        path = data_folder("pubmedqa") / f"{split}.jsonl"
        # Texts may hold separators that only Python takes for ends of lines.
        lines = path.read_text(encoding="utf-8").strip().split("\n")[:task_rows]
        _write(folder / f"{split}.jsonl", [json.loads(line) for line in lines])


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    lines = (json.dumps(row, ensure_ascii=False) for row in rows)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def language(folder: Path) -> dict[str, Any]:
    return {
        "name": "language",
        "base": "minilm-l6",
        "task": {"kind": "language_model", "objective": "masked", "max_length": 128},
        "data": {
            "train": str(folder / "texts.jsonl"), "profile": "corpus",
            "split": {"validation": 0.05, "test": 0.05},
        },
        "training": {"epochs": 1, "batch_size": 16, "learning_rate": 3e-4},
    }  # fmt: skip


def topics(folder: Path) -> dict[str, Any]:
    return {
        "name": "topics",
        "base": "minilm-l6",
        "task": {"kind": "classify", "text": "answer", "label": "kind", "max_length": 48},
        "data": {
            "train": str(folder / "topics.jsonl"), "split": {"validation": 0.1, "test": 0.25},
            "steps": {"near_duplicates": False},
        },
        "training": {"epochs": 2, "batch_size": 32, "learning_rate": 2e-4},
    }  # fmt: skip


def task(folder: Path, way: str, seed: int, length: int, epochs: int) -> dict[str, Any]:
    base, techniques = WAYS[way]
    return {
        "name": "task",
        "base": base,
        "task": {
            "kind": "classify", "text": "question", "pair": "context", "label": "answer",
            "max_length": length,
        },
        "data": {
            "train": str(folder / "train.jsonl"), "test": str(folder / "test.jsonl"),
            "split": {"validation": 0.1, "seed": seed},
        },
        "techniques": techniques,
        "training": {"epochs": epochs, "batch_size": 16, "learning_rate": 2e-4, "seed": seed},
        "evaluation": {"best": "accuracy"},
    }  # fmt: skip


def learn(recipe: dict[str, Any], runs_dir: Path) -> dict[str, Any]:
    """One run: its metrics, seconds of training, and what it left of the stage before."""
    found = told(api.tune(recipe, runs_dir=runs_dir))
    print(recipe["name"], recipe["base"], found, flush=True)
    return found


def told(run: Run) -> dict[str, Any]:
    """What there is to keep of a run."""
    verdict = run.verdict()
    (report,) = run.path.glob("stages/*/report.json")
    trained = json.loads(report.read_text(encoding="utf-8"))["training"]["seconds"]
    return {
        "metrics": {name: round(one["value"], 5) for name, one in verdict["metrics"].items()},
        "seconds": round(verdict["seconds"], 1),
        "trained": round(trained, 1),
        "forgetting": verdict["forgetting"],
    }


def domain(name: str, recipe: dict[str, Any], runs_dir: Path) -> dict[str, Any]:
    """A domain stage: that which is in the folder, else learned now."""
    done = [run for run in list_runs(runs_dir, name) if run.state() is State.FINISHED]
    return told(done[-1]) if done else learn(recipe, runs_dir)


def measured(way: str, folder: Path, runs_dir: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """A way of learning the task, with every seed."""
    runs = [
        learn(task(folder, way, seed, asked.length, asked.epochs), runs_dir) for seed in asked.seeds
    ]
    result: dict[str, Any] = {name: summary(runs, name) for name in ("accuracy", "f1_macro")}
    lost = [run["forgetting"]["forgetting"][0] for run in runs if run["forgetting"]]
    if lost:
        result["forgotten"] = {
            "metric": runs[0]["forgetting"]["metrics"][0],
            "mean": round(sum(lost) / len(lost), 5),
            "of each seed": [round(value, 5) for value in lost],
        }
    print(way, result, flush=True)
    return {**result, "runs": runs}


def main() -> None:
    """Learn the domains, then the task in every way that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--texts", type=int, default=1000, help="of MedQuAD, for language")
    parser.add_argument("--answers", type=int, default=1000, help="of MedQuAD, for topics")
    parser.add_argument("--runs", type=Path, help="folder of runs; domains in it are used again")
    parser.add_argument("--task-rows", type=int, default=500, help="of PubMedQA, train and test")
    parser.add_argument("--length", type=int, default=96, help="tokens of question and abstract")
    parser.add_argument("--epochs", type=int, default=2, help="over the task's rows")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--ways", nargs="+", default=list(USUAL), choices=list(WAYS))
    parser.add_argument("--keep", default="sequential", help="name of the file with the results")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        runs_dir = asked.runs or folder / "runs"
        write_rows(folder, asked.texts, asked.answers, asked.task_rows)
        needed = {WAYS[way][0] for way in asked.ways}
        domains = {
            name: domain(name, recipe(folder), runs_dir)
            for name, recipe in (("language", language), ("topics", topics))
            if f"run:{name}" in needed
        }
        ways = {way: measured(way, folder, runs_dir, asked) for way in asked.ways}
        recipes = {"language": language(folder), "topics": topics(folder)}
        recipes |= {way: task(folder, way, 0, asked.length, asked.epochs) for way in asked.ways}
        text = json.dumps(
            {
                "texts": asked.texts, "answers": asked.answers,
                "task_rows": asked.task_rows, "seeds": asked.seeds,
                "domains": domains, "ways": ways, "recipes": recipes,
            }
        ).replace(f"{folder}/", "")  # fmt: skip
    keep(asked.keep, json.loads(text))


if __name__ == "__main__":
    main()
