"""Dates and times in any form, read as moments; as ISO 8601 text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import polars as pl

Order = Literal["day_first", "month_first"]

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

PIVOT = 69
"""Years of two digits from here on are of the 20th century (POSIX)."""

SERIALS = (18_264.0, 73_051.0)
"""Excel's numbers of the days from 1950 to 2099."""
SECONDS = (3.0e8, 4.1e9)
"""Unix seconds from 1979 to 2099; milliseconds are a thousand times as many."""
EXCEL_EPOCH = -2_209_161_600_000
"""Milliseconds from 1970-01-01 to day 0 of Excel, 1899-12-30."""

_TIME = (
    r"(?:[T,\s]\s*(?P<half>上午|下午|晚上|凌晨)?\s*(?P<h>\d{1,2})[:.时点](?P<m>\d{1,2})分?"
    r"(?:[:.]?(?P<s>\d{2})(?P<f>[.,]\d{1,9})?秒?)?\s*(?P<ap>[AaPp]\.?[Mm]\.?)?"
    r"\s*(?P<z>Z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2})?)?$"
)
_NAME = r"(?P<mon>[A-Za-z]{3,9})\.?"
_WEEKDAY = r"(?i:^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,?\s+)?"
FORMS: Mapping[str, str] = {
    "year first": r"^(?P<y>\d{4})[-/.](?P<a>\d{1,2})[-/.](?P<b>\d{1,2})" + _TIME,
    "chinese": r"^(?P<y>\d{4})年(?P<a>\d{1,2})月(?P<b>\d{1,2})[日号]"
    + _TIME.replace(r"[T,\s]\s*", r"[T,\s]?\s*", 1),
    "dashes": r"^(?P<a>\d{1,2})-(?P<b>\d{1,2})-(?P<y>\d{4}|\d{2})" + _TIME,
    "slashes": r"^(?P<a>\d{1,2})/(?P<b>\d{1,2})/(?P<y>\d{4}|\d{2})" + _TIME,
    "dots": r"^(?P<a>\d{1,2})\.(?P<b>\d{1,2})\.(?P<y>\d{4})" + _TIME,
    "day and name": "^" + _WEEKDAY + r"(?P<b>\d{1,2})[-\s]" + _NAME
    + r"[-,\s]\s*(?P<y>\d{4}|\d{2})" + _TIME,
    "name and day": "^" + _WEEKDAY + _NAME + r"\s+(?P<b>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<y>\d{4})"
    + _TIME,
    "name, time, year": "^" + _WEEKDAY + _NAME
    + r"\s+(?P<b>\d{1,2})\s+(?P<h>\d{1,2}):(?P<m>\d{2}):(?P<s>\d{2})"
    r"\s+(?P<z>[+-]\d{4}|UTC|GMT)?\s*(?P<y>\d{4})$",
}  # fmt: skip
"""Form to its pattern: ``y`` year, ``a`` month, ``b`` day; in ``UNSURE`` forms either."""

UNSURE = ("dashes", "slashes", "dots")
"""Forms in which day or month may come first: columns show which."""


@dataclass(frozen=True)
class Moments:
    """What the cells of a column mean."""

    iso: pl.Series
    """ISO 8601 text for every cell; null where it is no date, or nobody can say which."""
    stamps: pl.Series
    """The same as milliseconds since 1970."""
    orders: dict[str, Order] = field(default_factory=dict)
    """Form to the order that its unambiguous cells show."""
    unclear: dict[str, int] = field(default_factory=dict)
    """Form to its rows, where no cell shows the order, or cells show both."""


