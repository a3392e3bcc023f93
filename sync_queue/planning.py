"""What a sync would do to one item; the worker carries plans out, the preview shows them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from plex.base import Base, after_interruption
from plex.fields import FIELDS, PlexFields, SceneMapping, tag_key
from plex.items import PlexItem
from plex.merge import Change, Merge, merge
from sync_queue.state import SyncState
from validation.config import Stash2PlexConfig
from validation.scene import Scene

ACTOR = next(field for field in FIELDS if field.name == "actor")


@dataclass(frozen=True)
class ItemPlan:
    """One scene and one of its items: what Stash has for it, and what is to be written.

    `recovered` is the base where a write was begun and never recorded. `first_contacts` are the
    fields that were never carried to this item before.
    """

    scene: Scene
    item: PlexItem
    ours: PlexFields
    merged: Merge
    pictures: Mapping[str, str]
    is_opted_out: bool = False
    recovered: Base | None = None
    first_contacts: frozenset[str] = frozenset()


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
            return ItemPlan(scene, item, ours, Merge(), {}, is_opted_out=True)
        base = self._state.base(scene.id, item.rating_key)
        begun = self._state.begun(scene.id, item.rating_key)
        recovered = None
        if begun is not None:
            base = recovered = after_interruption(base, begun, item.fields)
        if base is not None and _was_reset(base, item):
            base = base.without("userRating")
        merged = merge(
            base,
            item.fields,
            ours,
            item.locked,
            self._config.preserve_plex_edits,
            only_add=not self._state.is_whole,
        )
        pictures = self._mapping.pictures(scene)
        if _lacks_pictures(item, merged, pictures):
            actors = item.fields.tags(ACTOR.name)
            merged = replace(merged, changes=(*merged.changes, Change(ACTOR, actors, actors)))
        first_contacts = frozenset(name for name in ours.values if base is None or not base.knows(name))
        return ItemPlan(
            scene, item, ours, merged, pictures, recovered=recovered, first_contacts=first_contacts
        )

    def _is_opted_out(self, item: PlexItem) -> bool:
        label = self._config.opt_out_label
        return bool(label) and tag_key(label) in map(tag_key, item.fields.tags("label"))


def _lacks_pictures(item: PlexItem, merged: Merge, pictures: Mapping[str, str]) -> bool:
    """Whether an actor of the item shows another picture, and the actors are not written anyway."""
    if any(change.field is ACTOR for change in merged.changes):
        return False
    return any(pictures.get(tag_key(name), shown) != shown for name, shown in item.pictures)


def _was_reset(base: Base, item: PlexItem) -> bool:
    """Whether Plex made the item anew: nothing of what was brought and locked is locked any more.

    Everything but the rating tells by its own lock that it is no person's; this tells it of the
    rating, which goes with the rest.
    """
    brought = [field.name for field in FIELDS if field.is_locked_by_people and base.had(field.name)]
    return bool(brought) and not item.fields.text("userRating") and item.locked.isdisjoint(brought)


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
