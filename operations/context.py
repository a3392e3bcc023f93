"""What an operation works with: the Stash that asks, the settings and Plex, each only where it is wanted."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from validation.config import Stash2PlexConfig, read_settings
from validation.plugin_input import ServerConnection

if TYPE_CHECKING:
    from plex.client import Plex
    from stash.client import Stash


@dataclass(frozen=True)
class Context:
    """One call of the plugin by the page. A task may run beside it."""

    connection: ServerConnection
    plugin_dir: str
    data_dir: str

    @cached_property
    def now(self) -> float:
        """When it was asked for, in seconds since the epoch."""
        return time.time()

    @cached_property
    def stash(self) -> Stash:
        """The Stash that asks. Raises StashError."""
        from stash.client import Stash

        return Stash(self.connection)

    @cached_property
    def stored(self) -> Mapping[str, Any]:
        """The settings as Stash stored them; their secrets are known to the log. Raises StashError."""
        return self.stash.plugin_settings()

    @cached_property
    def config(self) -> Stash2PlexConfig:
        """The settings, checked. Raises SettingsInvalid, StashError."""
        return read_settings(self.stored).config

    @cached_property
    def carried(self) -> Stash:
        """The same Stash, as the settings want it to be read. Raises SettingsInvalid, StashError."""
        from stash.chosen_scenes import as_set

        return as_set(self.stash, self.config, mode="operation")

    @cached_property
    def plex(self) -> Plex:
        """The Plex of the settings. Raises PlexError, SettingsInvalid, StashError."""
        from plex.client import connect

        return connect(self.config, self.data_dir)
