"""Documents as tokens in memory-mapped files: more of them than memory holds, read at random.

A folder holds ``tokens-00000.bin`` and so on, whole numbers of 16 or 32 bits one behind the other,
and ``index.json`` with the type; ``documents.npy`` says where each document ends. What an example
is, is decided when it is read: a block of so many tokens, or a piece of one document.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from luthier.core.files import read_json, write_folder_atomic, write_json
from luthier.data.packing import Numbers, positions

SHARD = 2**26
"""Tokens of a file."""

Tokens = NDArray[np.uint16] | NDArray[np.uint32]


@dataclass(frozen=True)
class Shards:
    """The documents of a folder."""

    tokens: tuple[Tokens, ...]
    """Memory-mapped files: together all tokens, in order."""
    ends: Numbers
    """(documents,) number of the token after each document's last."""

    @classmethod
    def open(cls, folder: Path) -> Shards:
        """What :func:`write_shards` wrote."""
        index = read_json(folder / "index.json")
        files = [folder / name for name in index["files"]]
        dtype = np.dtype(index["dtype"])
        return cls(
            tuple(np.memmap(file, dtype=dtype, mode="r") for file in files),
            np.load(folder / "documents.npy"),
        )

    def read(self, start: int, end: int) -> Numbers:
        """Tokens ``start`` to ``end`` of all: (end - start,)."""
        first, last = start // SHARD, max(start, end - 1) // SHARD
        parts = [
            self.tokens[number][max(0, start - number * SHARD) : end - number * SHARD]
            for number in range(first, last + 1)
        ]
        return np.concatenate(parts).astype(np.int64)

    @property
    def count(self) -> int:
        """Tokens of all documents."""
        return int(self.ends[-1]) if len(self.ends) else 0


def write_shards(documents: Iterable[Sequence[int]], pieces: int, folder: Path) -> Shards:
    """Write documents as they come, never all at a time; a folder that is whole is read again.

    Args:
        documents: Token ids of each.
        pieces: Of the vocabulary, which decides how many bits a token takes.
        folder: Where to.
    """
    dtype = np.dtype(np.uint16 if pieces <= 2**16 else np.uint32)

    def fill(place: Path) -> None:
        ends: list[int] = []
        names = []
        for number, part in enumerate(_cut(documents, dtype, ends)):
            names.append(f"tokens-{number:05}.bin")
            part.tofile(place / names[-1])
        np.save(place / "documents.npy", np.array(ends, dtype=np.int64))
        write_json(place / "index.json", {"dtype": dtype.name, "files": names, "pieces": pieces})

    if not (folder / "manifest.json").is_file():
        write_folder_atomic(folder, fill)
    return Shards.open(folder)


def _cut(
    documents: Iterable[Sequence[int]], dtype: np.dtype[Any], ends: list[int]
) -> Iterator[NDArray[Any]]:
    """The tokens of all documents in files' lengths; where each ends is added to ``ends``."""
    held: list[NDArray[Any]] = []
    waiting = total = 0
    for document in documents:
        held.append(np.asarray(document, dtype=dtype))
        waiting += len(document)
        total += len(document)
        ends.append(total)
        while waiting >= SHARD:
            together = np.concatenate(held)
            yield together[:SHARD]
            held, waiting = [together[SHARD:]], waiting - SHARD
    if waiting:
        yield np.concatenate(held)


class Examples(Sequence[dict[str, Any]], ABC):
    """Examples that are read from the files when they are asked for."""

    @abstractmethod
    def at(self, number: int) -> dict[str, Any]:
        """The example of a number, from 0."""

    @overload
    def __getitem__(self, number: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, number: slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, number: int | slice) -> dict[str, Any] | list[dict[str, Any]]:
        every = range(len(self))
        if isinstance(number, slice):
            return [self.at(one) for one in every[number]]
        return self.at(every[number])


class Blocks(Examples):
    """All tokens cut into blocks of one length; a block may hold the ends of several documents.

    An example has ``input_ids``, ``position_ids`` (both (length,)) and its ``number``.

    Args:
        shards: The documents.
        length: Tokens of a block; the last may have fewer.
    """

    def __init__(self, shards: Shards, length: int) -> None:
        self.shards, self.length = shards, length

    def __len__(self) -> int:
        return -(-self.shards.count // self.length)

    @property
    def sizes(self) -> Numbers:
        """(blocks,) tokens of each."""
        sizes = np.full(len(self), self.length, dtype=np.int64)
        sizes[-1:] = self.shards.count - self.length * (len(self) - 1)
        return sizes

    def at(self, number: int) -> dict[str, Any]:
        """The example of a number, from 0."""
        start = number * self.length
        end = min(start + self.length, self.shards.count)
        inside = np.searchsorted(self.shards.ends, [start, end], side="right")
        starts = self.shards.ends[inside[0] : inside[1]] - start
        ids = self.shards.read(start, end)
        starts = starts[starts < len(ids)]
        return {"input_ids": ids, "position_ids": positions(starts, len(ids)), "number": number}


class Pieces(Examples):
    """Every document by itself, a long one in pieces.

    An example has ``input_ids`` (length,) and its ``number``.

    Args:
        shards: The documents.
        length: The most tokens of a piece.
    """

    def __init__(self, shards: Shards, length: int) -> None:
        self.shards = shards
        ends = shards.ends
        begins = np.concatenate([[0], ends[:-1]]) if len(ends) else ends
        counts = np.maximum(0, -(-(ends - begins) // length))
        document = np.repeat(np.arange(len(ends)), counts)
        within = np.arange(len(document)) - np.repeat(np.cumsum(counts) - counts, counts)
        self._starts = begins[document] + within * length
        self._ends = np.minimum(self._starts + length, ends[document])

    def __len__(self) -> int:
        return len(self._starts)

    @property
    def sizes(self) -> Numbers:
        """(pieces,) tokens of each."""
        sizes: Numbers = self._ends - self._starts
        return sizes

    def at(self, number: int) -> dict[str, Any]:
        """The example of a number, from 0."""
        ids = self.shards.read(int(self._starts[number]), int(self._ends[number]))
        return {"input_ids": ids, "number": number}
