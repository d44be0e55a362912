"""The best spans are those that trying every span gives, whatever is padded; windows are merged."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.metrics.draws import QUICK

from luthier.tasks.extraction.spans import BEST, Candidate, Found, best_spans, merged


def tried(start: Any, end: Any, inside: Any, longest: int) -> list[tuple[float, int, int]]:
    """Every span there is, the best first."""
    places = [place for place, open_ in enumerate(inside) if open_]
    spans = [
        (float(start[first] + end[last]), first, last)
        for first in places
        for last in places
        if first <= last < first + longest
    ]
    return sorted(spans, reverse=True)


@QUICK
@given(st.integers(0, 10_000), st.integers(1, 3), st.integers(2, 30), st.integers(1, 9))
def test_best_spans_are_those_of_all(seed: int, windows: int, length: int, longest: int) -> None:
    random = np.random.default_rng(seed)
    start, end = random.normal(size=(2, windows, length))
    inside = np.zeros((windows, length), dtype=bool)
    for row in inside:
        row[random.integers(1, length) : random.integers(1, length + 1)] = True
    found = best_spans(*(torch.from_numpy(x) for x in (start, end, inside)), longest)
    for row, (spans, null) in enumerate(found):
        expected = tried(start[row], end[row], inside[row], longest)[:BEST]
        assert [(first, last) for first, last, _ in spans] == [one[1:] for one in expected]
        assert [s for *_, s in spans] == pytest.approx([one[0] for one in expected], abs=1e-12)
        assert null == pytest.approx(start[row, 0] + end[row, 0], abs=1e-12)


@QUICK
@given(st.integers(0, 10_000), st.integers(1, 20))
def test_best_spans_do_not_depend_on_padding(seed: int, more: int) -> None:
    random = np.random.default_rng(seed)
    start, end = torch.from_numpy(random.normal(size=(2, 1, 12)))
    inside = torch.zeros(1, 12, dtype=torch.bool)
    inside[:, 3:11] = True
    padded = [torch.nn.functional.pad(x, (0, more), value=v) for x, v in ((start, 9), (end, 9))]
    wide = torch.nn.functional.pad(inside, (0, more))
    assert best_spans(start, end, inside, 5) == best_spans(*padded, wide, 5)


CONTEXT = "Rent is due on 1 May. Rent is due on 1 June, say the parties."


def window(begin: int, end: int, first: int = 3) -> dict[str, Any]:
    """One token a word, from word ``begin`` to before ``end``; ``first`` tokens stand before."""
    starts = [0, *(i + 1 for i, c in enumerate(CONTEXT) if c == " ")]
    words = [(s, s + len(CONTEXT[s:].split()[0])) for s in starts]
    offsets = np.array(words[begin:end], dtype=np.int32).reshape(-1, 2)
    return {"context": CONTEXT, "first": first, "offsets": offsets}


def test_a_row_has_the_best_answer_of_all_its_windows() -> None:
    words = CONTEXT.split()
    windows = [window(0, 8), window(5, len(words), first=4)]
    may, june = words.index("May.") + 3, words.index("June,") + 4 - 5
    found = merged(windows, [([(may - 1, may, 2.5)], 1.0), ([(june - 1, june, 4.0)], -3.0)])
    assert [c.text for c in found.candidates] == ["1 June,", "1 May."]
    assert found.candidates[0] == Candidate("1 June,", CONTEXT.index("1 June"), 4.0)
    assert found.candidates[0].end == CONTEXT.index(" say")
    assert found.null == -3.0
    assert found.difference == pytest.approx(-7)


def test_what_two_windows_share_counts_once() -> None:
    found = merged([window(0, 6), window(4, 10)], [([(7, 7, 1.0)], 0.0), ([(3, 3, 2.0)], 0.0)])
    assert [(c.text, c.score) for c in found.candidates] == [("1", 2.0)]


def test_probabilities_are_a_softmax_over_answers_and_none() -> None:
    found = Found((Candidate("a", 0, 2.0), Candidate("b", 5, 1.0)), 0.0)
    assert found.probabilities(unanswerable=False).sum() == pytest.approx(1)
    shares = found.probabilities(unanswerable=True)
    assert shares == pytest.approx(np.exp([2, 1, 0]) / np.exp([2, 1, 0]).sum())
    assert list(Found((), -1.0).probabilities(unanswerable=False)) == [1.0]
