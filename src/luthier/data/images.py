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
    if value["sha256"] is not None:
        return dict(value)
    if value["bytes"] is not None:
        return {**value, "sha256": hashlib.sha256(value["bytes"]).hexdigest()}
    if not value["path"]:
        return None
    path = (folder / Path(value["path"]).expanduser()).resolve()
    return {"path": str(path), "bytes": None, "sha256": sha256(path) if path.is_file() else None}
