"""Mentions replaced by others of their type."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from luthier.data.augment.mentions import mention_pool, mentions, replace_mentions

SCHEMES = {
    "BIO": lambda kind, n: [f"B-{kind}", *[f"I-{kind}"] * (n - 1)],
    "BIOES": lambda kind, n: (
        [f"S-{kind}"] if n == 1 else [f"B-{kind}", *[f"I-{kind}"] * (n - 2), f"E-{kind}"]
    ),
    "BILOU": lambda kind, n: (
        [f"U-{kind}"] if n == 1 else [f"B-{kind}", *[f"I-{kind}"] * (n - 2), f"L-{kind}"]
    ),
}
NAMES = {"PER": [("Ann",), ("Bo", "Li"), ("J", ".", "Roe")], "ORG": [("Acme",), ("Big", "Oil")]}
PARTS = st.lists(
    st.one_of(st.just(None), st.tuples(st.sampled_from(["PER", "ORG"]), st.integers(0, 2))),
    min_size=1, max_size=8,
)  # fmt: skip


def sentence(parts, scheme):
    tokens, tags = [], []
    for part in parts:
        if part is None:
            tokens.append("said")
            tags.append("O")
            continue
        kind, which = part
        name = NAMES[kind][which % len(NAMES[kind])]
        tokens += name
        tags += SCHEMES[scheme](kind, len(name))
    return tokens, tags


@pytest.mark.parametrize("scheme", SCHEMES)
@settings(max_examples=80)
@given(parts=PARTS, seed=st.integers(0, 500))
def test_types_and_their_order_stay(scheme, parts, seed):
    tokens, tags = sentence(parts, scheme)
    pool = mention_pool([sentence([(k, n) for k in NAMES for n in range(3)], scheme)])
    words, marks = replace_mentions(tokens, tags, pool, Random(seed), 0.5)
    assert len(words) == len(marks)
    assert [kind for *_, kind in mentions(marks)] == [kind for *_, kind in mentions(tags)]
    assert all(tuple(words[a:b]) in NAMES[kind] for a, b, kind in mentions(marks))
    outside = [word for word, mark in zip(words, marks, strict=True) if mark == "O"]
    assert outside == ["said"] * len(outside)


BEFORE = {
    "BIO": {"B": "BIO", "I": "BI", "O": "BIO"},
    "BIOES": {"B": "OES", "I": "BI", "E": "BI", "S": "OES", "O": "OES"},
    "BILOU": {"B": "OLU", "I": "BI", "L": "BI", "U": "OLU", "O": "OLU"},
}
"""Letter of a tag to those that may stand before it."""


@pytest.mark.parametrize("scheme", SCHEMES)
@settings(max_examples=80)
@given(parts=PARTS, seed=st.integers(0, 500), strength=st.floats(0.1, 1))
def test_tags_stay_legal(scheme, parts, seed, strength):
    tokens, tags = sentence(parts, scheme)
    pool = mention_pool([sentence([(k, n) for k in NAMES for n in range(3)], scheme)])
    _, marks = replace_mentions(tokens, tags, pool, Random(seed), strength)
    for last, mark in zip(["O", *marks], [*marks, "O"], strict=True):
        (before, _, kind), (letter, _, own) = last.partition("-"), mark.partition("-")
        assert before in BEFORE[scheme][letter]
        assert kind == own or letter not in "IEL"


@pytest.mark.parametrize("seed", range(6))
def test_mentions_that_touch_are_told_apart_in_the_first_of_schemes(seed):
    tokens, tags = ["Ann", "Bo", "Li", "said"], ["I-PER", "B-PER", "I-PER", "O"]
    pool = mention_pool([(tokens, tags), (["J", ".", "Roe"], ["I-PER"] * 3)])
    words, marks = replace_mentions(tokens, tags, pool, Random(seed), 1)
    assert words != tokens
    first, second = mentions(marks)
    assert first[1] == second[0]
    assert marks[second[0]] == "B-PER"
    assert {tuple(words[a:b]) for a, b, _ in (first, second)} <= set(pool["PER"])


@settings(max_examples=100)
@given(parts=PARTS)
def test_the_tags_of_a_scheme_are_read_as_they_were_written(parts):
    expected = [(kind, NAMES[kind][n % len(NAMES[kind])]) for kind, n in filter(None, parts)]
    for scheme in SCHEMES:
        tokens, tags = sentence(parts, scheme)
        assert [(kind, tuple(tokens[a:b])) for a, b, kind in mentions(tags)] == expected


def test_a_type_with_one_mention_stays():
    tokens, tags = ["Ann", "said"], ["B-PER", "O"]
    pool = mention_pool([(tokens, tags)])
    assert replace_mentions(tokens, tags, pool, Random(0), 1) == (tokens, tags)
