"""Extractive question answering: SQuAD 1.1 (Rajpurkar et al. 2016), CMRC 2018 (Cui et al. 2019).

The training sets of both are not among the public files here. ``squad`` is trained on SQuADShifts
(Miller et al. 2020: 27,626 questions on new Wikipedia articles, product reviews and Reddit) and on
a part of the articles of SQuAD's development set; its test are the questions on the other articles.
``cmrc2018`` is trained on the trial set (1,002 questions) and tested on the development set.
Answers that occur several times in a passage are learned where the files say they stand. The aim
for ``squad`` is F1 >= 0.75.

    python -m benchmarks.extractive_qa [--train 2000] [--only squad] [--base FOLDER] [--seeds 0 1 2]

``--train`` takes so many questions instead of all, to see how F1 grows with them.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import mean
from typing import Any

from benchmarks.common import data_folder, keep
from luthier import api

SHIFTS = ("new_wiki_v1.0.json", "amazon_reviews_v1.0.json", "reddit_v1.0.json")
TESTED = 16
"""Articles of the development set of 48 that are the test: 3,000 to 4,000 questions."""
MOST = {"squad": 4000, "cmrc2018": 3219}
"""Questions tested."""
TOLD = ("exact_match", "f1")

Question = dict[str, Any]


def questions(path: Path) -> Iterator[tuple[str, Question]]:
    """(article, question) of a file in SQuAD's form; only those that have an answer."""
    for article in json.loads(path.read_text(encoding="utf-8"))["data"]:
        for paragraph in article["paragraphs"]:
            for asked in paragraph["qas"]:
                found = asked["answers"]
                answers = {
                    "text": [answer["text"] for answer in found],
                    "answer_start": [answer["answer_start"] for answer in found],
                }
                row = {"question": asked["question"], "context": paragraph["context"]}
                if found:
                    yield article.get("title", ""), {**row, "answers": answers}


def squad() -> tuple[list[Question], list[Question]]:
    """Questions to train on and to test on, no article in both."""
    dev = list(questions(data_folder("squad") / "dev-v1.1.json"))
    titles = sorted({title for title, _ in dev})
    random.Random(0).shuffle(titles)
    tested = set(titles[:TESTED])
    train = [row for file in SHIFTS for _, row in questions(data_folder("squadshifts") / file)]
    train += [row for title, row in dev if title not in tested]
    return train, [row for title, row in dev if title in tested]


def cmrc2018() -> tuple[list[Question], list[Question]]:
    """Questions to train on and to test on."""
    folder = data_folder("cmrc2018")
    train, test = (
        [row for _, row in questions(folder / name)] for name in ("trial.json", "dev.json")
    )
    return train, test


SETS = {"squad": squad, "cmrc2018": cmrc2018}


def recipe(name: str, base: str) -> dict[str, Any]:
    """``minilm-l6`` knows no Chinese: for CMRC 2018 give a folder, e.g. of hfl/rbt6."""
    return {
        "name": name,
        "base": base,
        "task": {"kind": "extract", "no_answer": False, "max_length": 384, "stride": 128},
        "data": {
            "train": "train.jsonl",
            "test": "test.jsonl",
            "split": {"validation": 0.0},
        },
        "techniques": [{"kind": "discriminative", "decay": 0.9}],
        "training": {"epochs": 3, "batch_size": 16, "learning_rate": 3e-4},
    }


def measured(
    name: str, base: str, most: int | None, epochs: int | None, seeds: list[int]
) -> dict[str, Any]:
    """A run for every seed: figures with their intervals, and seconds."""
    train, test = SETS[name]()
    random.Random(0).shuffle(train)
    random.Random(0).shuffle(test)
    train, test = train[:most], test[: MOST[name] if most is None else min(MOST[name], most)]
    used = recipe(name, base)
    used["training"]["epochs"] = epochs or used["training"]["epochs"]
    with tempfile.TemporaryDirectory() as folder:
        for file, rows in (("train.jsonl", train), ("test.jsonl", test)):
            lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
            (Path(folder) / file).write_text("".join(lines), encoding="utf-8")
        data = {**used["data"], **{f: str(Path(folder) / f"{f}.jsonl") for f in ("train", "test")}}
        runs = [one_run({**used, "data": data}, seed, Path(folder) / "runs") for seed in seeds]
    return {
        "recipe": used,
        "questions": {"train": len(train), "test": len(test)},
        "mean": {key: round(mean(run["metrics"][key]["value"] for run in runs), 4) for key in TOLD},
        "runs": dict(zip(map(str, seeds), runs, strict=True)),
    }


def one_run(recipe: dict[str, Any], seed: int, runs_dir: Path) -> dict[str, Any]:
    """Figures and seconds of a run with a seed."""
    training = {**recipe["training"], "seed": seed}
    started = time.perf_counter()
    run = api.tune({**recipe, "training": training}, runs_dir=runs_dir)
    seconds = time.perf_counter() - started
    figures = {
        key: {end: round(value[end], 4) for end in ("value", "low", "high")}
        for key, value in run.verdict()["metrics"].items()
    }
    print(recipe["name"], seed, figures, f"{seconds:.0f} s", flush=True)
    return {"metrics": figures, "seconds": round(seconds, 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", type=int, help="Questions to train on; default: all.")
    parser.add_argument("--only", choices=SETS, help="One of the two data sets.")
    parser.add_argument("--base", default="minilm-l6", help="Another base.")
    parser.add_argument("--epochs", type=int, help="Passes over the data; default: the recipe's.")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    given = parser.parse_args()
    result = {}
    for name in [given.only] if given.only else SETS:
        result[name] = measured(name, given.base, given.train, given.epochs, given.seeds)
    parts = [given.only or "", str(given.train or "")]
    keep("_".join(["extractive_qa", *filter(None, parts)]), result)


if __name__ == "__main__":
    main()
