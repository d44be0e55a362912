"""Bytes to text. An encoding is detected by proof where there is one, and reported where not."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

from charset_normalizer import from_bytes

from luthier.core.errors import DataError

BOMS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
SAMPLE = 100_000
"""Characters or bytes that a guess looks at."""

HIGH = bytes(range(0x80, 0x100))
MOST_CONTROLS = 0.01
"""Text may hold this share of control characters; a binary file holds more."""

_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f]")
_ESCAPED = re.compile("[\udc80-\udcff]")


def decode(content: bytes, name: str, encoding: str | None = None) -> tuple[str, list[str]]:
    """Text in the encoding given or detected, and notes on what was not plain UTF-8.

    Tried in order: a byte-order mark; UTF-16 where there are zero bytes; UTF-8, also with
    a few bytes that are not; GB18030 where it reads as Chinese; other scripts by their
    statistics; cp1252 last.

    Raises:
        DataError: If the bytes are no text, or not in the encoding given.
    """
    text, notes = _decoded(content, name, encoding)
    sample = text[:SAMPLE]
    if "\x00" in text or len(_CONTROLS.findall(sample)) > MOST_CONTROLS * len(sample):
        raise _binary(name)
    return text, notes


def _decoded(content: bytes, name: str, encoding: str | None) -> tuple[str, list[str]]:
    if encoding:
        return _strictly(content, name, encoding).removeprefix("\ufeff"), []
    for mark, codec in BOMS:
        if content.startswith(mark):
            return _strictly(content, name, codec), []
    if b"\x00" in content:
        text = _as_utf16(content)
        if text is None:
            raise _binary(name)
        return text, ["read as UTF-16"]
    try:
        return content.decode("utf-8"), []
    except UnicodeDecodeError:
        return _not_utf8(content, name)


def _not_utf8(content: bytes, name: str) -> tuple[str, list[str]]:
    repaired = _nearly_utf8(content)
    if repaired is not None:
        return repaired
    text = _as_chinese(content)
    if text is not None:
        lost = text.count("\ufffd")
        return text, [
            f"read as GB18030; {lost} characters are damaged" if lost else _read("GB18030")
        ]
    codec = _other_script(content[:SAMPLE])
    if codec is not None:
        try:
            return content.decode(codec), [_read(codec)]
        except UnicodeDecodeError:
            pass
    try:
        return content.decode("cp1252"), [_read("cp1252")]
    except UnicodeDecodeError:
        raise DataError(
            "The encoding of the text cannot be determined.",
            where=name,
            hint="Say which one it is: data.encoding=NAME, or save the file as UTF-8.",
        ) from None


def _read(codec: str) -> str:
    return f"read as {codec}, which is a guess: set data.encoding if letters look wrong"


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
            hint="Leave data.encoding out and it is detected, or save the file as UTF-8.",
            encoding=encoding,
            position=error.start,
        ) from None


def _binary(name: str) -> DataError:
    return DataError(
        "The file is binary, not text.",
        where=name,
        hint="Give csv, tsv, json, jsonl, parquet, arrow or xlsx, or a folder of text files.",
    )


def _as_utf16(content: bytes) -> str | None:
    """UTF-16 without a mark: the byte order under which nearly all characters are ordinary."""
    best: tuple[float, str] | None = None
    for codec in ("utf-16-le", "utf-16-be"):
        try:
            text = content.decode(codec)
        except UnicodeDecodeError:
            continue
        ordinary = _ordinary(text[:SAMPLE])
        if ordinary > 0.95 and (best is None or ordinary > best[0]):
            best = (ordinary, text)
    return best[1] if best else None


def _ordinary(text: str) -> float:
    """Share of the characters that people write: Latin, Greek, Cyrillic, kana, CJK, hangul."""
    ranges = ((0x20, 0x7E), (0xA0, 0x52F), (0x2010, 0x2044), (0x3000, 0x30FF), (0x4E00, 0x9FFF),
              (0xAC00, 0xD7A3), (0xFF00, 0xFFEF))  # fmt: skip
    counts = Counter(text)
    good = sum(
        n for c, n in counts.items() if c in "\t\r\n" or any(a <= ord(c) <= b for a, b in ranges)
    )
    # Bytes swapped, line ends and blanks turn into these.
    swapped = counts["\u0a00"] + counts["\u0d00"] + counts["\u2000"] + counts["\u2c00"]
    return (good - swapped) / max(1, len(text))


def _nearly_utf8(content: bytes) -> tuple[str, list[str]] | None:
    """UTF-8 with few other bytes, as files glued together have; those are read as cp1252."""
    text = content.decode("utf-8", "surrogateescape")
    bad = list(_ESCAPED.finditer(text))
    good = len(text) - len(text.encode("ascii", "ignore")) - len(bad)
    if good <= 2 * len(bad):
        return None
    line = text.count("\n", 0, bad[0].start()) + 1
    note = f"{len(bad)} bytes are not UTF-8 and were read as cp1252, the first in line {line}"
    return _ESCAPED.sub(_single_byte, text), [note]


def _single_byte(match: re.Match[str]) -> str:
    return bytes([ord(match[0]) - 0xDC00]).decode("cp1252", "replace")


def _as_chinese(content: bytes) -> str | None:
    """The text if it is GB18030, but for few bytes, and reads as modern Chinese.

    Any bytes of many encodings form valid GB18030. What tells Chinese is that its
    characters are the common ones; Korean bytes would pass for those, so they are
    tried as Korean first.
    """
    text = content.decode("gb18030", "replace")
    foreign = [c for c in text[:SAMPLE] if ord(c) > 127]
    damaged = foreign.count("\ufffd")
    if len(foreign) < 2 or damaged > 0.01 * len(foreign):
        return None
    common = sum(map(_is_common_chinese, foreign))
    if common < 0.7 * len(foreign) or _is_korean(content[:SAMPLE]):
        return None
    return text


def _is_common_chinese(character: str) -> bool:
    """Whether GB2312 has it as punctuation, full-width form or one of its 3,755 common Hanzi."""
    code = character.encode("gb2312", "ignore")
    return len(code) == 2 and (code[0] in (0xA1, 0xA3) or 0xB0 <= code[0] <= 0xD7)


def _is_korean(sample: bytes) -> bool:
    text = sample.decode("euc_kr", "replace")
    letters = [c for c in text if (c.isalpha() and ord(c) > 127) or c == "\ufffd"]
    hangul = sum(unicodedata.name(c, "").startswith("HANGUL") for c in letters)
    return hangul > 0.9 * len(letters)


def _other_script(sample: bytes) -> str | None:
    """The likeliest encoding of a script that is not Latin; Latin has few bytes beyond ASCII."""
    if len(sample) - len(sample.translate(None, HIGH)) < 0.15 * len(sample):
        return None
    guess = from_bytes(sample[: SAMPLE // 4]).best()
    return guess.encoding if guess else None
