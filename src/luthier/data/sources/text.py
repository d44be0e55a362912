"""Bytes to text: gzip, encodings, and files that are not text at all."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

from charset_normalizer import from_bytes

from luthier.core.errors import DataError

BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
SAMPLE = 200_000
"""Bytes from which an unlabelled legacy encoding is guessed."""


def read_bytes(path: Path, name: str) -> bytes:
    """The content of a file, unpacked if it is gzip.

    Raises:
        DataError: If it is empty, or gzip that cannot be unpacked.
    """
    content = path.read_bytes()
    if content[:2] == b"\x1f\x8b":
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise DataError(
                "The gzip file cannot be unpacked: {reason}.",
                where=name,
                hint="It may be cut off; copy or download it again.",
                reason=str(error),
            ) from None
    elif path.suffix == ".gz":
        raise DataError(
            "The file ends in .gz but is not gzip.", where=name, hint="Rename it without .gz."
        )
    if not content.strip():
        raise DataError("The file is empty.", where=name, hint="Give a file with rows.")
    return content


def decode(content: bytes, name: str, encoding: str | None = None) -> tuple[str, list[str]]:
    """Text in the encoding given or detected, and notes on what was not plain UTF-8.

    Tried in order: a byte-order mark, UTF-8, UTF-16 by its zero bytes, GB18030 where it
    reads as Chinese, then what the bytes look like most.

    Raises:
        DataError: If the bytes are no text, or not in the encoding given.
    """
    if encoding:
        return _strictly(content, name, encoding), []
    for mark, codec in BOMS:
        if content.startswith(mark):
            return _strictly(content, name, codec), []
    if b"\x00" in content[:SAMPLE]:
        return _utf16_by_zeros(content, name), ["read as UTF-16"]
    try:
        return content.decode("utf-8"), []
    except UnicodeDecodeError:
        pass
    text = _as_chinese(content)
    if text is not None:
        return text, ["read as GB18030"]
    guess = from_bytes(content[:SAMPLE]).best()
    codec = guess.encoding if guess else "cp1252"
    try:
        return content.decode(codec), [f"read as {codec}"]
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace"), ["read as cp1252; some bytes are lost"]


def _strictly(content: bytes, name: str, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except LookupError:
        raise DataError(
            "There is no encoding '{encoding}'.",
            where=name,
            hint="For example utf-8, utf-16, gb18030 or cp1252.",
            encoding=encoding,
        ) from None
    except UnicodeDecodeError as error:
        raise DataError(
            "The file is not {encoding}: byte {position} does not fit.",
            where=f"{name}:{content[: error.start].count(10) + 1}",
            hint="Leave data.encoding out, and it is detected.",
            encoding=encoding,
            position=error.start,
        ) from None


def _utf16_by_zeros(content: bytes, name: str) -> str:
    """UTF-16 without a mark: text in Latin letters has its zero bytes all on one side."""
    sample = content[: SAMPLE // 2 * 2]
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    codec = "utf-16-le" if odd > even else "utf-16-be"
    lopsided = max(even, odd) > 0.4 * len(sample) / 2 and min(even, odd) < max(even, odd) / 10
    if lopsided:
        try:
            return content.decode(codec)
        except UnicodeDecodeError:
            pass
    raise DataError(
        "The file is binary, not text.",
        where=name,
        hint="Give csv, tsv, json, jsonl, parquet, arrow or xlsx, or a folder of text files.",
    )


def _as_chinese(content: bytes) -> str | None:
    """The text if it is strict GB18030 and its letters beyond ASCII are mostly common Chinese."""
    try:
        text = content.decode("gb18030")
    except UnicodeDecodeError:
        return None
    foreign = [c for c in text[:SAMPLE] if ord(c) > 127]
    common = sum(
        "\u4e00" <= c <= "\u9fff" or "\u3000" <= c <= "\u303f" or c in "，。！？：；（）“”…—"
        for c in foreign
    )
    return text if common > 0.8 * len(foreign) and len(foreign) >= 2 else None
