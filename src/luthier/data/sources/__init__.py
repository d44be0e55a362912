"""Where rows come from: one file per kind of source."""

from __future__ import annotations

from luthier.data.sources.read import read_source
from luthier.data.sources.source import Raw

__all__ = ["Raw", "read_source"]
