"""Pages for people: one HTML file each, with nothing from elsewhere."""

from __future__ import annotations

from luthier.core.page.parts import Say, page, table

__all__ = ["Say", "page", "table"]
