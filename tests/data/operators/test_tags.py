"""Tags that break their scheme are repaired and entered; others stay as they are."""

from __future__ import annotations

import polars as pl
import pytest

from luthier.core.errors import DataError
from luthier.data.ledger import Ledger
from luthier.data.operator import Context
from luthier.data.operators.tags import Tags
from luthier.data.roles import ROW, SOURCE, Role

TAGGED = (Role("tokens", "tokens"), Role("tags", "tags"))


def applied(*rows: str | None) -> tuple[list[list[str] | None], Context]:
    """Tags after the step, and what it entered."""
    context = Context(TAGGED, Ledger())
    tags = pl.Series("tags", [row and row.split() for row in rows], dtype=pl.List(pl.String))
    table = pl.DataFrame({"tags": tags}).with_columns(pl.lit("x.conll").alias(SOURCE))
    after = Tags().apply(table.with_row_index(ROW), context)
    return after["tags"].to_list(), context


def test_broken_tags_are_repaired_and_entered() -> None:
    tags, context = applied("O I-PER I-PER O", "B-LOC I-PER", "B-PER I-PER", None)
    assert tags == [["O", "B-PER", "I-PER", "O"], ["B-LOC", "B-PER"], ["B-PER", "I-PER"], None]
    entered = context.ledger.table()
    assert entered["row"].to_list() == [0, 1]
    assert entered["before"][1] == "B-LOC I-PER"
    assert entered["after"][1] == "B-LOC B-PER"
    assert context.notes == ["tags: the scheme is BIO"]


@pytest.mark.parametrize(
    ("row", "scheme"),
    [
        ("B-PER E-PER S-LOC O", "BIOES"),
        ("B-PER L-PER U-LOC O", "BIOES"),
        ("I-PER I-PER B-PER O", "IOB1"),
        ("I-PER I-LOC O", "IO"),
        ("B-PER I-PER B-LOC", "BIO"),
        ("O O B-PER", "BIO"),
    ],
)
def test_sound_tags_stay_as_they_are(row: str, scheme: str) -> None:
    (tags,), context = applied(row)
    assert tags == row.split()
    assert context.ledger.table().is_empty()
    assert scheme in context.notes[0]


def test_parts_of_speech_are_left_alone() -> None:
    (tags,), context = applied("DET NOUN I")
    assert tags == ["DET", "NOUN", "I"]
    assert context.notes == []


def test_entities_inside_others_are_refused_with_their_row() -> None:
    with pytest.raises(DataError, match=r"'I-ORG\|B-LOC'.*\n.*x.conll, row 1"):
        applied("O B-ORG", "B-ORG I-ORG|B-LOC")
