"""Trees as people and other tools read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from luthier.data.formats.trees import NONE, Conllu
from luthier.metrics import Tree
from luthier.tasks.about import About

USAGE = (
    "# The parser needs luthier:\n"
    "import luthier\n"
    'parser = luthier.load("model")\n'
    'print(parser.predict(["..."])[0]["conllu"])\n\n'
)
ENCODER = (
    "# The tuned base alone does not:\n"
    "from transformers import AutoModel\n"
    'encoder = AutoModel.from_pretrained("model")'
)
ADAPTED = "# Neither transformers nor peft has a class for the whole."


def about() -> About:
    """What people are told of a parser."""
    return About(
        {"en": "dependency parser", "zh": "依存句法分析模型"},
        "token-classification",
        USAGE + ENCODER,
        USAGE + ADAPTED,
    )


def answer(words: Sequence[str], tree: Tree) -> dict[str, Any]:
    """A tree in CoNLL-U, and word for word; words of which nothing is said have null."""
    known = [head >= 0 for head in tree.heads]
    heads = [head if said else None for head, said in zip(tree.heads, known, strict=True)]
    deprels = [deprel if said else None for deprel, said in zip(tree.deprels, known, strict=True)]
    columns = (words, heads, deprels, tree.probabilities)
    return {
        "conllu": _conllu(words, heads, deprels) if words else "",
        "words": [
            {"id": n, "token": word, "head": head, "deprel": deprel, "probability": chance}
            for n, (word, head, deprel, chance) in enumerate(zip(*columns, strict=True), 1)
        ],
    }


def _conllu(words: Sequence[str], heads: Sequence[Any], deprels: Sequence[Any]) -> str:
    written = Conllu().write_row({
        "tokens": [" ".join(word.split()) or NONE for word in words], "tags": None,
        "heads": [NONE if head is None else head for head in heads],
        "deprels": [deprel or NONE for deprel in deprels],
    })  # fmt: skip
    assert written is not None
    return Conllu().as_text(written)


def worst(words: Sequence[str], truth: Tree, tree: Tree) -> dict[str, Any] | None:
    """The wrong word with the most certainty behind it; None where all are right."""
    pairs = list(zip(truth.heads, truth.deprels, tree.heads, tree.deprels, strict=True))
    wrong = [n for n, (head, deprel, *said) in enumerate(pairs) if [head, deprel] != said]
    if not wrong:
        return None
    place = max(wrong, key=lambda n: tree.probabilities[n])
    head, deprel, said_head, said_deprel = pairs[place]
    return {
        "text": " ".join(words),
        "true": _arc(words, place, head, deprel),
        "predicted": _arc(words, place, said_head, said_deprel),
        "probability": tree.probabilities[place],
    }


def _arc(words: Sequence[str], place: int, head: int, deprel: str) -> str:
    """As the Stanford dependencies are written: ``nsubj(sleeps-3, cat-2)``."""
    above = {0: "ROOT", -1: "?"}.get(head) or f"{words[head - 1]}-{head}"
    return f"{deprel}({above}, {words[place]}-{place + 1})"
