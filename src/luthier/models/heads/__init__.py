"""Task layers that transformers has no class for; one file each."""

from __future__ import annotations
