"""Time and memory of the whole default preparation, from ten thousand to a million rows.

The texts are made here, about 200 characters each, three quarters English and a quarter Chinese,
with the faults that preparation looks for: exact and near copies, markup, mojibake, personal data,
missing cells, several spellings of the classes. Each size runs in a process of its own, so that
its peak memory is its own.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.common import keep
from luthier.data.prepare import prepare
from luthier.recipe.schema import Data
from luthier.tasks.classify import Classify

CLASSES = {"positive": ("Positive", "pos", "positive "), "negative": ("negative", "NEGATIVE"),
           "neutral": ("neutral", "Neutral")}  # fmt: skip
STRESSED = {
    "positive": "excellent pleased prompt friendly comfortable reliable generous spotless",
    "negative": "broken delayed rude overpriced noisy useless filthy refused",
    "neutral": "scheduled delivered listed standard weekly regional printed described",
}
SYLLABLES = ("ba", "de", "fi", "go", "lu", "mer", "na", "po", "ran", "sil", "tor", "un", "ve",
             "wex", "yal", "zon", "chi", "dra", "ple", "stru")  # fmt: skip
HAN = (
    "天地人和春夏秋冬山水风雨日月星辰东西南北中国文字学习工作生活"
    "城市乡村道路车站商店饭馆朋友家庭老师学生"
)
FAULTS = (
    lambda text, _n: f"<p>{text}</p>",
    lambda text, _n: text.replace(" ", "&nbsp;", 1),
    lambda text, n: f"{text} mail office{n}@example.org",
    lambda text, n: f"{text} call +1 212 555 {n % 10_000:04d}",
    lambda text, _n: f"{text} itâ€™s here",
    lambda text, _n: f"{text}  https://example.org/page",
)


def texts(count: int, seed: int = 0) -> Iterator[tuple[str, str]]:
    """(text, label) rows."""
    choose = random.Random(seed)
    words = ["".join(choose.choices(SYLLABLES, k=choose.randint(1, 4))) for _ in range(30_000)]
    marked = {label: listed.split() for label, listed in STRESSED.items()}
    recent: list[tuple[str, str]] = []
    for number in range(count):
        draw = choose.random()
        if recent and draw < 0.03:
            text, label = choose.choice(recent)
            if draw > 0.015:
                text = text.replace(" ", f" {choose.choice(words)} ", 1)
        else:
            label = choose.choice(list(CLASSES))
            text = _chinese(choose) if draw > 0.75 else _english(choose, words, marked[label])
            if choose.random() < 0.05:
                text = choose.choice(FAULTS)(text, number)
        recent = [*recent[-999:], (text, label)] if number % 50 == 0 else recent
        spelt = choose.choice(CLASSES[label]) if choose.random() < 0.02 else label
        yield ("" if choose.random() < 0.002 else text, spelt)


def _english(choose: random.Random, words: list[str], marked: list[str]) -> str:
    body = choose.choices(words, k=choose.randint(10, 38)) + choose.sample(marked, 2)
    choose.shuffle(body)
    return " ".join(body).capitalize() + "."


def _chinese(choose: random.Random) -> str:
    return "，".join(
        "".join(choose.choices(HAN, k=choose.randint(6, 20))) for _ in range(choose.randint(6, 18))
    ) + "。"  # fmt: skip


def one(path: Path, workers: int) -> dict[str, Any]:
    """Prepare a file in this process; seconds by step and peak memory."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    marks: list[tuple[str, float]] = []
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        prepared = prepare(
            Data(train=str(path)), Classify().roles(), base_dir=path.parent,
            folder=Path(folder) / "out", workers=workers,
            progress=lambda step, _done: marks.append((step, time.perf_counter())),
        )  # fmt: skip
    ended = time.perf_counter()
    ends = [*(at for _, at in marks[1:]), ended]
    steps: dict[str, float] = {}
    for (name, begun), end in zip(marks, ends, strict=True):
        steps[name] = round(steps.get(name, 0) + end - begun, 2)
    return {
        "rows": prepared.card["rows_in"],
        "rows_out": prepared.card["rows_out"],
        "seconds": round(ended - started, 1),
        "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "imports_mib": round(before),
        "steps": steps,
        "hash": prepared.hash,
        "operators": {k: v for k, v in prepared.card["operators"].items() if any(v.values())},
    }


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    arguments.add_argument("--workers", type=int, default=2)
    arguments.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    options = arguments.parse_args()
    if options.one:
        print(json.dumps(one(options.one, options.workers)))
        return
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for size in options.sizes:
            path = Path(folder) / f"{size}.csv"
            with path.open("w", encoding="utf-8", newline="") as file:
                writer = csv.writer(file)
                writer.writerow(("text", "label"))
                writer.writerows(texts(size))
            command = [sys.executable, "-m", "benchmarks.prepare_scale", "--one", str(path)]
            done = subprocess.run(
                [*command, "--workers", str(options.workers)],
                check=True, stdout=subprocess.PIPE, text=True, env=_without_cache(),
            )  # fmt: skip
            results.append({"megabytes": round(path.stat().st_size / 1e6, 1)})
            results[-1] |= json.loads(done.stdout)
            print(size, results[-1]["seconds"], "s", results[-1]["peak_mib"], "MiB", flush=True)
            print("  ", results[-1]["steps"], flush=True)
    keep("prepare_scale", {"workers": options.workers, "sizes": results})


def _without_cache() -> dict[str, str]:
    return {**os.environ, "LUTHIER_CACHE": "off"}


if __name__ == "__main__":
    main()
