"""Schemes are told apart, written and repaired; entities inside others are refused."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from luthier.core.errors import DataError
from luthier.data.schemes import LETTERS, Scheme, breaks, canonical, check_flat, detect, tags_of
from luthier.metrics import mentions

SCHEMES: tuple[Scheme, ...] = ("IO", "BIO", "BIOES")
TAG = st.sampled_from(["O", *(f"{a}-{kind}" for a in "BIESLUM" for kind in ("PER", "a-b"))])


@settings(max_examples=200, deadline=None)
@given(st.lists(TAG, max_size=8), st.sampled_from(SCHEMES))
def test_canonical_tags_are_legal_and_mark_the_same_entities(
    tags: list[str], scheme: Scheme
) -> None:
    written = canonical(tags, scheme)
    assert len(written) == len(tags)
    assert not breaks(written, scheme)
    assert {*written} <= {*tags_of(["PER", "a-b"], scheme)}
    assert canonical(written, scheme) == written
    if scheme != "IO":
        assert mentions(written) == mentions(tags)


@pytest.mark.parametrize(
    ("tags", "scheme"),
    [
        ("O I-PER I-LOC", "IO"),
        ("O B-PER", "BIO"),
        ("B-PER I-PER O", "BIO"),
        ("B I O", "BIO"),
        ("B-PER E-PER O", "BIOES"),
        ("B-PER L-PER U-LOC", "BIOES"),
        ("B M E S", "BIOES"),
        ("NOUN VERB X", None),
        ("O PER", None),
        ("O", None),
        ("", None),
    ],
)
def test_schemes_are_detected(tags: str, scheme: Scheme | None) -> None:
    assert detect(tags.split()) == scheme


def test_other_letters_and_types_alone_are_understood() -> None:
    assert canonical(["B-X", "L-X", "U-X"], "BIOES") == ["B-X", "E-X", "S-X"]
    assert canonical(["B", "M", "E", "S"], "BIOES") == ["B", "I", "E", "S"]
    assert canonical(["PER", "PER", "O"], "BIO") == ["B-PER", "I-PER", "O"]
    assert canonical(["I-PER", "B-PER"], "BIO") == ["B-PER", "B-PER"]
    assert canonical(["I-PER", "DET"], None) == ["I-PER", "DET"]


@pytest.mark.parametrize(
    ("tags", "scheme", "broken"),
    [
        ("O I-PER", "BIO", True),
        ("B-PER I-LOC", "BIO", True),
        ("B-PER I-PER B-PER", "BIO", False),
        ("B-PER O", "BIOES", True),
        ("B-PER", "BIOES", True),
        ("E-PER", "BIOES", True),
        ("B-PER M-PER L-PER U-LOC", "BIOES", False),
        ("I-PER I-LOC", "IO", False),
    ],
)
def test_broken_tags_are_told(tags: str, scheme: Scheme, broken: bool) -> None:
    assert breaks(tags.split(), scheme) == broken


@pytest.mark.parametrize("tag", ["B-ORG|B-LOC", "I-ORG,B-GPE", "['B-PER', 'I-ORG']", "B-A/I-B"])
def test_entities_inside_others_are_refused(tag: str) -> None:
    with pytest.raises(DataError, match="inside one another"):
        check_flat(["O", "B-ORG", tag])


def test_types_with_signs_in_their_names_are_no_nested_ones() -> None:
    check_flat(["B-ORG/MEDIA", "I-work-of-art", "B-A,C", "NOUN|VERB", "O"])


def test_tags_of_a_scheme_have_every_letter() -> None:
    assert tags_of(["LOC"], "BIOES") == ["O", "B-LOC", "I-LOC", "E-LOC", "S-LOC"]
    assert tags_of(["_"], "BIO") == ["O", "B", "I"]
    assert all(len(tags_of(["A", "B"], s)) == 1 + 2 * len(LETTERS[s]) for s in SCHEMES)
