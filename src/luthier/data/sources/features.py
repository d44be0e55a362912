"""Classes that the hub's tools write as numbers, and what they are called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

Classes = Mapping[str, Mapping[int, str]]
"""Column to its classes by code."""


def classes_of(features: Mapping[str, Any]) -> dict[str, dict[int, str]]:
    """The classes of columns, single ones or lists, as a Parquet file of the hub keeps them.

    Args:
        features: Column to its feature, from the file's metadata.
    """
    names = {column: _names(feature) for column, feature in features.items()}
    return {column: dict(enumerate(found)) for column, found in names.items() if found}


def label_names(card: Mapping[str, Any], config: str | None) -> dict[str, dict[int, str]]:
    """The classes of columns, single ones or lists, as the README of a data set gives them."""
    infos = card.get("dataset_info") or []
    infos = [infos] if isinstance(infos, dict) else infos
    chosen = [
        i
        for i in infos
        if len(infos) == 1 or i.get("config_name", "default") == (config or "default")
    ]
    features = [f for info in chosen for f in info.get("features") or []]
    result = {}
    for feature in features:
        kinds = (feature.get(key) for key in ("dtype", "sequence", "list"))
        kind = next((kind for kind in kinds if isinstance(kind, dict)), {})
        kind = kind["dtype"] if isinstance(kind.get("dtype"), dict) else kind
        names = kind.get("class_label", {}).get("names")
        if names:
            pairs = names.items() if isinstance(names, dict) else enumerate(names)
            result[str(feature["name"])] = {int(code): str(label) for code, label in pairs}
    return result


def by_name(rows: pl.DataFrame, classes: Classes) -> pl.DataFrame:
    """Coded classes by name; codes without one (-1 in tests without answers) become null."""
    for column, names in classes.items():
        kind = rows.schema.get(column)
        if kind is None:
            continue
        if kind.is_integer():
            rows = rows.with_columns(_named(pl.col(column), names))
        elif isinstance(kind, pl.List) and kind.inner.is_integer():
            rows = rows.with_columns(pl.col(column).list.eval(_named(pl.element(), names)))
    return rows


def _named(codes: pl.Expr, names: Mapping[int, str]) -> pl.Expr:
    return codes.replace_strict(names, default=None, return_dtype=pl.String)


def _names(feature: Any) -> list[str] | None:
    """The names in a feature: of a class, or of a list of such."""
    if isinstance(feature, list):
        feature = feature[0] if feature else None
    if not isinstance(feature, dict):
        return None
    return feature.get("names") or _names(feature.get("feature"))
