"""Schemes in which tags of words mark entities: which one it is, and how it is written.

``IO`` marks the words of entities (``I-PER``), ``BIO`` also where one begins (``B-PER``), and
``BIOES`` also where one ends (``E-PER``) and those of one word (``S-PER``). BILOU and BMES are
BIOES with other letters, IOB1 is BIO that writes ``B`` only where one entity follows another.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Literal

from luthier.core.errors import DataError
from luthier.metrics.entities import OUTSIDE, UNTYPED, Mention, mentions

Scheme = Literal["IO", "BIO", "BIOES"]

LETTERS: dict[Scheme, str] = {"IO": "I", "BIO": "BI", "BIOES": "BIES"}

MARK = re.compile(r"O|[BIESLUM](?:-.+)?", re.DOTALL)
NESTED = re.compile(r"[BIESLUM]-[^\s|,;+/]+[\s|,;+/'\"]+[BIESLUM]-")
"""Two tags in one, as some write entities inside others: ``B-ORG|B-LOC``."""

_SAME = {"L": "E", "U": "S", "M": "I"}


def detect(tags: Iterable[str]) -> Scheme | None:
    """The scheme of tags; None where they mark no entities, as those of parts of speech.

    Args:
        tags: Different ones, of any sentences.
    """
    known = {tag for tag in tags if tag != OUTSIDE}
    if not known or not all(MARK.fullmatch(tag) for tag in known):
        return None
    letters = {tag[0] for tag in known}
    if letters == {"I"}:
        return "IO"
    return "BIO" if letters <= {"B", "I"} else "BIOES"


def check_flat(tags: Iterable[str], where: str | None = None) -> None:
    """Refuse tags of entities inside others.

    Raises:
        DataError: With the first such tag.
    """
    nested = next((tag for tag in tags if NESTED.search(tag)), None)
    if nested is not None:
        raise DataError(
            "The tag '{tag}' is of entities inside one another; a word can have one tag only.",
            where=where,
            hint="Keep the outer entities, or tag each layer in a column and a model of its own.",
            tag=nested,
        )


def canonical(tags: Sequence[str], scheme: Scheme | None) -> list[str]:
    """Tags of one sentence in a scheme, whatever scheme they are in and however they break it.

    Tags that are types alone, as ``PER``, are taken as inside an entity.

    Args:
        tags: Of its words.
        scheme: None: tags stay as they are.
    """
    if scheme is None:
        return list(tags)
    marks = [tag if MARK.fullmatch(tag) else f"I-{tag}" for tag in tags]
    return spell(mentions(marks), len(tags), scheme)


def spell(found: Iterable[Mention], count: int, scheme: Scheme) -> list[str]:
    """The tags of so many words that mark these entities."""
    tags = [OUTSIDE] * count
    for start, end, kind in found:
        letters = ["I"] * (end - start)
        if scheme != "IO":
            letters[0] = "B"
        if scheme == "BIOES":
            letters[-1] = "E" if len(letters) > 1 else "S"
        tags[start:end] = [_tag(letter, kind) for letter in letters]
    return tags


def tags_of(kinds: Iterable[str], scheme: Scheme) -> list[str]:
    """All tags of a scheme for entities of these types, ``O`` first."""
    return [OUTSIDE, *(_tag(letter, kind) for kind in kinds for letter in LETTERS[scheme])]


def breaks(tags: Sequence[str], scheme: Scheme) -> bool:
    """Whether the tags of a sentence break their scheme."""
    marks = [OUTSIDE, *(_SAME.get(tag[0], tag[0]) + tag[1:] for tag in tags), OUTSIDE]
    return not all(may_follow(before, after, scheme) for before, after in pairwise(marks))


def may_follow(before: str, after: str, scheme: Scheme) -> bool:
    """Whether a scheme lets one tag stand behind another; ``O`` is also before and after all."""
    open_ = before[0] == "B" or (before[0] == "I" and scheme == "BIOES")
    if scheme == "BIOES":
        return (after[0] in "IE" and before[1:] == after[1:]) if open_ else after[0] in "OBS"
    if scheme == "BIO" and after[0] == "I":
        return before[0] in "BI" and before[1:] == after[1:]
    return True


def continues(before: str, after: str) -> bool:
    """Whether two tags that stand side by side are of one entity."""
    return before[0] in "BI" and after[0] in "IE" and before[1:] == after[1:]


def _tag(letter: str, kind: str) -> str:
    return letter if kind == UNTYPED else f"{letter}-{kind}"
