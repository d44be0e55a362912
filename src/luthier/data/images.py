"""Images of rows: files, or bytes within the table."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from luthier.core.errors import DataError
from luthier.core.files import sha256
from luthier.core.lazy import lazy

if TYPE_CHECKING:
    from PIL.Image import Image as Picture
pillow: Any = lazy("PIL.Image")
ops: Any = lazy("PIL.ImageOps")

IMAGE = pl.Struct({"path": pl.String, "bytes": pl.Binary, "sha256": pl.String})
"""One image. ``path``: absolute, of its file; where ``bytes`` holds the content, what it is called,
if anything. ``sha256``: of the content; null where there is none."""

MADE = "images"
"""Folder beside prepared rows for the images that preparation made."""

ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff")


def is_image(path: str) -> bool:
    """Whether a file's name ends as those of images do."""
    return path.lower().endswith(ENDINGS)


def of_files(paths: Iterable[Path]) -> pl.Series:
    """Images that are files, (files,) of type ``IMAGE``."""
    values = [{"path": str(path), "bytes": None, "sha256": sha256(path)} for path in paths]
    return pl.Series("image", values, dtype=IMAGE)


def located(images: pl.Series, folder: Path) -> pl.Series:
    """Images with absolute paths and with the SHA-256 of their content.

    Args:
        images: Of type ``IMAGE``; relative paths start at ``folder``.
        folder: Where the table stands.
    """
    values = [value and _located(value, folder) for value in images]
    return pl.Series(images.name, values, dtype=IMAGE)


def made_image(content: bytes) -> dict[str, Any]:
    """A new image, called as the file that it will be once rows are written.

    Args:
        content: Of a JPEG file or a PNG file.
    """
    digest = hashlib.sha256(content).hexdigest()
    ending = ".jpg" if content.startswith(b"\xff\xd8") else ".png"
    return {"path": f"{MADE}/{digest}{ending}", "bytes": content, "sha256": digest}


def put_beside(rows: pl.DataFrame, folder: Path) -> pl.DataFrame:
    """The rows with new images as files in ``folder``; their paths start there.

    Args:
        rows: Any rows; those of :func:`made_image` become files.
        folder: Where the rows are to be written.
    """
    for name in image_columns(rows):
        image, content = pl.col(name).struct, pl.col(name).struct.field("bytes")
        called = pl.concat_str(pl.lit(f"{MADE}/"), image.field("sha256"), pl.lit("."))
        new = content.is_not_null() & image.field("path").str.starts_with(called).fill_null(False)
        for value in rows.filter(new)[name]:
            (folder / MADE).mkdir(exist_ok=True)
            (folder / value["path"]).write_bytes(value["bytes"])
        kept = pl.when(~new).then(content)
        rows = rows.with_columns(image.with_fields(kept.alias("bytes")).alias(name))
    return rows


def taken_from(rows: pl.DataFrame, folder: Path) -> pl.DataFrame:
    """Rows of a folder with the absolute paths of the images that :func:`put_beside` wrote."""
    for name in image_columns(rows):
        path = pl.col(name).struct.field("path")
        beside = pl.col(name).struct.field("bytes").is_null() & path.str.starts_with(f"{MADE}/")
        there = pl.concat_str(pl.lit(f"{folder.resolve().as_posix()}/"), path)
        found = pl.when(beside).then(there).otherwise(path).alias("path")
        rows = rows.with_columns(pl.col(name).struct.with_fields(found).alias(name))
    return rows


def image_columns(rows: pl.DataFrame) -> list[str]:
    """The columns that hold images."""
    return [name for name, kind in rows.schema.items() if kind == IMAGE]


def open_image(value: Mapping[str, Any]) -> Picture:
    """The picture of one row in RGB, upright as its camera says.

    Args:
        value: A value of type ``IMAGE``.

    Raises:
        DataError: If it cannot be read.
    """
    try:
        with pillow.open(_file(value)) as picture:
            upright: Picture = ops.exif_transpose(picture).convert("RGB")
            return upright
    except (OSError, ValueError, SyntaxError, pillow.DecompressionBombError) as error:
        raise DataError(
            "The image cannot be read: {reason}.",
            where=value["path"],
            hint="Give a JPEG, PNG, WebP, GIF, BMP or TIFF file.",
            reason=str(error).rstrip(".") or type(error).__name__,
        ) from None


def examine(value: Mapping[str, Any]) -> tuple[str | None, int, int]:
    """Why an image cannot be read (None: it can), and its width and height.

    All of it is decoded, at a fraction of its size where the format allows, so that an image that
    was cut off is found.

    Args:
        value: A value of type ``IMAGE``.
    """
    try:
        with pillow.open(_file(value)) as picture:
            width, height = picture.size
            picture.draft(None, (1, 1))
            picture.load()
        return None, width, height
    except FileNotFoundError:
        return "there is no such file", 0, 0
    except pillow.UnidentifiedImageError:
        return "it is no image of a known format", 0, 0
    except (OSError, ValueError, SyntaxError, pillow.DecompressionBombError) as error:
        return f"it cannot be read: {str(error).rstrip('.') or type(error).__name__}", 0, 0


def _file(value: Mapping[str, Any]) -> Any:
    return value["path"] if value["bytes"] is None else io.BytesIO(value["bytes"])


def _located(value: Mapping[str, Any], folder: Path) -> dict[str, Any] | None:
    path, content, digest = (value[key] for key in ("path", "bytes", "sha256"))
    if content is not None:
        return {**value, "sha256": digest or hashlib.sha256(content).hexdigest()}
    if not path:
        return None if digest is None else dict(value)
    file = (folder / Path(path).expanduser()).resolve() if digest is None else folder / path
    known = digest or (sha256(file) if file.is_file() else None)
    return {"path": str(file), "bytes": None, "sha256": known}
