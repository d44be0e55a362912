"""No new row says what there is: exactly, or, of rows to judge by, but for case and marks."""

from __future__ import annotations

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from luthier.data.augment.known import Known
from luthier.data.shingles import normalise

SAID = st.sampled_from(["oil rose", "Oil rose", "oil, rose!", "gas fell", "Gas fell.", "利润", ""])


@settings(max_examples=120, deadline=None)
@given(
    there=st.lists(st.tuples(SAID, st.booleans()), max_size=6),
    rounds=st.lists(st.lists(SAID, min_size=1, max_size=6), min_size=1, max_size=3),
)
def test_what_is_fresh_was_never_said(there, rounds):
    said = pl.Series([text for text, _ in there], dtype=pl.String)
    held_out = pl.Series([judge for _, judge in there], dtype=pl.Boolean)
    known, taken = Known(said, held_out), set(said)
    judged = set(normalise(said.filter(held_out)))
    for tried in rounds:
        texts = pl.Series(tried, dtype=pl.String)
        fresh = known.fresh(pl.DataFrame({"_index": range(len(texts))}), texts)
        assert fresh["_index"].is_sorted()
        assert fresh["_said"].to_list() == [tried[index] for index in fresh["_index"]]
        plain = dict(zip(tried, normalise(texts), strict=True))
        expected = [
            text for text in dict.fromkeys(tried) if text not in taken and plain[text] not in judged
        ]
        assert fresh["_said"].to_list() == expected
        taken |= set(expected)
