"""The operation `version`: which plugin answers the page, and in which version of the operations."""

from __future__ import annotations

import os
import re

from operations.answer import VERSION
from operations.context import Context
from operations.model import Nothing, Result

MANIFEST = "Stash2Plex.yml"
_VERSION = re.compile(r"^version: +(\S+)", re.MULTILINE)


class Version(Result):
    """The version of the plugin, as its manifest says it, and that of the operations."""

    plugin: str
    operations: int


def tell_version(request: Nothing, context: Context) -> Version:  # noqa: ARG001
    """Which version of the plugin this is."""
    with open(os.path.join(context.plugin_dir, MANIFEST), encoding="utf-8") as file:
        found = _VERSION.search(file.read())
    return Version(plugin=found[1] if found else "", operations=VERSION)
