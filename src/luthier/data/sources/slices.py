"""A part of a source: ``news.csv[:1000]``, ``news.csv[10%:20%]``, ``news.csv[~500]``."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import polars as pl

AMOUNT = r"-?\d+(?:\.\d+)?%|-?\d+"
RANGE = re.compile(rf"(?P<first>{AMOUNT})?:(?P<last>{AMOUNT})?")
CHANCE = re.compile(r"~(?P<count>\d+(?:\.\d+)?%|\d+)")
MARKED = re.compile(r"(?P<name>.+)\[(?P<inside>[^\[\]]*)\]", re.DOTALL)


@dataclass(frozen=True)
class Slice:
    """Which rows of a source are meant, by their place or by chance."""

    text: str
    """As it is written, brackets and all."""
    seed: int = 0
    """Of a sample by chance."""

    @classmethod
    def of(cls, inside: str, seed: int = 0) -> Slice | None:
        """The slice that the text between the brackets says, or None if it says none."""
        said = inside.strip()
        known = CHANCE.fullmatch(said) or (said != ":" and RANGE.fullmatch(said))
        return cls(f"[{said}]", seed) if known else None

    def places(self, count: int) -> pl.Series:
        """Indices of the rows meant, in order.

        Args:
            count: Rows there are.
        """
        inside = self.text[1:-1]
        if chance := CHANCE.fullmatch(inside):
            wanted = min(count, _amount(chance["count"], count))
            chosen = np.random.default_rng(self.seed).permutation(count)[:wanted]
            return pl.Series(np.sort(chosen), dtype=pl.Int64)
        match = RANGE.fullmatch(inside)
        assert match is not None
        first, last = (match[side] and _amount(match[side], count) for side in ("first", "last"))
        start, end, _ = slice(first, last).indices(count)
        return pl.Series(range(start, end), dtype=pl.Int64)

    @property
    def most(self) -> int | None:
        """Rows from the beginning after which none is meant; None: all must be seen."""
        match = RANGE.fullmatch(self.text[1:-1])
        ends = (match["first"] or "0", match["last"] or "") if match else ("", "")
        return int(ends[1]) if all(end.isdigit() for end in ends) else None


def cut_name(spec: str) -> tuple[str, str | None]:
    """The name of a source, and what stands in brackets behind it."""
    match = MARKED.fullmatch(spec)
    return (match["name"], match["inside"]) if match else (spec, None)


def _amount(text: str, count: int) -> int:
    """Rows that a number or a share stands for."""
    return round(float(text[:-1]) / 100 * count) if text.endswith("%") else int(text)
