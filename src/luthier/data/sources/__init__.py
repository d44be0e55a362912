"""Where rows come from: one file per kind of source."""

from __future__ import annotations

from luthier.data.sources.read import is_local, locate, read_source
from luthier.data.sources.source import Raw

__all__ = ["Raw", "is_local", "locate", "read_source"]