def read_moments(cells: pl.Series, order: Order | None = None, *, numbers: bool = False) -> Moments:
    """The moments that cells mean.

    Args:
        cells: Text, numbers, dates or times.
        order: Whether ``03/04`` is in April or March; None: as the other cells show.
        numbers: Whether numbers are taken for Excel's days, Unix seconds or milliseconds, or
            ``YYYYMMDD``.
    """
    if cells.dtype.is_temporal():
        return _native(cells)
    text = cells.cast(pl.String).rename("cell")
    kept = text.unique(maintain_order=True).drop_nulls()
    counts = text.to_frame().group_by("cell", maintain_order=True).len("rows").drop_nulls("cell")
    bare = pl.col("cell").str.normalize("NFKC").str.strip_chars()
    table = pl.DataFrame({"cell": kept}).join(counts, on="cell", how="left", maintain_order="left")
    table = table.with_columns(bare=bare)
    parts: list[pl.DataFrame] = []
    orders: dict[str, Order] = {}
    unclear: dict[str, int] = {}
    for form, regex in FORMS.items():
        match = table.filter(pl.col("bare").str.contains(_plain(regex)))
        if match.is_empty():
            continue
        table = table.filter(~pl.col("bare").str.contains(_plain(regex)))
        read = _fields(match, regex)
        if form in UNSURE:
            read, shown = _ordered(read, order)
            if shown is None:
                unclear[form] = int(read["rows"].sum())
                continue
            if order is None:
                orders[form] = shown
        parts.append(_stamped(read))
    if numbers:
        parts.append(_counted(table))
    whole = pl.concat(parts) if parts else _NOTHING
    found = text.to_frame().join(whole, on="cell", how="left", maintain_order="left")
    return Moments(
        found["iso"].rename(cells.name), found["stamp"].rename(cells.name), orders, unclear
    )


_NOTHING = pl.DataFrame(schema={"cell": pl.String, "iso": pl.String, "stamp": pl.Int64})


def _native(cells: pl.Series) -> Moments:
    if cells.dtype == pl.Time or cells.dtype == pl.Duration:
        nothing = pl.Series(cells.name, [None] * len(cells))
        return Moments(nothing.cast(pl.String), nothing.cast(pl.Int64))
    zoned = isinstance(cells.dtype, pl.Datetime) and cells.dtype.time_zone is not None
    moment = pl.col("cell").cast(pl.Datetime("ms", "UTC" if zoned else None))
    stamp = moment.dt.replace_time_zone(None).dt.epoch("ms")
    daily = pl.lit(cells.dtype == pl.Date)
    named = cells.rename("cell").to_frame().select(stamp=stamp, daily=daily, zoned=pl.lit(zoned))
    out = named.select(_iso(), "stamp")
    return Moments(out["iso"].rename(cells.name), out["stamp"].rename(cells.name))


def _plain(regex: str) -> str:
    """The pattern without names, which only extraction needs."""
    for name in ("half", "mon", "ap", *"hmsfzyab"):
        regex = regex.replace(f"?P<{name}>", "?:")
    return regex


def _fields(match: pl.DataFrame, regex: str) -> pl.DataFrame:
    """The parts of dates as columns of text; those that the form lacks are null."""
    groups = pl.col("bare").str.extract_groups(regex)
    read = match.with_columns(groups.alias("_g")).unnest("_g")
    lacking = [name for name in (*"yabhmsfz", "half", "ap", "mon") if name not in read.columns]
    read = read.with_columns(pl.lit(None, dtype=pl.String).alias(name) for name in lacking)
    numbered = pl.col("mon").str.to_lowercase().str.slice(0, 3)
    by_name = numbered.replace_strict(
        {month: str(number) for number, month in enumerate(MONTHS, 1)}, default=None,
        return_dtype=pl.String,
    )  # fmt: skip
    return read.with_columns(pl.coalesce(by_name, "a").alias("a"))


def _ordered(read: pl.DataFrame, order: Order | None) -> tuple[pl.DataFrame, Order | None]:
    """``a`` as month and ``b`` as day, as asked or as the cells show; None: nobody can say."""
    first, second = pl.col("a").cast(pl.Int64), pl.col("b").cast(pl.Int64)
    days = int(read.select(((first > 12) & (second <= 12)).sum()).item())
    months = int(read.select(((second > 12) & (first <= 12)).sum()).item())
    same = read.select((first == second).all()).item()
    if order is None and (bool(days) == bool(months)) and not same:
        return read, None
    shown: Order = order or ("day_first" if days else "month_first")
    if shown == "day_first":
        read = read.with_columns(a="b", b="a")
    return read, shown


