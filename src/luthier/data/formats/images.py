"""Images with a class: as files that the table names, or within it."""

from __future__ import annotations

from typing import Any, ClassVar

import polars as pl

from luthier.data.formats.format import Columns, Format, Row, by_name, sample
from luthier.data.images import is_image

PLACES = (
    "image", "file_name", "filename", "path", "filepath", "file_path", "image_path", "file", "img",
    "picture", "图片", "图像", "图片路径",
)  # fmt: skip
LABELS = (
    "label", "class", "category", "target", "class_name", "label_name", "标签", "类别", "分类",
)  # fmt: skip
TEXTS = ("text", "caption", "sentence", "question", "prompt", "messages", "conversations")
"""Columns beside which an image is not all that a row says."""

MOST_CLASSES = 1000


class Images(Format):
    """``image`` and ``label``: bytes, a struct as on the hub, or the path of a file."""

    name: ClassVar[str] = "image,label"
    family: ClassVar[str] = "image"

    def match(self, rows: pl.DataFrame) -> Columns | None:
        """A column of images or their paths, and one of classes; no text beside them."""
        image = next((c for c in rows.columns if _holds_images(rows, c)), None)
        if image is None or by_name(rows, *TEXTS) is not None:
            return None
        label = by_name(rows, *LABELS) or _only_classes(rows, image)
        return {"image": image, "label": label} if label and label != image else None

    def read_row(self, row: Row, columns: Columns) -> dict[str, Any] | None:
        """The image, not looked at yet, and its class as text."""
        cell, label = row[columns["image"]], row[columns["label"]]
        if isinstance(cell, str):
            cell = {"path": cell}
        elif isinstance(cell, bytes):
            cell = {"bytes": cell}
        known = {key: (cell or {}).get(key) for key in ("path", "bytes", "sha256")}
        image = known if known["path"] or known["bytes"] else None
        return {"image": image, "label": None if label is None else str(label)}

    def write_row(self, row: Row) -> dict[str, Any] | None:
        """The path and the class, where the image is a file."""
        image = row["image"]
        outside = image["bytes"] is None and image["path"]
        return {"image": image["path"], "label": row["label"]} if outside else None


def _holds_images(rows: pl.DataFrame, column: str) -> bool:
    """Whether a column holds images or, under a usual name, paths of such."""
    kind = rows.schema[column]
    if isinstance(kind, pl.Struct):
        return {"path", "bytes"} <= {field.name for field in kind.fields}
    if column.strip().casefold() not in PLACES:
        return False
    if kind == pl.String:
        found = sample(rows, column)
        return bool(found) and sum(map(is_image, found)) > 0.8 * len(found)
    return bool(kind == pl.Binary)


def _only_classes(rows: pl.DataFrame, image: str) -> str | None:
    """The only other column with few different values, each in several rows."""
    plain = [
        name for name, kind in rows.schema.items()
        if name != image and not kind.is_nested() and kind != pl.Binary
        and 2 <= rows[name].n_unique() <= min(MOST_CLASSES, len(rows) // 2)
    ]  # fmt: skip
    return plain[0] if len(plain) == 1 else None
