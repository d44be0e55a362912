"""Several tasks at work as one."""

from __future__ import annotations
