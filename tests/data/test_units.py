"""Rows that belong together."""

from __future__ import annotations

import networkx as nx
import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from luthier.data.units import joined, units

KEYS = st.lists(st.tuples(st.sampled_from("abcd"), st.none() | st.integers(0, 3)), min_size=1)


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19)), max_size=25))
def test_joined_are_the_components_of_a_graph(pairs):
    graph = nx.Graph(pairs)
    graph.add_nodes_from(range(20))
    expected = {node: min(part) for part in nx.connected_components(graph) for node in part}
    found = joined(20, np.array(pairs, dtype=np.int64).reshape(-1, 2))
    assert found.tolist() == [expected[node] for node in range(20)]


@settings(deadline=None, max_examples=100)
@given(KEYS)
def test_rows_stay_with_those_that_agree_in_any_bond(cells):
    rows = pl.DataFrame(cells, schema={"text": pl.String, "group": pl.Int64}, orient="row")
    unit = units(rows, [["text"], ["group"]])
    for one, (text, group) in enumerate(cells):
        assert unit[one] <= one
        assert unit[unit[one]] == unit[one]
        for other, (its, group2) in enumerate(cells):
            if text == its or (group is not None and group == group2):
                assert unit[one] == unit[other]


def test_null_binds_nothing():
    rows = pl.DataFrame({"group": [None, None, 1, 1]})
    assert units(rows, [["group"]]).tolist() == [0, 1, 2, 2]
