"""What an encoder or an encoder-decoder is to fill in, chosen by chance."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerBase

from luthier.core.errors import ModelError
from luthier.data.packing import IGNORED, Numbers

MASKED, RANDOM = 0.8, 0.1
"""Shares of the chosen tokens that are masked, and replaced by any other; the rest stays."""

MASKS = 100
"""Spans that a mask token stands for at most, as many as T5 has sentinels."""


class Masking:
    """Whole words hidden, as in BERT (Devlin et al. 2019, and their whole-word masking).

    Args:
        tokenizer: With a mask token.
        rate: Share of the tokens that is chosen; 0.15 there, 0.3 in ModernBERT (Warner et al.
            2024).
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, rate: float) -> None:
        if tokenizer.mask_token_id is None:
            raise ModelError(
                "The base has no mask token, so nothing can be hidden from it.",
                where="task.objective",
                hint="Use objective: causal, or another base.",
            )
        self.tokenizer, self.rate = tokenizer, rate

    @cached_property
    def starts(self) -> NDArray[np.bool_]:
        """(vocabulary,) which pieces begin a word."""
        return word_starts(self.tokenizer)

    @cached_property
    def others(self) -> Numbers:
        """Pieces that may stand in the place of a chosen one: all but the special ones."""
        special = set(self.tokenizer.all_special_ids)
        return np.array([n for n in range(len(self.tokenizer)) if n not in special], np.int64)

    def __call__(self, ids: Numbers, random: np.random.Generator) -> tuple[Numbers, Numbers]:
        """What the network reads, and labels: of chosen tokens what they were, else ``IGNORED``.

        Args:
            ids: (length,) without special tokens.
            random: Where chance comes from.
        """
        chosen = self._chosen(ids, random)
        labels = np.where(chosen, ids, IGNORED)
        fate = random.random(len(ids))
        read = np.where(chosen & (fate < MASKED), self.tokenizer.mask_token_id, ids)
        swapped = chosen & (fate >= MASKED) & (fate < MASKED + RANDOM)
        read[swapped] = random.choice(self.others, int(swapped.sum()))
        return read, labels

    def _chosen(self, ids: Numbers, random: np.random.Generator) -> NDArray[np.bool_]:
        """Words by chance, as many as the rate has room for; one at least."""
        if not len(ids):
            return np.zeros(0, dtype=bool)
        begins = self.starts[ids]
        begins[0] = True
        word = np.cumsum(begins) - 1
        sizes = np.bincount(word)
        order = random.permutation(len(sizes))
        fits = np.cumsum(sizes[order]) <= self.rate * len(ids)
        fits[0] = True
        taken = np.zeros(len(sizes), dtype=bool)
        taken[order[fits]] = True
        chosen: NDArray[np.bool_] = taken[word]
        return chosen


class Spans:
    """Spans to fill in, each with a mark in its place.

    Said are the spans alone, each behind its mark, as in T5 (Raffel et al. 2020, 3.1.4), or the
    whole text, as in BART (Lewis et al. 2020, text infilling; there spans may also be empty).

    Args:
        tokenizer: With the sentinels ``<extra_id_0>`` and so on, or, for the whole text, with a
            mask token.
        rate: Share of the tokens that is taken out.
        length: Mean tokens of a span.
        whole: Whether the whole text is to be said.
    """

    def __init__(
        self, tokenizer: PreTrainedTokenizerBase, rate: float, length: float, *, whole: bool
    ) -> None:
        self.rate, self.length, self.whole = rate, length, whole
        self.marks = sentinels(tokenizer)
        if whole and not self.marks and tokenizer.mask_token_id is not None:
            self.marks = [tokenizer.mask_token_id] * MASKS
        if not self.marks:
            raise ModelError(
                "The base has no sentinel tokens such as <extra_id_0> for spans to fill in.",
                where="task.objective",
                hint="Use objective: causal or masked, or a base such as T5.",
            )

    def __call__(self, ids: Numbers, random: np.random.Generator) -> tuple[Numbers, Numbers]:
        """What is read and what is to be said, without end tokens.

        How long both are depends on the length of ``ids`` alone, so pieces of one length need no
        padding.

        Args:
            ids: (length,) without special tokens.
            random: Where chance comes from.
        """
        count = len(ids)
        if count < 2:
            return ids, ids if self.whole else ids[:0]
        noise = min(max(round(count * self.rate), 1), count - 1)
        spans = min(max(round(noise / self.length), 1), noise, count - noise, len(self.marks))
        gaps = _parts(count - noise, spans, random)
        taken = _parts(noise, spans, random)
        ends = np.cumsum(gaps + taken)
        read, said = [], []
        for number, end in enumerate(ends):
            mark = np.array([self.marks[number]])
            begin = end - taken[number]
            read += [ids[begin - gaps[number] : begin], mark]
            said += [mark, ids[begin:end]]
        return np.concatenate(read), ids if self.whole else np.concatenate(said)


def sentinels(tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """The numbers of ``<extra_id_0>``, ``<extra_id_1>`` and so on; empty if there are none."""
    known = tokenizer.get_vocab()
    found: list[int] = []
    while (name := f"<extra_id_{len(found)}>") in known:
        found.append(known[name])
    return found


def _parts(total: int, count: int, random: np.random.Generator) -> Numbers:
    """So many whole numbers from 1 that add up to the total, any such alike: (count,)."""
    cuts = np.sort(random.choice(total - 1, count - 1, replace=False)) + 1
    return np.diff(np.concatenate([[0], cuts, [total]]))


def word_starts(tokenizer: PreTrainedTokenizerBase) -> NDArray[np.bool_]:
    """(vocabulary,) which pieces begin a word; Chinese characters are words by themselves.

    Pieces say so with what stands before them: a space in byte-level and Unigram vocabularies,
    the lack of ``##`` in WordPiece.
    """
    pieces = list(tokenizer.convert_ids_to_tokens(list(range(len(tokenizer)))))
    marks = "Ġ▁"
    if any(piece.startswith("##") for piece in pieces):
        return np.array([not piece.startswith("##") for piece in pieces])
    return np.array([piece[:1] in marks or _is_chinese(piece) for piece in pieces], dtype=bool)


def _is_chinese(piece: str) -> bool:
    """Whether a piece begins with a Chinese character, or its first byte as byte-level has it."""
    first = piece[:1]
    # Bytes E3 to E9 begin the characters from U+3000 to U+9FFF; byte-level writes them as they are.
    return "\u3400" <= first <= "\u9fff" or (first != "" and "\xe3" <= first <= "\xe9")
