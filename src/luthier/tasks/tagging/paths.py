"""The best tags of a sentence of those that a scheme allows, and how likely they are.

Tags of words are as likely as the network says, and independent but for what the scheme forbids.
So the best sequence (Viterbi 1967) and the chance of a tag, or of an entity, among all sequences
that are allowed (forward-backward, Rabiner 1989) are exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from luthier.data.schemes import Scheme, continues, may_follow
from luthier.metrics.entities import OUTSIDE, Tagged, mentions
from luthier.metrics.intervals import Floats, Ints

LEAST = 1e-60
"""Chances are kept this far from 0, so that a sentence that nothing fits has tags all the same."""


@dataclass(frozen=True)
class Rules:
    """What a scheme allows, for tags by number."""

    labels: tuple[str, ...]
    first: Floats
    """(tags,) 1 where a tag may begin a sentence."""
    follows: Floats
    """(tags, tags) 1 where the second may stand behind the first."""
    last: Floats
    """(tags,) 1 where a tag may end one."""
    apart: Floats
    """(tags, tags) as ``follows``, 0 where the two would be of one entity."""

    @classmethod
    def of(cls, labels: Sequence[str], scheme: Scheme | None) -> Rules:
        """Those of a scheme; None: everything is allowed."""

        def allowed(before: str, after: str) -> bool:
            return scheme is None or may_follow(before, after, scheme)

        follows = np.array([[allowed(a, b) for b in labels] for a in labels], dtype=np.float64)
        one = np.array([[bool(scheme) and continues(a, b) for b in labels] for a in labels])
        return cls(
            tuple(labels),
            np.array([allowed(OUTSIDE, b) for b in labels], dtype=np.float64),
            follows,
            np.array([allowed(a, OUTSIDE) for a in labels], dtype=np.float64),
            follows * ~one,
        )

    @property
    def free(self) -> bool:
        """Whether everything is allowed."""
        return bool(self.first.all() and self.follows.all() and self.last.all())


def best_path(scores: Floats, rules: Rules) -> Ints:
    """The allowed tags with the highest sum of scores (words, tags): (words,)."""
    path: Ints = scores.argmax(1)
    if rules.free or _is_allowed(path, rules):
        return path
    with np.errstate(divide="ignore"):
        first, follows, last = np.log(rules.first), np.log(rules.follows), np.log(rules.last)
    best = scores[0] + first
    back = np.zeros(scores.shape, dtype=np.int64)
    for word in range(1, len(scores)):
        reached = best[:, None] + follows
        back[word] = reached.argmax(0)
        best = reached.max(0) + scores[word]
    path[-1] = (best + last).argmax()
    for word in range(len(scores) - 1, 0, -1):
        path[word - 1] = back[word, path[word]]
    return path


def _is_allowed(path: Ints, rules: Rules) -> bool:
    within = rules.follows[path[:-1], path[1:]].all()
    return bool(within and rules.first[path[0]] and rules.last[path[-1]])


def tagged(chances: Floats, rules: Rules, *, entities: bool) -> Tagged:
    """The best tags of a sentence, with the chance of each and of each entity.

    Args:
        chances: (words, tags) of each word by itself.
        rules: Of the scheme.
        entities: Whether tags mark any.
    """
    if not len(chances):
        return Tagged([])
    if not np.isfinite(chances).all():
        # Nothing can be said of it; measuring tells that training diverged.
        return Tagged([rules.labels[0]] * len(chances), [float("nan")] * len(chances))
    chances = chances.clip(LEAST)
    path = best_path(np.log(chances), rules)
    tags = [rules.labels[tag] for tag in path]
    sums = _Sums.of(chances, rules)
    words = np.arange(len(path))
    probabilities = (sums.before * sums.after)[words, path].tolist()
    if not entities:
        return Tagged(tags, probabilities)
    found = mentions(tags)
    return Tagged(tags, probabilities, [sums.chance(path, start, end) for start, end, _ in found])


@dataclass(frozen=True)
class _Sums:
    """Sums over all allowed sequences, scaled word by word."""

    rules: Rules
    steps: Floats
    """(words, tags): the chances, each word's divided by its scale."""
    before: Floats
    """(words, tags): of what comes up to a word that has a tag."""
    after: Floats
    """(words, tags): of what comes behind it; with ``before`` multiplied, a tag's chance."""

    @classmethod
    def of(cls, chances: Floats, rules: Rules) -> _Sums:
        steps, before, after = chances.copy(), np.empty_like(chances), np.empty_like(chances)
        reached = rules.first
        for word, own in enumerate(chances):
            scale = (reached * own).sum()
            steps[word] = own / scale
            before[word] = reached * steps[word]
            reached = before[word] @ rules.follows
        total = before[-1] @ rules.last
        after[-1] = rules.last / total
        for word in range(len(chances) - 2, -1, -1):
            after[word] = rules.follows @ (steps[word + 1] * after[word + 1])
        return cls(rules, steps, before, after)

    def chance(self, path: Ints, start: int, end: int) -> float:
        """Of an entity from one word to the one behind its last, and no longer one."""
        tag, last = path[start], path[end - 1]
        value = self.steps[start, tag] * self.rules.first[tag]
        if start:
            value = self.steps[start, tag] * (self.before[start - 1] @ self.rules.apart[:, tag])
        for word in range(start + 1, end):
            value *= self.steps[word, path[word]]
        if end == len(path):
            return float(value * self.after[-1, last])
        behind = self.steps[end] * self.after[end]
        return float(value * (self.rules.apart[last] @ behind))
