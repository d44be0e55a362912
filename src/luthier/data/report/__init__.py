"""The report on prepared data: one HTML page, offline."""

from __future__ import annotations

from luthier.data.report.page import data_page

__all__ = ["data_page"]
