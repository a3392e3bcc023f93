"""Which scenes are carried to Plex: all, those of a saved filter of Stash, or those that are organized."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from stash.documents import SAVED_FILTERS, Ask
from stash.exceptions import StashAnswerInvalid
from validation.exceptions import SettingsInvalid
from validation.names import in_quotes
from validation.saved_filter import NotUnderstood, scene_filter_of
from validation.scene_fragment import needed_by

if TYPE_CHECKING:
    from stash.client import Stash
    from validation.config import Stash2PlexConfig

SCENES = "SCENES"
# Modes of tasks for which it does not matter which scenes are carried.
MODES_OF_ALL_SCENES = ("find_orphans", "undo_first_sync")


@dataclass(frozen=True)
class ChosenScenes:
    """What Stash is asked for: the `criteria` of a saved filter, its `search`, and `own` ones of this plugin.

    Criteria are those of a SceneFilterType. `words` says which scenes these are, for a sentence; all are
    empty where all scenes are chosen.
    """

    criteria: Mapping[str, Any] = field(default_factory=dict)
    search: str = ""
    own: Mapping[str, Any] = field(default_factory=dict)
    words: str = ""

    @property
    def are_all(self) -> bool:
        """Whether every scene is chosen."""
        return not self.criteria and not self.search and not self.own

    @property
    def identity(self) -> str:
        """A short text that is another one for any other choice; empty for all scenes."""
        if self.are_all:
            return ""
        text = json.dumps([self.criteria, self.search, self.own], sort_keys=True)
        return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


ALL_SCENES = ChosenScenes()


@dataclass(frozen=True)
class SavedFilter:
    """A filter as Stash keeps it."""

    name: str
    mode: str
    criteria: Any
    search: str


def as_set(stash: Stash, config: Stash2PlexConfig, mode: str) -> Stash:
    """The same connection, but it reads what the settings want for a task. Raises as `read_chosen` does."""
    stash = stash.with_more(needed_by(config))
    if mode in MODES_OF_ALL_SCENES:
        return stash
    return stash.choosing(read_chosen(stash.ask, config))


def read_chosen(ask: Ask, config: Stash2PlexConfig) -> ChosenScenes:
    """The scenes that the settings choose; one small question, where they name a filter.

    Raises SettingsInvalid where the filter is not there, is not for scenes or is not understood, and
    StashError: in no such case is it known which scenes to carry.
    """
    return choose(config, saved_filters(ask) if config.scene_filter else ())


def choose(config: Stash2PlexConfig, filters: Sequence[SavedFilter]) -> ChosenScenes:
    """The scenes that the settings choose with one of these filters. Raises SettingsInvalid as above."""
    organized = {"organized": True} if config.organized_only else {}
    organized_words = "organized scenes" if organized else ""
    if not config.scene_filter:
        return ChosenScenes(own=organized, words=organized_words)
    saved = _named(config.scene_filter, filters)
    try:
        criteria = scene_filter_of(saved.criteria)
    except NotUnderstood as problem:
        raise _wrong(f"the saved filter “{saved.name}” cannot be used: {problem}") from None
    if not criteria and not saved.search:
        raise _wrong(
            f"the saved filter “{saved.name}” has no criteria, so it chooses nothing. Leave the setting "
            "empty to carry all scenes."
        )
    words = f"{organized_words or 'scenes'} of the filter “{saved.name}”"
    return ChosenScenes(criteria, saved.search, organized, words)


def saved_filters(ask: Ask) -> list[SavedFilter]:
    """All filters that somebody saved in Stash, of every kind of list. Raises StashError."""
    found = ask(SAVED_FILTERS, {}).get("findSavedFilters")
    if not isinstance(found, list):
        raise StashAnswerInvalid("Stash returned no list of saved filters.")
    return [_saved(raw) for raw in found]


def names_of_scene_filters(filters: Sequence[SavedFilter]) -> list[str]:
    """The names of the filters that can choose scenes, in order."""
    return sorted((one.name for one in filters if one.mode == SCENES and one.name), key=str.casefold)


def _saved(raw: object) -> SavedFilter:
    if not isinstance(raw, Mapping):
        raise StashAnswerInvalid("Stash returned a saved filter that cannot be read.")
    find = raw.get("find_filter")
    search = find.get("q") if isinstance(find, Mapping) else None
    name, mode = raw.get("name"), raw.get("mode")
    if not isinstance(name, str) or not isinstance(mode, str) or not isinstance(search or "", str):
        raise StashAnswerInvalid("Stash returned a saved filter that cannot be read.")
    return SavedFilter(name.strip(), mode, raw.get("object_filter"), search or "")


def _named(name: str, filters: Sequence[SavedFilter]) -> SavedFilter:
    for one in filters:
        if one.mode == SCENES and one.name == name:
            return one
    names = names_of_scene_filters(filters)
    there = f"Filters of scenes in Stash: {in_quotes(names)}." if names else "Stash has no filter of scenes."
    if any(one.name == name for one in filters):
        raise _wrong(f"“{name}” is not a filter of scenes. {there}")
    raise _wrong(f"Stash has no saved filter “{name}”. {there}")


def _wrong(problem: str) -> SettingsInvalid:
    return SettingsInvalid([f"Setting “Saved filter of scenes” (scene_filter): {problem}"])
