"""BLEU (Papineni et al. 2002) as sacreBLEU computes it (Post 2018), from counts of each row."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from luthier.metrics.intervals import Floats

ORDERS = 4
"""Longest n-grams that count."""

HTML = (("&quot;", '"'), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"))
SIGNS = (
    (re.compile(r"([\{-\~\[-\` -\&\(-\+\:-\@\/])"), r" \1 "),
    (re.compile(r"([^0-9])([\.,])"), r"\1 \2 "),
    (re.compile(r"([\.,])([^0-9])"), r" \1 \2"),
    (re.compile(r"([0-9])(-)"), r"\1 \2 "),
)
"""Where mteval-v13a parts signs from words."""

CHINESE = re.compile(
    "([\u2001-\u2a6d\u2e80-\u303f\u3100-\u312f\u31c0-\u31ef\u3200-\u4db5\u4e00-\u9fbb\uf900-\ufa2d"
    "\ufa30-\ufa6a\ufa70-\ufad9\ufe10-\ufe1f\ufe30-\ufe4f\uff00-\uffef])"
)
"""What sacreBLEU's Chinese tokenization takes for a character that is a word; the first range is
as wide as it is there, where two code points of five digits are read as four and a digit."""


def tokens_13a(text: str) -> list[str]:
    """Words and signs as WMT's script mteval-v13a divides them."""
    text = text.rstrip().replace("<skipped>", "").replace("-\n", "").replace("\n", " ")
    for code, sign in HTML:
        text = text.replace(code, sign)
    return _parted(f" {text} ")


def tokens_zh(text: str) -> list[str]:
    """Chinese characters one by one, the rest as 13a divides it."""
    return _parted(CHINESE.sub(r" \1 ", text.strip()))


TOKENS = {"13a": tokens_13a, "zh": tokens_zh}
"""Name of a tokenization, as in sacreBLEU's signature, to what divides a text."""


def bleu_counts(
    predictions: Sequence[str],
    references: Sequence[Sequence[str]],
    *,
    tokenize: str = "13a",
    lowercase: bool = False,
) -> Floats:
    """(rows, 2 + 2 * 4): lengths of prediction and nearest reference, matches, n-grams by order.

    Args:
        predictions: (rows,) texts.
        references: (rows,) right texts, at least one each.
        tokenize: ``13a`` or ``zh``.
        lowercase: Whether case counts not.
    """
    divide = TOKENS[tokenize]

    def said(text: str) -> list[str]:
        return divide(text.lower() if lowercase else text)

    pairs = zip(predictions, references, strict=True)
    counted = [_counts(said(text), [said(one) for one in true]) for text, true in pairs]
    return np.array(counted, dtype=np.float64).reshape(-1, 2 + 2 * ORDERS)


def bleu(sums: Floats) -> Floats:
    """BLEU in 0 to 100 of sums of counts (samples, 10), with exponential smoothing; (samples,)."""
    said, true = sums[:, 0], sums[:, 1]
    matches, totals = sums[:, 2 : 2 + ORDERS], sums[:, 2 + ORDERS :]
    halvings = np.cumsum(matches == 0, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        smoothed = np.where(matches == 0, 0.5**halvings, matches) / totals
        brevity = np.where(said < true, np.exp(1 - true / said), 1.0)
        score = 100 * brevity * np.exp(np.log(smoothed).mean(axis=1))
    undefined = (matches == 0).all(axis=1) | (totals == 0).any(axis=1)
    return np.where(undefined, 0.0, score)


def _parted(text: str) -> list[str]:
    for pattern, replacement in SIGNS:
        text = pattern.sub(replacement, text)
    return text.split()


def _counts(said: Sequence[str], true: Sequence[Sequence[str]]) -> list[int]:
    nearest = min((abs(len(one) - len(said)), len(one)) for one in true)[1]
    matches, totals = [], []
    for order in range(1, ORDERS + 1):
        own = ngrams(said, order)
        known: Counter[tuple[str, ...]] = Counter()
        for one in true:
            known |= ngrams(one, order)
        matches.append((own & known).total())
        totals.append(own.total())
    return [len(said), nearest, *matches, *totals]


def ngrams(parts: Sequence[str], order: int) -> Counter[tuple[str, ...]]:
    """How often each run of ``order`` parts occurs."""
    return Counter(zip(*(parts[start:] for start in range(order)), strict=False))
