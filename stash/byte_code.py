"""The byte code of what a hook loads, kept where Python does not keep it by itself.

Python compiles a module once and keeps the result, but not where PYTHONDONTWRITEBYTECODE is set, as in many
containers: each hook would then compile all that it loads, which takes it as long as all the rest.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from importlib.util import MAGIC_NUMBER, cache_from_source, find_spec

HOOK_MODULES = (
    "stash",
    "stash.exceptions",
    "stash.process_lock",
    "stash.run_task",
    "sync_queue",
    "sync_queue.drain_request",
    "sync_queue.hook",
    "validation",
    "validation.exceptions",
    "validation.json_text",
    "validation.plugin_input",
)


def keep_byte_code(modules: Iterable[str] = HOOK_MODULES) -> None:
    """Compile those modules whose byte code is missing or old, where the folder can be written."""
    for name in modules:
        spec = find_spec(name)
        source = spec.origin if spec else None
        if source:
            with suppress(OSError):
                _keep(source, cache_from_source(source))


def _keep(source: str, kept: str) -> None:
    if not _is_current(source, kept):
        from py_compile import PyCompileError, compile

        with suppress(PyCompileError):
            compile(source, kept, doraise=True)


def _is_current(source: str, kept: str) -> bool:
    """Whether Python would take this byte code: it is of this version, and of the file as it is now."""
    try:
        with open(kept, "rb") as file:
            head = file.read(16)
    except FileNotFoundError:
        return False
    status = os.stat(source)
    time_and_size = (int(status.st_mtime) & 0xFFFFFFFF, status.st_size & 0xFFFFFFFF)
    return head == MAGIC_NUMBER + bytes(4) + b"".join(part.to_bytes(4, "little") for part in time_and_size)
