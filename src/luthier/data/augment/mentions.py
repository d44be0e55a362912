"""Mentions of entities replaced by others of their type (Dai and Adel 2020)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from random import Random

from luthier.metrics.entities import mentions

Pool = Mapping[str, Sequence[tuple[str, ...]]]
"""Type of entity to its mentions, each a tuple of tokens."""


def mention_pool(rows: Iterable[tuple[Sequence[str], Sequence[str]]]) -> Pool:
    """Every mention of every type, each once, sorted.

    Args:
        rows: Tokens and as many tags.
    """
    pool: dict[str, set[tuple[str, ...]]] = {}
    for tokens, tags in rows:
        for start, end, kind in mentions(tags):
            pool.setdefault(kind, set()).add(tuple(tokens[start:end]))
    return {kind: sorted(known) for kind, known in sorted(pool.items())}


def replace_mentions(
    tokens: Sequence[str], tags: Sequence[str], pool: Pool, random: Random, strength: float
) -> tuple[list[str], list[str]]:
    """Tokens and tags with some mentions replaced by others of their type.

    Args:
        tokens: Words.
        tags: As many, in the scheme of :func:`~luthier.metrics.entities.mentions`.
        pool: From :func:`mention_pool`.
        random: What chance decides with.
        strength: Share of the mentions; at least one.
    """
    words, marks = list(tokens), list(tags)
    found = mentions(tags)
    count = min(len(found), max(1, round(strength * len(found))))
    for start, end, kind in sorted(random.sample(found, count), reverse=True):
        others = [other for other in pool.get(kind, ()) if other != tuple(words[start:end])]
        if others:
            other = random.choice(others)
            marks[start:end] = _tags_like(tags[start:end], kind, len(other))
            words[start:end] = other
    return words, marks


def _tags_like(old: Sequence[str], kind: str, count: int) -> list[str]:
    """Tags of a mention of so many tokens that begins and ends as the old one's scheme has it."""
    first, last = old[0][0], old[-1][0]
    if first in ("S", "U") or last in ("E", "L"):
        single, end = ("U", "L") if first == "U" or last == "L" else ("S", "E")
        letters = [single] if count == 1 else ["B", *"I" * (count - 2), end]
    else:
        letters = [first, *"I" * (count - 1)]
    return [f"{letter}-{kind}" if "-" in old[0] else letter for letter in letters]
