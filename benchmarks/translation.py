"""Translation: captions from English into French, Multi30k (Elliott et al. 2016, 2017).

Trained on its 29,000 pairs; the test is ``test_2016_flickr``. BLEU is sacreBLEU's (13a), stated
with and without regard to case, each with its interval. The aim is 45 on two cores in an hour.
Text-only Transformers of the literature reach about 62 there (Wu et al. 2021: 61.8, lower-cased and
with a vocabulary of both languages).

    python -m benchmarks.translation [--base luthier-t5] [--train 2000] [--test 200] [--minutes 50]
"""

from __future__ import annotations

import argparse
import gzip
import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.common import data_folder, keep
from luthier import api
from luthier.metrics import Wanted, Written, measure_writing

Pair = dict[str, str]


def pairs(name: str, most: int | None = None) -> list[Pair]:
    """English and French captions of a file."""
    path = data_folder("multi30k") / name
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    return [{"en": row["en"], "fr": row["fr"]} for row in rows[:most]]


def recipe(base: Any, folder: Path, epochs: float, minutes: float | None) -> dict[str, Any]:
    limit = {} if minutes is None else {"max_minutes": minutes}
    return {
        "name": "multi30k-en-fr",
        "base": base,
        "task": {
            "kind": "generate", "use": "translate", "source": "en", "target": "fr",
            "max_source_length": 64, "max_target_length": 80, "label_smoothing": 0.1,
            "num_beams": 4,
        },
        "data": {
            name: str(folder / f"{name}.jsonl") for name in ("train", "validation", "test")
        } | {"prepare": []},
        "training": {
            "epochs": epochs, "batch_size": 64, "learning_rate": 1e-3, "seed": 0,
            "schedule": {"kind": "linear", "warmup": 0.05}, **limit,
        },
    }  # fmt: skip


def scores(said: Sequence[str], true: Sequence[str]) -> dict[str, dict[str, float]]:
    """BLEU and chrF, cased and lower-cased, with their intervals."""
    written = [Written(text) for text in said]
    wanted = [Wanted((text,), "fr") for text in true]
    found = {}
    for suffix, lowercase in (("", False), ("_lower", True)):
        measures = measure_writing(written, wanted, names=["bleu", "chrf"], lowercase=lowercase)
        for name in ("bleu", "chrf"):
            estimate = measures.metrics[name].to_json()
            found[name + suffix] = {end: round(value, 2) for end, value in estimate.items()}
    return found


def measured(given: argparse.Namespace) -> dict[str, Any]:
    """One run: figures and seconds."""
    splits = {
        "train": pairs("train.jsonl.gz", given.train), "validation": pairs("val.jsonl", given.test),
        "test": pairs("test_2016_flickr.jsonl", given.test),
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        for name, rows in splits.items():
            lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
            (Path(folder) / f"{name}.jsonl").write_text("".join(lines), encoding="utf-8")
        used = recipe(given.base, Path(folder), given.epochs, given.minutes)
        started = time.perf_counter()
        run = api.tune(used, runs_dir=Path(folder) / "runs")
        seconds = time.perf_counter() - started
        sources = [row["en"] for row in splits["test"]]
        said = [answer["answer"] for answer in api.load(run).predict(sources)]
        perplexity = run.verdict()["metrics"]["perplexity"]["value"]
    true = [row["fr"] for row in splits["test"]]
    return {
        "recipe": {**used, "data": "multi30k"},
        "rows": {name: len(rows) for name, rows in splits.items()},
        "metrics": {**scores(said, true), "perplexity": round(perplexity, 2)},
        "copied": scores(sources, true),
        "seconds": round(seconds, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", default="luthier-t5", help="A base; JSON makes a new one.")
    parser.add_argument("--train", type=int, help="Pairs to train on; default: all.")
    parser.add_argument("--test", type=int, help="Pairs to test on; default: all.")
    parser.add_argument("--epochs", type=float, default=12, help="Passes over the pairs.")
    parser.add_argument("--minutes", type=float, help="Stop training after so many.")
    given = parser.parse_args()
    if given.base.startswith("{"):
        given.base = json.loads(given.base)
    result = measured(given)
    print(json.dumps({key: result[key] for key in ("metrics", "copied", "seconds")}, indent=1))
    keep("_".join(["translation", *filter(None, [str(given.train or "")])]), result)


if __name__ == "__main__":
    main()
