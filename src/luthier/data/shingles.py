"""Texts as sets of hashed shingles: short runs of characters that near copies have in common."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

Hashes = NDArray[np.uint32]

ALPHABETIC, IDEOGRAPHIC = 5, 2
"""Characters of a shingle. One of Chinese says about what a word's half says in English."""

CHUNK = 1 << 21
"""Characters worked on at a time, which bounds the memory."""

MULTIPLIER = np.uint32(0x9E3779B1)

_PUNCTUATION = r"[^\p{L}\p{M}\p{N}]+"


@dataclass(frozen=True)
class Shingles:
    """The shingle sets of some texts, one after the other."""

    hashes: Hashes
    """(shingles,) of all texts, in the order of the texts; one may occur twice in a text."""
    starts: NDArray[np.int64]
    """(texts + 1,) where each text's shingles begin; the last is their number."""

    def of(self, text: int) -> Hashes:
        """The set of one text: sorted, each once."""
        return np.unique(self.hashes[self.starts[text] : self.starts[text + 1]])


def normalise(texts: pl.Series) -> pl.Series:
    """Texts as they are compared: Unicode form NFKC, lower case, a blank for all between words."""
    folded = texts.fill_null("").str.normalize("NFKC").str.to_lowercase()
    return folded.str.replace_all(_PUNCTUATION, " ").str.strip_chars()


def shingle(
    texts: pl.Series, *, alphabetic: int = ALPHABETIC, ideographic: int = IDEOGRAPHIC
) -> Iterator[Shingles]:
    """The shingles of normalised texts, in chunks of whole texts.

    A shingle is a run of ``alphabetic`` characters, or of ``ideographic`` ones from a Chinese,
    Japanese or Korean character on. A shorter text is one shingle; an empty one has none.

    Args:
        texts: From :func:`normalise`.
        alphabetic: Characters of a shingle in scripts with letters.
        ideographic: Characters of a shingle in scripts without blanks.
    """
    lengths = texts.str.len_chars().to_numpy().astype(np.int64)
    ends = np.cumsum(lengths)
    begin = 0
    while begin < len(texts):
        before = ends[begin - 1] if begin else 0
        end = max(begin + 1, int(np.searchsorted(ends, before + CHUNK, side="right")))
        part = "".join(texts.slice(begin, end - begin).to_list())
        codes = np.frombuffer(part.encode("utf-32-le"), dtype=np.uint32)
        yield _shingle(codes, lengths[begin:end], alphabetic, ideographic)
        begin = end


def jaccard(one: Hashes, other: Hashes) -> float:
    """Shared shingles over all shingles of two sorted sets; 1 where both are empty."""
    shared = len(np.intersect1d(one, other, assume_unique=True))
    union = len(one) + len(other) - shared
    return shared / union if union else 1.0


def _shingle(
    codes: NDArray[np.uint32], lengths: NDArray[np.int64], alphabetic: int, ideographic: int
) -> Shingles:
    starts = np.concatenate([[0], np.cumsum(lengths)])
    left = np.repeat(starts[1:], lengths) - np.arange(len(codes))
    sizes = np.where(_is_ideographic(codes), ideographic, alphabetic)
    first = np.zeros(len(codes), dtype=bool)
    first[starts[:-1][lengths > 0]] = True
    # The last characters of a text begin no whole shingle, unless the text has no other.
    kept = (sizes <= left) | first
    sizes = np.minimum(sizes, left)
    hashes = np.zeros(len(codes), dtype=np.uint32)
    padded = np.concatenate([codes, np.zeros(max(alphabetic, ideographic), dtype=np.uint32)])
    for offset in range(max(alphabetic, ideographic)):
        mixed = (hashes ^ padded[offset : offset + len(codes)]) * MULTIPLIER
        hashes = np.where(offset < sizes, mixed ^ (mixed >> np.uint32(15)), hashes)
    owners = np.repeat(np.arange(len(lengths)), lengths)[kept]
    counts = np.bincount(owners, minlength=len(lengths))
    return Shingles(_finish(hashes[kept]), np.concatenate([[0], np.cumsum(counts)]))


def _is_ideographic(codes: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Chinese characters, kana and Hangul."""
    return (
        ((codes >= 0x3040) & (codes <= 0x30FF))
        | ((codes >= 0x3400) & (codes <= 0x9FFF))
        | ((codes >= 0xAC00) & (codes <= 0xD7AF))
        | ((codes >= 0xF900) & (codes <= 0xFAFF))
        | ((codes >= 0x20000) & (codes <= 0x323AF))
    )


def _finish(hashes: Hashes) -> Hashes:
    """Spread all bits over the whole word (the finaliser of MurmurHash3)."""
    hashes = (hashes ^ (hashes >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    hashes = (hashes ^ (hashes >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return hashes ^ (hashes >> np.uint32(16))
