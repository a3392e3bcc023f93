"""The folder that pip has filled, put in order for Stash and for Python.

This runs before anything else can be imported, so it needs nothing but the standard library.
"""

from __future__ import annotations

import os
import shutil


def put_in_order(folder: str) -> None:
    """Take away what Stash would load, and see to it that Python loads the rest. Raises OSError."""
    _remove_what_stash_would_load(folder)
    _close_namespaces(folder)


def remove_others(folder: str) -> None:
    """Remove the folders beside it, which fit another Python or other requirements. Raises OSError."""
    for entry in os.scandir(os.path.dirname(folder)):
        if entry.is_dir() and entry.name != os.path.basename(folder):
            shutil.rmtree(entry.path, ignore_errors=True)


def _remove_what_stash_would_load(folder: str) -> None:
    """Stash takes every .yml below its plugins folder for a plugin; programs are of no use here."""
    for name in ("bin", "Scripts"):
        shutil.rmtree(os.path.join(folder, name), ignore_errors=True)
    for parent, _, names in os.walk(folder):
        for name in names:
            if name.endswith(".yml"):
                os.remove(os.path.join(parent, name))


def _close_namespaces(folder: str) -> None:
    """Make packages without an `__init__.py`, as stashapi is, whole ones.

    Python prefers a whole package of the same name that it finds later, such as an older one.
    """
    for entry in os.scandir(folder):
        mark = os.path.join(entry.path, "__init__.py")
        if entry.is_dir() and entry.name.isidentifier() and not os.path.exists(mark):
            open(mark, "w").close()
