"""Encoded rows as the audit looks at them, and what it comes to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerBase

from luthier.data.finding import Finding
from luthier.data.roles import ROW, SOURCE
from luthier.tasks.task import IGNORED, Example, Task

KIND = "audit"
"""The findings' operator."""

SHOWN = 5
"""Rows that a finding shows."""

ENCODED_AGAIN = 64
"""Rows that are encoded as serving would, to compare."""


@dataclass(frozen=True)
class Encoded:
    """Training rows as a task encoded them, with what is needed to judge that."""

    examples: Sequence[Example]
    """``input_ids``, cut; ``label`` of the row or ``labels`` of its tokens, -100 where one is not
    trained."""
    tokenizer: PreTrainedTokenizerBase
    """That made them."""
    texts: pl.Series
    """What each row says, before it is encoded."""
    max_length: int
    """Tokens kept of a row, special ones included."""
    longest: int
    """The most that the base has positions for."""
    classes: Sequence[str | None] = ()
    """Name of each row's class; empty where they have none, or several."""
    places: pl.DataFrame = field(default_factory=pl.DataFrame)
    """``source`` and ``row`` that each comes from."""
    served: Sequence[Sequence[int]] = ()
    """Token ids of the first rows as serving builds them."""
    generates: bool = False
    """Whether the labels are tokens to write; else that is judged by them."""
    ends: frozenset[int] = frozenset()
    """Tokens that end what is written; default: the tokenizer's end token."""
    cut_by: str = "max_length"
    """Setting of the task that ``max_length`` comes from."""

    @classmethod
    def of(
        cls, task: Task, rows: pl.DataFrame, examples: Sequence[Example], *, longest: int
    ) -> Self:
        """What a task made of rows.

        Args:
            task: At work.
            rows: Prepared rows.
            examples: From the task's ``encode``.
            longest: Tokens that the base has positions for.
        """
        some = rows.head(ENCODED_AGAIN)
        seen = task.spread(rows, examples)
        named = task.answer in rows.columns and rows[task.answer].dtype == pl.String
        return cls(
            examples, task.tokenizer, task.texts(seen), task.max_length, longest,
            classes=seen[task.answer].to_list() if named and task.classes else (),
            places=seen.select(source=SOURCE, row=ROW),
            served=task.served(some),
            generates=task.generates, ends=task.ends, cut_by=task.cut_by,
        )  # fmt: skip

    def shown(self, rows: Sequence[int] | NDArray[np.int64]) -> tuple[dict[str, Any], ...]:
        """A few rows, with where they come from and how they begin."""
        return tuple(
            {
                **(self.places.row(row, named=True) if len(self.places) else {}),
                "text": (self.texts[row] or "")[:200],
            }
            for row in map(int, rows[: 2 * SHOWN])
        )


@dataclass(frozen=True)
class Measured:
    """Counts of every row, (rows,) each."""

    taught: NDArray[np.int64]
    """Trained tokens, or 1 where the row is as a whole; 0: it teaches nothing."""
    lengths: NDArray[np.int64]
    """Tokens before the cut."""
    kept: NDArray[np.int64]
    """Tokens after it."""

    @property
    def cut(self) -> NDArray[np.bool_]:
        """Which rows are cut."""
        return self.lengths > self.kept


@dataclass(frozen=True)
class Audit:
    """What was measured, and what of it someone should decide about."""

    figures: dict[str, Any] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON; the most harmful finding first."""
        ordered = sorted(self.findings, key=lambda found: -found.harm)
        return {**self.figures, "findings": [found.to_json() for found in ordered]}


def labelled(example: Example) -> int:
    """Trained tokens; for a row with a label as a whole 1, or 0 where the label is missing."""
    if "labels" in example:
        return int(np.count_nonzero(np.asarray(example["labels"]) != IGNORED))
    label = example.get("label")
    if label is None:
        return 0
    return int(not np.isnan(np.asarray(label, dtype=np.float64)).any())


def unknown_id(tokenizer: PreTrainedTokenizerBase) -> int | None:
    """The token that stands for what is not in the vocabulary; None where all is."""
    unknown: int | None = tokenizer.unk_token_id
    # GPT-2 and its kin know every byte, and name their end token here.
    others = (tokenizer.eos_token_id, tokenizer.bos_token_id, tokenizer.cls_token_id)
    return None if unknown in others else unknown


def special_ids(tokenizer: PreTrainedTokenizerBase) -> frozenset[int]:
    """Ids that say nothing of the text; the unknown token stands for a word, so it does."""
    return frozenset(tokenizer.all_special_ids) - {unknown_id(tokenizer)}


def longer(encoded: Encoded, measured: Measured) -> str:
    """The override that keeps 95 of 100 rows whole, or as much as the base can; else nothing."""
    wanted = int(np.quantile(measured.lengths, 0.95, method="higher"))
    most = min(wanted, encoded.longest)
    return f"task.{encoded.cut_by}={most}" if most > encoded.max_length else ""
