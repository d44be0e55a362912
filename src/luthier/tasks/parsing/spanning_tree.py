"""The best tree over words, exactly: Chu and Liu (1965), Edmonds (1967), one root."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from luthier.metrics.intervals import Floats, Ints


def best_tree(scores: Floats) -> Ints:
    """The heads of the tree with the highest sum of scores in which one word hangs on the root.

    What takes each word's best head is the answer where it is such a tree, as it mostly is.

    Args:
        scores: (words, 1 + words), finite but for a word as its own head, which does not count:
            how well each head fits each word; head 0 is the root.

    Returns:
        (words,) heads, counted from 1; 0 is the root.
    """
    count = len(scores)
    square = np.full((1 + count, 1 + count), -np.inf)
    square[1:] = scores
    np.fill_diagonal(square, -np.inf)
    heads = _greedy(square)
    if (heads[1:] == 0).sum() == 1 and not len(_cycle(heads)):
        return heads[1:]
    return _spanning(_one_root(square))[1:]


def _one_root(scores: Floats) -> Floats:
    """The scores with such a price on hanging on the root that the best tree pays it once.

    A second word on the root costs more than all other heads can make good (Stanojevic and
    Cohen 2021).
    """
    finite = scores[np.isfinite(scores)]
    priced = scores.copy()
    priced[1:, 0] -= 1 + len(scores) * (finite.max() - finite.min()) if len(finite) else 0
    return priced


def _greedy(scores: Floats) -> Ints:
    """The best head of each node, whatever they come to together; the root is its own."""
    heads: Ints = scores.argmax(1)
    heads[0] = 0
    return heads


def _cycle(heads: Ints) -> Ints:
    """The nodes of one cycle, or none where every node leads to the root."""
    reached = heads
    for _ in range(len(heads).bit_length()):
        reached = reached[reached]
    lost = np.flatnonzero(reached)
    if not len(lost):
        return lost
    # So many steps up from a node that never meets the root is a node of a cycle.
    found = [int(reached[lost[0]])]
    while heads[found[-1]] != found[0]:
        found.append(int(heads[found[-1]]))
    return np.array(found, dtype=np.int64)


@dataclass(frozen=True)
class _Contraction:
    """A cycle made one node, the last of those that are left."""

    heads: Ints
    """Best heads before it."""
    cycle: Ints
    rest: Ints
    """The other nodes, in order."""
    entered: Ints
    """(rest,) node of the cycle that takes each of the others as its head best."""
    left: Ints
    """(rest,) node of the cycle that is the best head of each of the others."""

    @classmethod
    def of(cls, scores: Floats, heads: Ints, cycle: Ints) -> tuple[_Contraction, Floats]:
        """The contraction, and the scores of what is left.

        A head of the cycle is worth what it gains over the head that it takes the place of.
        """
        inside = np.zeros(len(scores), dtype=bool)
        inside[cycle] = True
        rest = np.flatnonzero(~inside)
        into = scores[np.ix_(cycle, rest)] - scores[cycle, heads[cycle]][:, None]
        out = scores[np.ix_(rest, cycle)]
        count = len(rest)
        smaller = np.full((count + 1, count + 1), -np.inf)
        smaller[:count, :count] = scores[np.ix_(rest, rest)]
        smaller[count, :count] = into.max(0)
        smaller[:count, count] = out.max(1)
        entered, left = cycle[into.argmax(0)], cycle[out.argmax(1)]
        return cls(heads, cycle, rest, entered, left), smaller

    def expand(self, smaller: Ints) -> Ints:
        """The heads of all nodes, of those of what was left."""
        count = len(self.rest)
        heads = self.heads.copy()
        own = smaller[:count]
        heads[self.rest] = np.where(own == count, self.left, self.rest[own.clip(max=count - 1)])
        above = smaller[count]
        heads[self.entered[above]] = self.rest[above]
        return heads


def _spanning(scores: Floats) -> Ints:
    """Heads of the best spanning tree of (nodes, nodes) scores; node 0 is the root."""
    contractions = []
    heads = _greedy(scores)
    while len(cycle := _cycle(heads)):
        contraction, scores = _Contraction.of(scores, heads, cycle)
        contractions.append(contraction)
        heads = _greedy(scores)
    for contraction in reversed(contractions):
        heads = contraction.expand(heads)
    return heads
