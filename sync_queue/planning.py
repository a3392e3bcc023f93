"""What a sync would do to one item; the worker carries plans out, the preview shows them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from plex.fields import FIELDS, PlexFields, SceneMapping, tag_key
from plex.items import METADATA_FIELDS, PlexItem
from plex.merge import Base, Change, Merge, after_interruption, merge
from sync_queue.state import SyncState
from validation.config import Stash2PlexConfig
from validation.scene import Scene

ACTOR = next(field for field in FIELDS if field.name == "actor")


@dataclass(frozen=True)
class ItemPlan:
    """One scene and one of its items: what Stash has for it, and what is to be written.

    `recovered` is the base where an interrupted write came through and was never recorded.
    """

    scene: Scene
    item: PlexItem
    ours: PlexFields
    merged: Merge
    pictures: Mapping[str, str]
    is_first_contact: bool
    is_opted_out: bool = False
    recovered: Base | None = None


class Planner:
    """Makes plans from what was pushed before, under the settings."""

    def __init__(self, state: SyncState, config: Stash2PlexConfig) -> None:
        self._state = state
        self._config = config
        self._mapping = SceneMapping(config)

    def plan(self, scene: Scene, item: PlexItem) -> ItemPlan:
        """The plan for one item, as it was just read from Plex."""
        ours = self._mapping.fields(scene)
        if self._is_opted_out(item):
            return ItemPlan(scene, item, ours, Merge(), {}, is_first_contact=False, is_opted_out=True)
        base = self._state.base(scene.id, item.rating_key)
        begun = self._state.begun(scene.id, item.rating_key)
        recovered = None
        if begun is not None:
            base = recovered = after_interruption(base, begun, item.fields)
        if base is not None and _was_lost(base, item):
            base = None
        merged = merge(base, item.fields, ours, self._config.preserve_plex_edits)
        pictures = self._mapping.pictures(scene)
        if _lacks_pictures(item, merged, pictures):
            actors = item.fields.tags(ACTOR.name)
            merged = replace(merged, changes=(*merged.changes, Change(ACTOR, actors, actors)))
        return ItemPlan(
            scene, item, ours, merged, pictures, is_first_contact=base is None, recovered=recovered
        )

    def _is_opted_out(self, item: PlexItem) -> bool:
        label = self._config.opt_out_label
        return bool(label) and tag_key(label) in map(tag_key, item.fields.tags("label"))


def _lacks_pictures(item: PlexItem, merged: Merge, pictures: Mapping[str, str]) -> bool:
    """Whether an actor of the item shows another picture, and the actors are not written anyway."""
    if any(change.field is ACTOR for change in merged.changes):
        return False
    return any(pictures.get(tag_key(name), shown) != shown for name, shown in item.pictures)


def _was_lost(base: Base, item: PlexItem) -> bool:
    """Whether Plex dropped all that had been pushed, as when it takes a file for a new item.

    A person who clears fields in Plex leaves them locked.
    """
    pushed = [name for name in METADATA_FIELDS if base.texts.get(name) or base.tags.get(name)]
    return bool(pushed) and not item.as_listed().has_metadata and not item.locked.intersection(pushed)


def describe(change: Change) -> str:
    """A change in one line: what comes and goes of tags, new and old of anything else."""
    if isinstance(change.new, tuple):
        marks = [f"+{name}" for name in change.added] + [f"-{name}" for name in change.removed]
        return f"{change.field.title}: {', '.join(marks)}"
    return f"{change.field.title}: “{shortened(change.new)}” (was “{shortened(change.old)}”)"


def titles(changes: Iterable[Change]) -> str:
    """The fields of these changes, in words."""
    return ", ".join(change.field.title for change in changes)


def shortened(value: object) -> str:
    """A value in one line that is not too long for the log."""
    text = ", ".join(value) if isinstance(value, tuple) else str(value)
    text = text.replace("\n", " ")
    return text if len(text) <= 80 else text[:79] + "…"
