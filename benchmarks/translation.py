"""Translation: captions from English into French, Multi30k (Elliott et al. 2016, 2017).

``bases/luthier-translate.yaml``, which begins with random weights, on its 29,000 pairs; the test is
``test_2016_flickr``. BLEU is sacreBLEU's (13a), stated with and without regard to case, each with
its interval. The aim is 45 on two cores in an hour. Text-only Transformers of the literature reach
about 62 there (Wu et al. 2021: 61.8, lower-cased and with a vocabulary of both languages).

    python -m benchmarks.translation [--base NAME] [--train 2000] [--test 200] [--minutes 50]
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from benchmarks.common import data_folder, keep, rows_of
from luthier import api
from luthier.metrics import Wanted, Written, measure_writing

RECIPE = Path(__file__).parent / "bases" / "luthier-translate.yaml"


def recipe(given: argparse.Namespace) -> dict[str, Any]:
    """The shipped translator's, with what the command line changes."""
    values: dict[str, Any] = YAML(typ="safe").load(RECIPE.read_text(encoding="utf-8"))
    if given.base:
        values["base"] = given.base
    if given.minutes:
        values["training"]["max_minutes"] = given.minutes
    for split, most in (("train", given.train), ("validation", given.test), ("test", given.test)):
        values["data"][split] += f"[:{most}]" if most else ""
    return values


def placed(values: dict[str, Any]) -> dict[str, Any]:
    """The same with the data where it lies here."""
    text = json.dumps(values)
    moved: dict[str, Any] = json.loads(
        text.replace("corpora/", f"{data_folder('multi30k').parent}/")
    )
    return moved


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


def captions(values: dict[str, Any], most: int | None) -> tuple[list[str], list[str]]:
    """English and French of the test."""
    file = Path(placed(values)["data"]["test"].partition("[")[0])
    rows = rows_of(file, most)
    return [row["en"] for row in rows], [row["fr"] for row in rows]


def measured(given: argparse.Namespace) -> dict[str, Any]:
    """One run: figures and seconds."""
    values = recipe(given)
    sources, true = captions(values, given.test)
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        run = api.tune(placed(values), runs_dir=given.runs_dir or folder)
        seconds = time.perf_counter() - started
        said = [answer["answer"] for answer in api.load(run).predict(sources)]
        report = json.loads(next(run.path.glob("stages/*/report.json")).read_text("utf-8"))
        perplexity = run.verdict()["metrics"]["perplexity"]["value"]
    return {
        "recipe": values,
        "rows": report["data"]["rows"],
        "parameters": report["parameters"]["total"],
        "epochs": round(report["training"]["epochs"], 2),
        "metrics": {**scores(said, true), "perplexity": round(perplexity, 2)},
        "copied": scores(sources, true),
        "seconds": round(seconds, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", help="Another base; default: random weights.")
    parser.add_argument("--train", type=int, help="Pairs to train on; default: all.")
    parser.add_argument("--test", type=int, help="Pairs to test on; default: all.")
    parser.add_argument("--minutes", type=float, help="Minutes to train, instead of the recipe's.")
    parser.add_argument("--runs-dir", type=Path, help="Keep the run in this folder.")
    given = parser.parse_args()
    result = measured(given)
    print(json.dumps({key: result[key] for key in ("metrics", "copied", "seconds")}, indent=1))
    keep("_".join(["translation", *filter(None, [str(given.train or "")])]), result)


if __name__ == "__main__":
    main()
