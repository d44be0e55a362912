"""The bytes of a file: unpacked, and of which kind."""

from __future__ import annotations

import gzip
import io
import zlib
from pathlib import Path, PurePath

from luthier.core.errors import DataError

SUFFIXES = {
    ".csv": "table", ".tsv": "table", ".tab": "table", ".psv": "table",
    ".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl", ".jsonlines": "jsonl",
    ".parquet": "parquet", ".pq": "parquet",
    ".arrow": "arrow", ".feather": "arrow", ".ipc": "arrow",
    ".xlsx": "excel", ".xlsm": "excel", ".xlsb": "excel", ".xls": "excel", ".ods": "excel",
    ".conll": "conll", ".conllu": "conll", ".iob": "conll", ".iob2": "conll", ".bio": "conll",
}  # fmt: skip
"""Kind by the end of a file's name; any other name is told by the content."""

TEXTS = (".txt", ".text", ".md", ".markdown")
"""Ends of the names of plain texts, which may hold rows nevertheless."""

MAGIC = {b"PAR1": "parquet", b"ARRO": "arrow", b"PK\x03\x04": "excel", b"\xd0\xcf\x11\xe0": "excel"}
"""First bytes that decide, whatever the file is called: spreadsheets saved as .csv are common."""


PACKED_TIMES, FREE = 200, 1 << 26
"""A gzip file may unpack to so many times its size, beyond the first 64 MiB: texts come to a
twentieth of that, and what is far over it is made to fill the memory."""

CHUNK = 1 << 20


def read_content(path: Path, name: str) -> tuple[bytes, bytes]:
    """A file's bytes as they are, and unpacked where they are gzip.

    Raises:
        DataError: If the file cannot be read, is empty, or is damaged gzip.
    """
    try:
        stored = path.read_bytes()
    except OSError as error:
        raise DataError(
            "The file cannot be read: {reason}.",
            where=name,
            hint="Check its permissions.",
            reason=error.strerror or str(error),
        ) from None
    content = _unpack(stored, path, name)
    if not content.strip():
        raise DataError("The file is empty.", where=name, hint="Give a file with rows.")
    return stored, content


def kind_of(name: str, content: bytes) -> str | None:
    """``table``, ``json``, ``jsonl``, ``conll``, ``parquet``, ``arrow`` or ``excel``.

    None: neither the first bytes nor the name tell; then the text does.
    """
    return MAGIC.get(content[:4]) or SUFFIXES.get(suffix_of(name))


def suffix_of(name: str) -> str:
    """The end of a file's name in lower case, without regard to ``.gz``."""
    lowered = PurePath(name).name.lower()
    return PurePath(lowered.removesuffix(".gz")).suffix


def _unpack(stored: bytes, path: Path, name: str) -> bytes:
    if stored[:2] == b"\x1f\x8b":
        try:
            return _unpacked(stored, name)
        except (OSError, EOFError, zlib.error) as error:
            raise DataError(
                "The gzip file cannot be unpacked: {reason}.",
                where=name,
                hint="It may be cut off; copy or download it again.",
                reason=str(error).rstrip("."),
            ) from None
    if stored and path.suffix.lower() == ".gz":
        raise DataError(
            "The file's name ends in .gz, but it is not gzip.",
            where=name,
            hint="Rename it without .gz.",
        )
    return stored


def _unpacked(stored: bytes, name: str) -> bytes:
    """What gzip data hold, in memory that their size bounds."""
    most = FREE + PACKED_TIMES * len(stored)
    content = bytearray()
    with gzip.GzipFile(fileobj=io.BytesIO(stored)) as file:
        while part := file.read(CHUNK):
            content += part
            if len(content) > most:
                raise DataError(
                    "The gzip file unpacks to more than {times} times its size.",
                    where=name,
                    hint="It holds no table. If it does, unpack it by hand and give that.",
                    times=PACKED_TIMES,
                )
    return bytes(content)
