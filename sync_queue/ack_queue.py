"""persist-queue's SQLiteAckQueue, loaded without its other back ends.

They take longer to load than all of ours, and one of them asks for MySQL.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any


class _DeferredPackage(ModuleType):
    """persist-queue's package before its own start, which tries MySQL and asyncio.

    Whoever asks it for more than the submodules that are loaded gets all of it.
    """

    def __getattr__(self, name: str) -> Any:
        self.__class__ = ModuleType  # type: ignore[assignment]
        assert self.__spec__ is not None
        assert self.__spec__.loader is not None
        self.__spec__.loader.exec_module(self)
        return getattr(self, name)


def _load_ack_queue() -> ModuleType:
    """Import persistqueue.sqlackqueue alone."""
    if "persistqueue" in sys.modules:
        return importlib.import_module("persistqueue.sqlackqueue")
    spec = importlib.util.find_spec("persistqueue")
    if spec is None or spec.submodule_search_locations is None:
        raise ModuleNotFoundError("No module named 'persistqueue'", name="persistqueue")
    package = ModuleType("persistqueue")
    package.__spec__, package.__path__ = spec, list(spec.submodule_search_locations)
    sys.modules["persistqueue"] = package
    module = importlib.import_module("persistqueue.sqlackqueue")
    package.__class__ = _DeferredPackage
    return module


if TYPE_CHECKING:
    from persistqueue.sqlackqueue import AckStatus, SQLiteAckQueue
else:
    _module = _load_ack_queue()
    AckStatus, SQLiteAckQueue = _module.AckStatus, _module.SQLiteAckQueue

__all__ = ["AckStatus", "SQLiteAckQueue"]
