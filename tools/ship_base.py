"""Make a base that ships with the package of a pre-training run.

    python tools/ship_base.py RUN NAME

writes ``src/luthier/models/shipped/NAME``: weights rounded to bf16, in pieces that a repository
takes, tokenizer, card, recipe and log. What the card says was measured is measured again on the
rounded weights.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import torch
from ruamel.yaml import YAML

from luthier.core.files import read_json, write_folder_atomic
from luthier.data.prepared import Prepared
from luthier.evaluation.evaluate import measure_rows
from luthier.evaluation.predictor import Predictor
from luthier.models.bases import NEW, SHIPPED
from luthier.models.kernels.logits import compute_logits
from luthier.models.load import set_dropout
from luthier.recipe.load import load_recipe
from luthier.recipe.new import NewBase
from luthier.runs import Run

SOURCES = Path(__file__).parents[1] / "benchmarks" / "bases" / "sources.yaml"
SHARD = "8MB"
OWN = "Apache-2.0"
"""Licence of what the project made itself."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("name")
    parser.add_argument("--dropout", type=float, default=0.1, help="for who tunes the base")
    parser.add_argument("--to", type=Path, default=SHIPPED)
    parser.add_argument("--recipe", type=Path, help="the same with places that others have too")
    given = parser.parse_args()
    ship(Run(given.run), given.name, given.dropout, given.to, given.recipe)


def ship(
    run: Run, name: str, dropout: float, to: Path = SHIPPED, recipe: Path | None = None
) -> Path:
    predictor = Predictor.load(run.model)
    network = predictor.model.core
    rounded = {key: value.bfloat16().float() for key, value in network.state_dict().items()}
    network.load_state_dict(rounded)
    (stage,) = load_recipe(run.path / "resolved.yaml").recipe.stages
    (folder,) = (run.path / "stages").iterdir()
    rows = Prepared.load(folder / "data").splits["test"]
    measures, _ = measure_rows(predictor.model, predictor.task, rows, stage.evaluation)
    facts = _facts(run, folder) | {"begins": _begins(stage.base)}
    text = _card(name, facts, measures.to_json()["metrics"], network.num_parameters())

    def fill(place: Path) -> None:
        compute_logits(network)
        set_dropout(network.config, dropout)
        network.to(torch.bfloat16).save_pretrained(place, max_shard_size=SHARD)
        predictor.model.processor.save_pretrained(place)
        (place / "README.md").write_text(text, encoding="utf-8")
        written = (recipe or run.path / "recipe.yaml").read_text(encoding="utf-8")
        (place / "recipe.yaml").write_text(written, encoding="utf-8")
        (place / "log.jsonl").write_text(_log(run), encoding="utf-8")

    write_folder_atomic(to / name, fill)
    return to / name


def _facts(run: Run, folder: Path) -> dict[str, Any]:
    """What the run's files say of the training."""
    report = read_json(folder / "report.json")
    steps = {e["step"]: e for e in run.events() if e["event"] == "Stepped"}
    known = YAML(typ="safe").load(SOURCES.read_text(encoding="utf-8"))
    sources = [entry["source"] for entry in report["data"]["sources"]]
    return {
        "task": report["task"],
        "tokens": sum(step["tokens"] for step in steps.values()),
        "steps": len(steps),
        "epochs": report["training"]["epochs"],
        "hours": report["training"]["seconds"] / 3600,
        "machine": report["environment"].get("name", ""),
        "sources": [
            {**entry, "rows": found["rows"], "split": found["split"]}
            for entry in known
            for source, found in zip(sources, report["data"]["sources"], strict=True)
            if entry["folder"] in source
        ],
    }


def _begins(base: str | NewBase) -> str:
    weights = base.new.weights if isinstance(base, NewBase) else base
    named = weights and not weights.startswith(NEW)
    return f"the weights of {weights}" if named else "random weights"


def _card(name: str, facts: dict[str, Any], metrics: dict[str, Any], parameters: int) -> str:
    rows = "\n".join(
        f"| {one['title']} | {one['split']} | {one['rows']:,} {one['unit']} | {one['licence']} |"
        for one in facts["sources"]
    )
    languages = sorted({language for one in facts["sources"] for language in one["languages"]})
    task, licence = facts["task"], _licence(facts["sources"])
    return f"""---
library_name: transformers
license: {licence}
language: [{", ".join(languages)}]
tags: [luthier, {task["kind"]}]
---

# {name}

A base of {parameters / 1e6:.1f} million parameters that Luthier trained from
{facts["begins"]}. It is small and was trained for a short time: it is there so that tuning works at
once and offline, not to be used as it is. `recipe.yaml` says the whole run and `log.jsonl` how it
went.

- Learned: {_learned(task)}
- Seen: {facts["tokens"]:,} {_unit(task)} in {facts["steps"]:,} steps ({facts["epochs"]:.2f} passes)
- Time: {facts["hours"]:.2f} hours on {facts["machine"]}
- Held-out rows, with the rounded weights that are here: {_worth(metrics)}

## Data

| corpus | for | taken | licence |
| --- | --- | --- | --- |
{rows}

{_rights(licence)}

## Limits

{_limits(task)}
Needs transformers 5 or later.
"""


def _licence(sources: list[dict[str, Any]]) -> str:
    """The project's own, where it made all that was seen."""
    return OWN.lower() if {one["licence"] for one in sources} == {OWN} else "other"


def _rights(licence: str) -> str:
    if licence != "other":
        return "The pictures and the weights are the project's own."
    return (
        "The weights are under these licences as far as they hold what the corpora's authors wrote."
    )


def _unit(task: dict[str, Any]) -> str:
    return "pictures" if task["kind"] == "image" else "tokens"


def _limits(task: dict[str, Any]) -> str:
    if task["kind"] == "image":
        return "It has never seen a photo: it knows colours, outlines and textures, and no thing."
    return (
        "It repeats what the corpora say, their errors and prejudices included, and knows nothing "
        "for sure."
    )


def _learned(task: dict[str, Any]) -> str:
    if task["kind"] == "generate":
        return f"to write the one text of a pair from the other, put as `{task['template']}`"
    if task["kind"] == "image":
        return "which kind of thing a picture shows"
    return f"objective `{task['objective']}`"


def _worth(metrics: dict[str, Any]) -> str:
    """The figures that tell most, with their intervals."""
    forms = {
        "accuracy": "accuracy {:.3f}", "bits_per_byte": "{:.3f} bits per byte",
        "bleu": "BLEU {:.3f}", "chrf": "chrF {:.1f}",
    }  # fmt: skip
    told = [
        f"{form.format(metrics[key]['value'])} ({metrics[key]['low']:.3f} to "
        f"{metrics[key]['high']:.3f})"
        for key, form in forms.items()
        if key in metrics
    ]
    if "perplexity" in metrics:
        told.append(f"perplexity {metrics['perplexity']['value']:.1f}")
    return ", ".join(told)


def _log(run: Run) -> str:
    """Every evaluation, and of the steps each hundredth, once."""
    kept: dict[tuple[str, int], dict[str, Any]] = {}
    for event in run.events():
        if event["event"] == "Evaluated" or event["step"] % 100 == 0:
            kept[event["event"], event["step"]] = event
    return "".join(json.dumps(event) + "\n" for event in kept.values())


if __name__ == "__main__":
    main()
