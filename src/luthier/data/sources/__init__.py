"""Where rows come from: one file per kind of source."""

from __future__ import annotations

from luthier.data.sources.place import is_local, locate, moved, shown, sliced, title
from luthier.data.sources.read import read_source
from luthier.data.sources.source import Raw

__all__ = ["Raw", "is_local", "locate", "moved", "read_source", "shown", "sliced", "title"]
