"""Data sets in the layout of the Hugging Face hub, from the hub or a local mirror."""

from __future__ import annotations

import os
from pathlib import Path

import polars as pl

from luthier.core.errors import DataError, LuthierError, SetupError

PREFIX = "hf:"
MIRROR = "LUTHIER_HUB_MIRROR"
"""Environment variable: a folder with data sets as ``owner/name``, used instead of the hub."""

SPLIT_NAMES = {"validation": ("validation", "valid", "dev"), "test": ("test",)}


def read_hub(spec: str) -> dict[str, pl.DataFrame]:
    """The splits of ``hf:owner/name`` or ``hf:owner/name@config``; ``train`` is always there.

    Raises:
        SetupError: If the extra that reads the hub is not installed.
        DataError: If the data set cannot be had, or has no train split.
    """
    name, _, config = spec.removeprefix(PREFIX).partition("@")
    mirror = os.environ.get(MIRROR)
    source = str(Path(mirror) / name) if mirror else name
    if mirror and not Path(source).is_dir():
        raise DataError(
            "The mirror has no data set '{name}'.",
            where=str(mirror),
            hint="Unset {variable} to use the hub.",
            name=name,
            variable=MIRROR,
        )
    loaded = _load(source, config or None, spec)
    train = loaded.get("train")
    if train is None:
        raise DataError(
            "The data set has no split 'train'; it has {splits}.",
            where=spec,
            hint="Give its files one by one.",
            splits=", ".join(loaded),
        )
    result = {"train": train}
    for split, names in SPLIT_NAMES.items():
        found = next((loaded[n] for n in names if n in loaded), None)
        if found is not None:
            result[split] = found
    return result


def _load(source: str, config: str | None, spec: str) -> dict[str, pl.DataFrame]:
    try:
        import datasets  # noqa: PLC0415 - an optional extra
    except ImportError:
        raise SetupError(
            "Reading data sets of the hub needs the extra 'hub'.",
            hint="pip install 'luthier[hub]'",
        ) from None
    datasets.disable_progress_bars()
    try:
        loaded = datasets.load_dataset(source, config)
        return {str(name): _named(split) for name, split in loaded.items()}
    except LuthierError:
        raise
    # The library raises errors of many kinds for a wrong name, network or file.
    except Exception as error:
        raise DataError(
            "The data set cannot be read: {reason}.",
            where=spec,
            hint="Check the name (hf:owner/name) and the network.",
            reason=(str(error).splitlines() or [type(error).__name__])[0].rstrip("."),
        ) from None


def _named(split: object) -> pl.DataFrame:
    """A split as a table, its coded classes by name."""
    rows: pl.DataFrame = split.to_polars()  # type: ignore[attr-defined]
    for column, feature in split.features.items():  # type: ignore[attr-defined]
        names = getattr(feature, "names", None)
        if names:
            codes = dict(enumerate(names))
            rows = rows.with_columns(
                pl.col(column).replace_strict(codes, default=None, return_dtype=pl.String)
            )
    return rows
