"""Long sentences in windows that overlap; each word is answered in one of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from luthier.tasks.words.pieces import Sentence


@dataclass(frozen=True)
class Window:
    """A part of a sentence as the network reads it."""

    ids: list[int]
    """Token ids, special ones included."""
    places: list[int]
    """Place in ``ids`` of the first token of each word that is answered here."""
    first: int
    """Number of the first of these words in the sentence, from 0."""


def windows(sentence: Sentence, max_length: int, overlap: int) -> Iterator[Window]:
    """The windows of a sentence: one, where it is short enough.

    Of two windows that share words the first answers the first half of these. A word that is
    longer than a window is read as far as it fits.

    Args:
        sentence: Whole.
        max_length: Tokens of a window, special ones included.
        overlap: Tokens that a window shares with the next, at most half a window.
    """
    ids, spans = sentence.ids, sentence.spans
    if len(ids) <= max_length or not spans:
        yield Window(ids, [start for start, _ in spans], 0)
        return
    head, tail = ids[: spans[0][0]], ids[spans[-1][1] :]
    room = max_length - len(head) - len(tail)
    sizes = [min(end - start, room) for start, end in spans]
    parts = list(_parts(sizes, room, min(overlap, room // 2)))
    borders = [0, *((start + end) // 2 for (_, end), (start, _) in pairwise(parts)), len(spans)]
    for (start, end), (first, last) in zip(parts, pairwise(borders), strict=True):
        read: list[int] = [*head]
        places = []
        for word in range(start, end):
            if first <= word < last:
                places.append(len(read))
            start_of = spans[word][0]
            read += ids[start_of : start_of + sizes[word]]
        yield Window([*read, *tail], places, first)


def _parts(sizes: Sequence[int], room: int, overlap: int) -> Iterator[tuple[int, int]]:
    """First word of each window and the one behind its last, for words of so many tokens."""
    start = 0
    while True:
        end, used = start, 0
        while end < len(sizes) and used + sizes[end] <= room:
            used += sizes[end]
            end += 1
        yield start, end
        if end == len(sizes):
            return
        start, shared = end, 0
        # The next word must have room beside those that are shared.
        while shared + sizes[start - 1] <= min(overlap, room - sizes[end]):
            start -= 1
            shared += sizes[start]
