"""How well the base's tokenizer knows the texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from luthier.data.finding import Finding
from luthier.tasks.audit.encoded import (
    KIND,
    SHOWN,
    Audit,
    Encoded,
    Measured,
    special_ids,
    unknown_id,
)
from luthier.tasks.task import Example

UNIT = r"[\p{Han}\p{Hiragana}\p{Katakana}]|[\p{L}\p{M}\p{N}]+|[^\p{L}\p{M}\p{N}\s]"
"""A Chinese character, a word, or a sign: what a fitting tokenizer has about one token for."""

MUCH_UNKNOWN = 0.02
"""Share of unknown tokens from which on it is reported."""

BROKEN = 2.5
"""Tokens of a word from which on a tokenizer hardly knows the language."""

CHUNK = 4096


def vocabulary(audit: Audit, encoded: Encoded, measured: Measured) -> None:
    """Measure unknown tokens, and tokens a word and a character."""
    missing = unknown_id(encoded.tokenizer)
    special = np.array(sorted(special_ids(encoded.tokenizer)), dtype=np.int64)
    words = int(encoded.texts.str.count_matches(UNIT).sum())
    letters = int(encoded.texts.str.len_chars().sum())
    unknown = told = 0
    for ids in _chunks(encoded.examples):
        content = ids[~np.isin(ids, special)]
        told += len(content)
        unknown += int((content == missing).sum()) if missing is not None else 0
    whole = told + int((measured.lengths - measured.kept).sum())
    share = unknown / max(1, told)
    per_word = whole / max(1, words)
    audit.figures.update(
        unknown=share, tokens_per_word=per_word, tokens_per_character=whole / max(1, letters)
    )
    if share >= MUCH_UNKNOWN:
        audit.findings.append(
            Finding(
                "{share:.0%} of the tokens are unknown to the base: what is written there is lost. "
                "Choose a base that knows the language of these texts.",
                KIND, round(min(1.0, 0.5 + 2 * share), 2),
                fields={"share": share, "token": str(encoded.tokenizer.unk_token)},
                examples=encoded.shown(_with_unknown(encoded)),
            )
        )  # fmt: skip
    if per_word >= BROKEN:
        audit.findings.append(
            Finding(
                "The base's tokenizer takes {per_word:.1f} tokens for a word or a Chinese "
                "character: it hardly knows the language, and texts are cut sooner.",
                KIND, 0.5, fields={"per_word": per_word},
            )
        )  # fmt: skip


def _chunks(examples: Sequence[Example]) -> Iterator[NDArray[np.int64]]:
    for n in range(0, len(examples), CHUNK):
        rows = [np.asarray(e["input_ids"], dtype=np.int64) for e in examples[n : n + CHUNK]]
        yield np.concatenate(rows)


def _with_unknown(encoded: Encoded) -> NDArray[np.int64]:
    """The first few rows that have unknown tokens."""
    unknown = unknown_id(encoded.tokenizer)
    rows = (n for n, example in enumerate(encoded.examples) if unknown in example["input_ids"])
    return np.array([n for n, _ in zip(rows, range(SHOWN), strict=False)], dtype=np.int64)
