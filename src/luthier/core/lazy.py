"""Heavy modules that load when first used.

A task or technique is also the configuration of itself, and reading a recipe
must not cost the import of torch.
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any


class _Lazy(ModuleType):
    """Stands for a module and loads it at the first access to one of its attributes.

    It is not put into ``sys.modules``, as :class:`importlib.util.LazyLoader` would: tools
    that look through that table (``inspect`` does) would load it.
    """

    def __getattr__(self, name: str) -> Any:
        return getattr(importlib.import_module(self.__name__), name)


def lazy(name: str) -> ModuleType:
    """The module ``name``, loaded at first use."""
    return _Lazy(name)
