"""The settings that can be used while others cannot: for whoever looks at a set-up that is not finished."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from validation.config import Stash2PlexConfig, read_settings, with_token_of_address
from validation.exceptions import SettingsInvalid

# Settings with which each other one can be looked at alone.
STAND_INS = {"plex_url": "http://localhost:32400", "plex_token": "none"}


@dataclass(frozen=True)
class Usable:
    """Settings in which what cannot be used is replaced by its default, and a required one by a stand-in.

    `values` has what was stored and can be used, `warnings` what to warn about, and `problems` a sentence for
    each setting that stops a task, `not_set` of which are those of required settings that nobody has entered.
    """

    config: Stash2PlexConfig
    values: Mapping[str, Any]
    warnings: tuple[str, ...]
    problems: tuple[str, ...]
    not_set: tuple[str, ...]

    def has(self, key: str) -> bool:
        """Whether this setting is set, and can be used."""
        return key in self.values


def usable_settings(stored: Mapping[str, Any]) -> Usable:
    """What can be used of the settings that Stash stored."""
    stored = with_token_of_address(stored)
    problems: tuple[str, ...] = ()
    try:
        read_settings(stored)
    except SettingsInvalid as invalid:
        problems = invalid.problems
    values = {key: value for key, value in stored.items() if is_usable(key, value)}
    settings = read_settings({**STAND_INS, **values})
    empty = [key for key in STAND_INS if not str(stored.get(key) or "").strip()]
    not_set = tuple(problem for problem in problems if any(f"({key}):" in problem for key in empty))
    return Usable(settings.config, values, settings.warnings, problems, not_set)


def is_usable(key: str, value: object) -> bool:
    """Whether a setting with this value would not stop a task by itself."""
    try:
        read_settings({**STAND_INS, key: value})
    except SettingsInvalid:
        return False
    return True
