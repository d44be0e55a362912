"""Near copies: what is found is what comparing every pair finds."""

from __future__ import annotations

import random
from itertools import combinations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from luthier.data import shingles
from luthier.data.minhash import candidates, near_copies, signatures, verified
from luthier.data.shingles import jaccard, normalise, shingle

WORDS = [f"{a}{b}{c}" for a in ("ka", "lo", "mi", "tu") for b in ("r", "st", "n") for c in "aeiou"]
HAN = "天地人和春夏秋冬山水风雨日月星辰东西南北中国文字学习工作生活城市乡村道路车站商店饭馆朋友"


def _sets(texts):
    return [part.of(n) for part in shingle(texts) for n in range(len(part.starts) - 1)]


def _by_hand(text):
    """The shingles of one normalised text as strings."""
    found = set()
    for at, letter in enumerate(text):
        size = 2 if "\u4e00" <= letter <= "\u9fff" else 5
        if at == 0 or at + size <= len(text):
            found.add(text[at : at + size])
    return found


@settings(deadline=None, max_examples=200)
@given(st.lists(st.text(st.sampled_from("ab 中文字x"), max_size=12), max_size=6))
def test_shingles_are_runs_of_characters(texts):
    plain = normalise(pl.Series(texts, dtype=pl.String))
    for text, hashes in zip(plain, _sets(plain), strict=True):
        assert len(hashes) == len(_by_hand(text))


def test_similarity_is_that_of_the_runs():
    pairs = [("the cat sat on the mat", "the cat sat on a mat"), ("今天天气很好", "今天天气不好")]
    for one, other in pairs:
        a, b = _by_hand(one), _by_hand(other)
        left, right = _sets(pl.Series([one, other]))
        assert jaccard(left, right) == pytest.approx(len(a & b) / len(a | b))


def test_case_punctuation_and_width_do_not_count():
    plain = normalise(
        pl.Series(["Hello,  WORLD!", "hello world", "ＡＢＣ１２３。", "abc123", None])
    )
    assert plain.to_list() == ["hello world", "hello world", "abc123", "abc123", ""]


def test_chunks_make_no_difference(monkeypatch):
    texts = normalise(pl.Series([" ".join(WORDS[n : n + 9]) for n in range(50)]))
    whole = _sets(texts)
    monkeypatch.setattr(shingles, "CHUNK", 100)
    parts = _sets(texts)
    assert len(whole) == len(parts)
    assert all(np.array_equal(a, b) for a, b in zip(whole, parts, strict=True))


def _edited(text, edits, choose):
    units = list(text) if text[0] in HAN else text.split()
    for _ in range(edits):
        at = choose.randrange(len(units))
        units[at] = choose.choice(HAN if text[0] in HAN else WORDS)
    return ("" if text[0] in HAN else " ").join(units)


def _corpus(count, seed=0):
    """Half English, half Chinese texts; every third an edited copy of another."""
    choose = random.Random(seed)
    texts = []
    for number in range(count):
        if number % 3 == 2:
            texts.append(_edited(choose.choice(texts), choose.randint(1, 3), choose))
        elif number % 2:
            texts.append("".join(choose.choices(HAN, k=choose.randint(20, 60))))
        else:
            texts.append(" ".join(choose.choices(WORDS, k=choose.randint(10, 40))))
    return pl.Series(texts)


def test_nearly_every_pair_is_found_and_no_other():
    texts = normalise(_corpus(600))
    sets = _sets(texts)
    near = {(a, b) for a, b in combinations(range(600), 2) if jaccard(sets[a], sets[b]) >= 0.8}
    assert len(near) > 50
    found, similar = verified(texts, candidates(signatures(texts)), 0.8)
    assert {tuple(sorted(pair)) for pair in found.tolist()} <= near
    copies = {a for pair in near for a in pair}
    assert len(copies - set(found.ravel().tolist())) <= 0.01 * len(copies)
    assert (similar >= 0.8).all()


def test_every_copy_is_near_an_original_that_is_none():
    texts = _corpus(900, seed=3)
    found = near_copies(texts, 0.8, np.zeros(900, dtype=np.int64))
    sets = _sets(normalise(texts))
    assert set(found["copy"]).isdisjoint(found["original"])
    for copy, original, similarity in found.iter_rows():
        assert original < copy
        assert jaccard(sets[copy], sets[original]) == pytest.approx(similarity)
        assert similarity >= 0.8


def test_the_rank_decides_who_is_the_original():
    texts = pl.Series(["the very same words again", "the very same words again!"])
    assert near_copies(texts, 0.8, np.array([1, 0])).rows() == [(0, 1, 1.0)]


def test_threads_make_no_difference(monkeypatch):
    texts = _corpus(2000, seed=1)
    monkeypatch.setattr(shingles, "CHUNK", 5000)
    one, two = (signatures(normalise(texts), workers) for workers in (1, 2))
    assert np.array_equal(one, two)


def test_thousands_of_like_texts_make_few_pairs():
    texts = normalise(pl.Series([f"order number {n:05d} has been shipped" for n in range(5000)]))
    assert len(candidates(signatures(texts))) < 60 * 5000


def test_empty_texts_are_near_nothing():
    assert near_copies(pl.Series(["", "!!", None]), 0.8, np.zeros(3, dtype=np.int64)).is_empty()
