"""Tags and entities as people read them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from luthier.data.words import Place
from luthier.metrics import Mention, Tagged, mentions
from luthier.tasks.about import About

PIPELINE = (
    "from transformers import pipeline\n"
    'tag = pipeline("token-classification", model="model", aggregation_strategy="first")\n'
    'print(tag("..."))'
)
ADAPTED = (
    "from peft import AutoPeftModelForTokenClassification\n"
    'model = AutoPeftModelForTokenClassification.from_pretrained("model", num_labels={count})'
)


def about(labels: Sequence[str], *, entities: bool) -> About:
    """What people are told of a tagger.

    Args:
        labels: Its tags.
        entities: Whether they mark entities.
    """
    noun = {"en": "part-of-speech tagger", "zh": "词性标注模型"}
    if entities:
        noun = {"en": "named-entity recogniser", "zh": "命名实体识别模型"}
    return About(noun, "token-classification", PIPELINE, ADAPTED.format(count=len(labels)))


def words(said: Sequence[str], places: Sequence[Place], tags: Tagged) -> list[dict[str, Any]]:
    """Every word with its tag."""
    columns = zip(said, tags.tags, tags.probabilities, places, strict=True)
    return [
        {"token": word, "tag": tag, "probability": chance, "start": start, "end": end}
        for word, tag, chance, (start, end) in columns
    ]


def entities(text: str, places: Sequence[Place], tags: Tagged) -> list[dict[str, Any]]:
    """Every entity with its characters."""
    found = []
    for (first, end, kind), chance in zip(mentions(tags.tags), tags.mentioned, strict=True):
        start, stop = places[first][0], places[end - 1][1]
        found.append(
            {
                "type": kind, "text": text[start:stop],
                "start": start, "end": stop, "probability": chance,
            }
        )  # fmt: skip
    return found


def marked(text: str, places: Sequence[Place], tags: Tagged) -> str:
    """The text with its entities in brackets: ``[PER Ada Lovelace] wrote to [ORG ...]``."""
    parts, done = [], 0
    for one in entities(text, places, tags):
        parts += [text[done : one["start"]], f"[{one['type']} {one['text']}]"]
        done = one["end"]
    return "".join([*parts, text[done:]])


def worst_word(
    text: str, said: Sequence[str], truth: Sequence[str], tags: Tagged
) -> dict[str, Any] | None:
    """The wrong word with the most certainty behind it; None where all are right."""
    wrong = [n for n, (a, b) in enumerate(zip(truth, tags.tags, strict=True)) if a != b]
    if not wrong:
        return None
    place = max(wrong, key=lambda n: tags.probabilities[n])
    return {
        "text": text,
        "true": f"{said[place]}/{truth[place]}",
        "predicted": f"{said[place]}/{tags.tags[place]}",
        "probability": tags.probabilities[place],
    }


def worst_entity(
    text: str, places: Sequence[Place], truth: Sequence[str], tags: Tagged
) -> dict[str, Any] | None:
    """The wrong or missed entity with the most certainty behind it; None where all are right.

    An entity is missed with the least certainty of its words.
    """
    true, given = mentions(truth), mentions(tags.tags)
    wrong = [
        (chance, [m for m in true if _meet(m, one)], [one])
        for one, chance in zip(given, tags.mentioned, strict=True)
        if one not in true
    ]
    missed = [
        (min(tags.probabilities[one[0] : one[1]]), [one], list[Mention]())
        for one in true
        if not any(_meet(one, other) for other in given)
    ]
    if not wrong and not missed:
        return None
    chance, was, said = max([*wrong, *missed], key=lambda found: found[0])
    return {
        "text": text,
        "true": _named(text, places, was),
        "predicted": _named(text, places, said),
        "probability": chance,
    }


def surest(found: Iterable[dict[str, Any] | None], count: int) -> list[dict[str, Any]]:
    """So many of the mistakes, those with the most certainty first."""
    wrong = [mistake for mistake in found if mistake is not None]
    return sorted(wrong, key=lambda mistake: -mistake["probability"])[:count]


def _meet(one: Mention, other: Mention) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _named(text: str, places: Sequence[Place], found: Iterable[Mention]) -> str:
    """``[PER Ada Lovelace]`` of each; ``-`` where there are none."""
    names = [f"[{kind} {text[places[a][0] : places[b - 1][1]]}]" for a, b, kind in found]
    return " ".join(names) or "-"
