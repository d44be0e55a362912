"""Parquet and Arrow."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import polars as pl

from luthier.core.errors import DataError


def read_columnar(content: bytes, kind: str, name: str) -> pl.DataFrame:
    """The table in ``content``, which is ``parquet`` or ``arrow``; types stay as they are.

    Raises:
        DataError: If it is damaged or not of that kind.
    """
    try:
        return pl.read_parquet(io.BytesIO(content)) if kind == "parquet" else _read_arrow(content)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        raise damaged(kind, name, error) from None


def hub_features(path: Path) -> dict[str, Any]:
    """What the hub's tools wrote into a Parquet file of its columns' meaning; else empty."""
    try:
        written = pl.read_parquet_metadata(path).get("huggingface", "{}")
    except pl.exceptions.PolarsError:
        # It is gzip, or of another kind than its name says: then the hub's tools did not write it.
        return {}
    features: dict[str, Any] = json.loads(written).get("info", {}).get("features", {})
    return features


def damaged(kind: str, name: str, error: BaseException) -> DataError:
    """The error for a file that its reader refused."""
    return DataError(
        "The {kind} file cannot be read: {reason}.",
        where=name,
        hint="It may be cut off or of another kind; write or download it again.",
        kind=kind,
        reason=(str(error).strip().splitlines() or [type(error).__name__])[0].rstrip("."),
    )


def _read_arrow(content: bytes) -> pl.DataFrame:
    if content.startswith(b"ARROW1"):
        return pl.read_ipc(io.BytesIO(content))
    return pl.read_ipc_stream(io.BytesIO(content))
