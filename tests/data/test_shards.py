"""Token files: every token is read once, and documents keep their ends."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from luthier.data import shards
from luthier.data.packing import fill_blocks, positions
from luthier.data.shards import Blocks, Pieces, Shards, write_shards

DOCUMENTS = some.lists(some.lists(some.integers(0, 70_000), max_size=23), max_size=12)


@settings(max_examples=40, deadline=None)
@given(documents=DOCUMENTS, length=some.integers(1, 9), shard=some.integers(1, 40))
def test_blocks_and_pieces_hold_every_token_once(
    tmp_path_factory: pytest.TempPathFactory, documents: list[list[int]], length: int, shard: int
) -> None:
    folder = tmp_path_factory.mktemp("shards")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shards, "SHARD", shard)
        written = write_shards(iter(documents), 70_001, folder / "tokens")
        flat = [token for document in documents for token in document]
        blocks = Blocks(written, length)
        assert [token for block in blocks for token in block["input_ids"]] == flat
        assert [len(block["input_ids"]) for block in blocks] == blocks.sizes.tolist()
        assert [block["number"] for block in blocks] == list(range(len(blocks)))
        starts = {0, *np.cumsum([len(one) for one in documents]).tolist()} - {len(flat)}
        for number, block in enumerate(blocks):
            for place, position in enumerate(block["position_ids"]):
                token = number * length + place
                begins = max(start for start in {*starts, number * length} if start <= token)
                assert position == token - begins
        pieces = Pieces(written, length)
        assert [token for piece in pieces for token in piece["input_ids"]] == flat
        assert pieces.sizes.tolist() == [
            min(length, len(one) - at) for one in documents for at in range(0, len(one), length)
        ]


def test_small_vocabularies_take_two_bytes_a_token(tmp_path: Path) -> None:
    written = write_shards([[1, 2, 3], [4]], 300, tmp_path / "tokens")
    assert written.tokens[0].dtype == np.uint16
    assert (tmp_path / "tokens" / "tokens-00000.bin").stat().st_size == 8
    again = Shards.open(tmp_path / "tokens")
    assert again.read(1, 4).tolist() == [2, 3, 4]
    # What was written before the run was stopped is not written again.
    assert write_shards([[9]], 300, tmp_path / "tokens").count == 4


@settings(max_examples=60, deadline=None)
@given(lengths=some.lists(some.integers(0, 20), max_size=60))
def test_blocks_are_filled_without_loss(lengths: list[int]) -> None:
    blocks = fill_blocks(lengths, 20)
    assert sorted(one for block in blocks for one in block) == list(range(len(lengths)))
    totals = [sum(lengths[one] for one in block) for block in blocks]
    assert all(total <= 20 for total in totals)
    # Best fit leaves at most one block half empty.
    assert sum(total <= 10 for total in totals) <= 1


def test_positions_restart() -> None:
    assert positions(np.array([2, 3]), 6).tolist() == [0, 1, 0, 0, 1, 2]
