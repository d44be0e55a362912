"""From scores of first and last tokens to answers: the best spans of windows, then of rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from luthier.metrics.intervals import Floats
from luthier.tasks.extraction.windows import Span, trimmed
from luthier.tasks.task import Example

BEST = 20
"""Answers kept of a window and of a row, as in the script of SQuAD's authors and BERT's."""


@dataclass(frozen=True)
class Candidate:
    """A possible answer."""

    text: str
    start: int
    """Its first character in the context."""
    score: float
    """Of its first token as first plus its last as last: logits."""

    @property
    def end(self) -> int:
        """One after its last character."""
        return self.start + len(self.text)


@dataclass(frozen=True)
class Found:
    """What the network makes of a row."""

    candidates: tuple[Candidate, ...]
    """The best first, no text twice; none where there is no context."""
    null: float
    """Score of "there is no answer": the lowest of all windows (Devlin et al. 2019)."""

    @property
    def difference(self) -> float:
        """By how much no answer scores above the best one."""
        return self.null - self.candidates[0].score if self.candidates else float("inf")

    def probabilities(self, *, unanswerable: bool) -> Floats:
        """Of the candidates and, where it may be, last of no answer: softmax of their scores."""
        scores = [candidate.score for candidate in self.candidates]
        if unanswerable or not scores:
            scores.append(self.null)
        raised = np.exp(np.array(scores) - max(scores))
        shares: Floats = raised / raised.sum()
        return shares


Spans = tuple[list[tuple[int, int, float]], float]
"""(first token, last token, score) of a window's best spans, and its score of no answer."""


def best_spans(start: Tensor, end: Tensor, inside: Tensor, longest: int) -> list[Spans]:
    """The best spans of every window.

    Args:
        start: (windows, length) score of each token as an answer's first, float64.
        end: (windows, length) as its last.
        inside: (windows, length) whether a token is the context's.
        longest: Tokens that an answer may have.
    """
    null = (start[:, 0] + end[:, 0]).tolist()
    low = float("-inf")
    start, end = start.masked_fill(~inside, low), end.masked_fill(~inside, low)
    padded = torch.nn.functional.pad(end, (0, longest - 1), value=low)
    # (windows, length, longest): an answer's first token, and how many tokens follow it.
    scores = (start.unsqueeze(-1) + padded.unfold(1, longest, 1)).flatten(1)
    top = scores.topk(min(BEST, scores.size(1)), dim=1)
    firsts, more = (top.indices // longest).tolist(), (top.indices % longest).tolist()
    return [
        ([(f, f + m, s) for f, m, s in zip(*spans, strict=True) if s > low], none)
        for *spans, none in zip(firsts, more, top.values.tolist(), null, strict=True)
    ]


def merged(windows: Sequence[Example], decoded: Sequence[Spans]) -> Found:
    """The best answers of a row, whichever window they are in.

    Args:
        windows: All of the row; with its ``context``.
        decoded: Their spans.
    """
    best: dict[str, Candidate] = {}
    for window, (spans, _) in zip(windows, decoded, strict=True):
        context, first, offsets = window["context"], window["first"], window["offsets"]
        for begin, end, score in spans:
            place: Span = (int(offsets[begin - first, 0]), int(offsets[end - first, 1]))
            start, stop = trimmed(context, place)
            text = context[start:stop]
            if text and (text not in best or best[text].score < score):
                best[text] = Candidate(text, start, score)
    ranked = sorted(best.values(), key=lambda found: (-found.score, found.start, found.end))
    return Found(tuple(ranked[:BEST]), min(null for _, null in decoded))
