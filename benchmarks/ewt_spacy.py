"""The peer of ``ewt_multitask``: spaCy's pipeline of tagger, parser and entities on the same rows.

Its settings are those that ``spacy init config --optimize accuracy`` gives for a processor, one
network under the three components, dropout and patience included; without word vectors, which no
package holds. Dev picks the weights. The figures are computed by the same code as ours, relations
without their subtypes.

    python -m benchmarks.ewt_spacy [--rows N] [--steps 20000]

It takes most of a day of one core. Ctrl-C ends the training, and the best network so far is
measured.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import spacy
from spacy.cli.init_config import init_config
from spacy.cli.train import train
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from benchmarks.common import data_folder, keep, rows_of
from luthier.metrics import Tagged, Tree, measure_dependencies, measure_entities, measure_tags
from luthier.metrics.entities import mentions

Row = dict[str, Any]


def document(row: Row, vocab: Vocab) -> Doc:
    """A sentence as spaCy takes it; its tagger learns the universal part of speech."""
    return Doc(
        vocab,
        words=row["tokens"],
        tags=row["upos"],
        heads=[head - 1 if head else place for place, head in enumerate(row["head"])],
        deps=["ROOT" if deprel == "root" else deprel for deprel in row["deprel"]],
        ents=row["ner"],
    )  # fmt: skip


def unread(row: Row, vocab: Vocab) -> Doc:
    """Its words alone. That they are one sentence is said, as our parser is told."""
    starts: list[bool | int | None] = [place == 0 for place in range(len(row["tokens"]))]
    return Doc(vocab, words=row["tokens"], sent_starts=starts)


def settings(folder: Path, steps: int) -> Path:
    config = init_config(
        lang="en", pipeline=["tagger", "parser", "ner"], optimize="accuracy", silent=True
    )
    config["paths"] |= {"vectors": None} | {
        name: str(folder / f"{name}.spacy") for name in ("train", "dev")
    }
    config["components"]["tok2vec"]["model"]["embed"]["include_static_vectors"] = False
    config["training"]["max_steps"] = steps
    path = folder / "config.cfg"
    config.to_disk(path)
    return path


def read_tree(doc: Doc) -> Tree:
    heads = [0 if token.head.i == token.i else token.head.i + 1 for token in doc]
    deprels = ["root" if token.dep_ == "ROOT" else token.dep_ for token in doc]
    return Tree(heads, deprels, sure(doc))


def read_entities(doc: Doc) -> list[str]:
    kinds = ((token.ent_iob_, token.ent_type_) for token in doc)
    return [f"{place}-{kind}" if kind else "O" for place, kind in kinds]


def sure(doc: Doc) -> list[float]:
    """It says no probabilities."""
    return [1.0] * len(doc)


def figures(rows: list[Row], answers: list[Doc]) -> dict[str, float]:
    """The metrics that ``ewt_multitask`` compares."""
    tags = [Tagged([token.tag_ for token in doc], sure(doc)) for doc in answers]
    entities = [
        Tagged(tags, sure(doc), [1.0] * len(mentions(tags)))
        for doc, tags in ((doc, read_entities(doc)) for doc in answers)
    ]
    truth = [Tree(row["head"], row["deprel"]) for row in rows]
    pos = measure_tags([row["upos"] for row in rows], tags, resamples=0)
    ner = measure_entities([row["ner"] for row in rows], entities, resamples=0)
    parse = measure_dependencies(truth, [read_tree(doc) for doc in answers], resamples=0)
    return {
        "pos/accuracy": pos.metrics["accuracy"].value,
        "ner/f1": ner.metrics["f1"].value,
        "parse/uas": parse.metrics["uas"].value,
        "parse/las": parse.metrics["las"].value,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, help="sentences to train on; default: all")
    parser.add_argument("--steps", type=int, default=20_000, help="at most; it has patience")
    asked = parser.parse_args()
    data = data_folder("ewt_multitask")
    test = rows_of(data / "test.jsonl")
    with tempfile.TemporaryDirectory() as name:
        folder, vocab = Path(name), Vocab()
        for part, file in (("train", "train.jsonl.gz"), ("dev", "dev.jsonl")):
            rows = rows_of(data / file, asked.rows if part == "train" else None)
            DocBin(docs=[document(row, vocab) for row in rows]).to_disk(folder / f"{part}.spacy")
        before = time.process_time()
        stopped = False
        try:
            train(settings(folder, asked.steps), folder / "out")
        except KeyboardInterrupt:
            stopped = True
        trained = time.process_time() - before
        network = spacy.load(folder / "out" / "model-best")
        answers = list(network.pipe(unread(row, network.vocab) for row in test))
        config = (folder / "config.cfg").read_text(encoding="utf-8").replace(name, "")
    found = figures(test, answers)
    print(found, f"{trained:.0f} s")
    keep(
        "ewt_spacy" if asked.rows is None else f"ewt_spacy_{asked.rows}",
        {
            "spacy": version("spacy"),
            "figures": found,
            "processor_seconds": round(trained, 1),
            "stopped": stopped,
            "sentences": len(test),
            "config": config,
        },
    )


if __name__ == "__main__":
    main()
