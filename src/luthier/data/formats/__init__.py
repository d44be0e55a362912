"""Formats in which rows are written, known without being told."""

from __future__ import annotations

from luthier.data.formats.recognise import FORMATS, Recognised, format_named, recognise
from luthier.data.formats.write import convert, write_file

__all__ = ["FORMATS", "Recognised", "convert", "format_named", "recognise", "write_file"]