def _stamped(read: pl.DataFrame) -> pl.DataFrame:
    """``cell``, ``iso`` and ``stamp`` of dates in parts; null where there is no such day."""
    year = pl.col("y").cast(pl.Int64)
    full = pl.when(year >= 100).then(year).otherwise(
        year + pl.when(year >= PIVOT).then(1900).otherwise(2000)
    )  # fmt: skip
    day = [full.cast(pl.String).str.zfill(4), *(pl.col(c).str.zfill(2) for c in "ab")]
    date = pl.concat_str(day, separator="-").str.to_date("%Y-%m-%d", strict=False)
    hour = pl.col("h").cast(pl.Int64).fill_null(0)
    late = pl.col("ap").str.to_lowercase().str.starts_with("p").fill_null(False)
    late = late | pl.col("half").is_in(["下午", "晚上"]).fill_null(False)
    early = pl.col("ap").is_not_null() | pl.col("half").is_not_null()
    hour = (
        pl.when(late & (hour < 12)).then(hour + 12)
        .when(early & ~late & (hour == 12)).then(0).otherwise(hour)
    )  # fmt: skip
    minute, second = (pl.col(c).cast(pl.Int64).fill_null(0) for c in "ms")
    part = pl.concat_str(pl.lit("0."), pl.col("f").str.slice(1)).cast(pl.Float64).fill_null(0)
    millis = (part * 1000).floor().cast(pl.Int64)
    stamp = date.dt.epoch("ms") + ((hour * 60 + minute) * 60 + second) * 1000 + millis
    sound = (hour < 24) & (minute < 60) & (second < 60)
    stamp = pl.when(sound).then(stamp - _offset())
    return read.select(
        "cell", stamp=stamp, daily=pl.col("h").is_null(), zoned=pl.col("z").is_not_null()
    ).select("cell", _iso(), "stamp")


def _offset() -> pl.Expr:
    """Milliseconds that a zone is ahead of UTC."""
    zone = pl.col("z")
    hours = zone.str.extract(r"^[+-](\d{2})").cast(pl.Int64)
    minutes = zone.str.extract(r"^[+-]\d{2}:?(\d{2})$").cast(pl.Int64).fill_null(0)
    sign = pl.when(zone.str.starts_with("-")).then(-1).otherwise(1)
    return (sign * (hours * 60 + minutes) * 60_000).fill_null(0)


def _counted(table: pl.DataFrame) -> pl.DataFrame:
    """``cell``, ``iso`` and ``stamp`` of what counts days or seconds, or is ``YYYYMMDD``."""
    number = pl.col("bare").cast(pl.Float64, strict=False)
    compact = pl.col("bare").str.contains(r"^(19|20)\d{6}$")
    day = pl.col("bare").str.to_date("%Y%m%d", strict=False).dt.epoch("ms")
    excel = (number * 86_400).round() * 1000 + EXCEL_EPOCH
    stamp = (
        pl.when(compact).then(day.cast(pl.Float64))
        .when(number.is_between(*SERIALS)).then(excel)
        .when(number.is_between(*SECONDS)).then((number * 1000).round())
        .when((number / 1000).is_between(*SECONDS)).then(number.round())
    ).cast(pl.Int64)  # fmt: skip
    serial = number.is_between(*SERIALS) & (number == number.round())
    zoned = (number >= SECONDS[0]) & ~compact
    read = table.select("cell", stamp=stamp, daily=compact | serial, zoned=zoned)
    return read.drop_nulls("stamp").select("cell", _iso(), "stamp")


def _iso() -> pl.Expr:
    """ISO 8601 text of ``stamp``: a day alone where ``daily``, with ``Z`` where ``zoned``."""
    moment = pl.from_epoch("stamp", time_unit="ms")
    seconds = moment.dt.strftime("%Y-%m-%dT%H:%M:%S")
    millis = pl.col("stamp") % 1000
    fraction = pl.concat_str(pl.lit("."), millis.cast(pl.String).str.zfill(3))
    whole = pl.concat_str(
        seconds, pl.when(millis == 0).then(pl.lit("")).otherwise(fraction),
        pl.when(pl.col("zoned")).then(pl.lit("Z")).otherwise(pl.lit("")),
    )  # fmt: skip
    daily = moment.dt.strftime("%Y-%m-%d")
    return pl.when(pl.col("daily")).then(daily).otherwise(whole).alias("iso")
