"""The report: one HTML page, offline, that a manager can read."""

from __future__ import annotations

from luthier.evaluation.report.page import report_page

__all__ = ["report_page"]
