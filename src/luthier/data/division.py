"""Dividing units without chance: by what they say, or by when they were said."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
import polars as pl

from luthier.core.errors import DataError
from luthier.data.strata import Indices

LEAST_READABLE = 0.5
"""Share of the rows with a time from which on a column can be divided by."""


def by_hash(keys: pl.Series, member: Indices, shares: Sequence[float], seed: int) -> Indices:
    """For every unit 0 (train) or the number of the share, from 1, that it falls to.

    A key is hashed with BLAKE2b to a number between 0 and 1, the same on every machine; the unit
    takes the smallest of its rows. The first share takes the numbers from 0 on.

    Args:
        keys: (rows,) what decides; null counts as a value.
        member: (rows,) number of each row's unit.
        shares: E.g. ``[0.2, 0.1]``.
        seed: Another one gives another division.
    """
    salt = str(seed).encode()
    distinct = keys.cast(pl.String).fill_null("").unique(maintain_order=True)
    points = [
        int.from_bytes(blake2b(key.encode(), digest_size=7, key=salt).digest()) / 2**56
        for key in distinct
    ]
    found = keys.cast(pl.String).fill_null("").replace_strict(
        distinct, pl.Series(points, dtype=pl.Float64), return_dtype=pl.Float64
    )  # fmt: skip
    least = np.full(int(member.max()) + 1, 2.0)
    np.minimum.at(least, member, found.to_numpy())
    bounds = np.cumsum(shares)
    places = np.searchsorted(bounds, least, side="right") + 1
    return np.where(places > len(shares), 0, places)


def by_time(times: pl.Series, member: Indices, shares: Sequence[float]) -> Indices:
    """For every unit 0 (train) or the number of the share; the latest go to the first share.

    A unit is as late as its latest row. Units of the same time go together, so a share may
    be smaller than asked for; rows without a time stay in train.

    Args:
        times: (rows,) dates, numbers, or text of dates in ISO 8601.
        member: (rows,) number of each row's unit.
        shares: E.g. ``[0.2, 0.1]``.

    Raises:
        DataError: If fewer than half the rows have a time.
    """
    numbers = as_numbers(times)
    if numbers.null_count() > (1 - LEAST_READABLE) * len(numbers):
        raise DataError(
            "Only {found} of {rows} values of the column '{column}' are dates or numbers.",
            where="data.split.time",
            hint="Let data.steps.dates=true read the dates, or name another column.",
            found=len(numbers) - numbers.null_count(),
            rows=len(numbers),
            column=times.name,
        )
    latest = np.full(int(member.max()) + 1, -np.inf)
    np.maximum.at(latest, member, numbers.fill_null(-np.inf).to_numpy())
    known = np.sort(latest[np.isfinite(latest)])
    places = np.zeros(len(latest), dtype=np.int64)
    end = len(known)
    above = np.inf
    for number, share in enumerate(shares, 1):
        begin = max(0, end - round(share * len(latest)))
        if begin == end:
            continue
        bound = known[begin]
        if begin and known[begin - 1] == bound:
            later = known[known > bound]
            bound = later[0] if len(later) else np.inf
        places[(latest >= bound) & (latest < above)] = number
        end, above = int(np.searchsorted(known, bound)), bound
    return places


def as_numbers(times: pl.Series) -> pl.Series:
    """Times as numbers that grow with them; what is none is null."""
    if times.dtype.is_numeric():
        return times.cast(pl.Float64)
    if times.dtype.is_temporal():
        return times.cast(pl.Datetime("us")).dt.epoch("us").cast(pl.Float64)
    plain = times.cast(pl.String).str.strip_chars()
    numbers = plain.cast(pl.Float64, strict=False)
    stamps = plain.str.replace("T", " ", literal=True).str.replace(r"(Z|[+-]\d\d:?\d\d)$", "")
    frame = stamps.to_frame("at")
    forms = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d")
    read = [pl.col("at").str.to_datetime(form, strict=False, time_unit="us") for form in forms]
    found = frame.select(pl.coalesce(read).dt.epoch("us").cast(pl.Float64)).to_series()
    return found if found.null_count() <= numbers.null_count() else numbers
