"""Formats in which rows are written, known without being told."""

from __future__ import annotations

from luthier.data.formats.recognise import Recognised, convert, format_named, recognise, write_lines

__all__ = ["Recognised", "convert", "format_named", "recognise", "write_lines"]
