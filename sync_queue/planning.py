"""What a sync would do to one item; the worker carries plans out, the preview shows them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from plex.actor_order import with_actors_in_order
from plex.base import Base, after_interruption, after_late_write, after_rollback
from plex.fields import FIELDS, Field, PlexFields, SceneMapping, tag_key, text_key
from plex.items import PlexItem
from plex.merge import Change, Merge, merge
from sync_queue.begun import Begun
from sync_queue.listing import cut
from sync_queue.pushed import ItemRecord
from sync_queue.ratings import (
    RATING,
    InBoth,
    begun_in_both,
    in_stash,
    is_rated_since,
    with_known_rating,
)
from sync_queue.state import SyncState
from validation.config import Stash2PlexConfig
from validation.scene import Scene

ACTOR, TITLE, SORT_TITLE, DATE_ADDED = (
    next(field for field in FIELDS if field.name == name)
    for name in ("actor", "title", "titleSort", "addedAt")
)


@dataclass(frozen=True)
class ItemPlan:
    """One scene and one of its items: what Stash has for it, and what is to be written.

    `recovered` is the base where a write was begun and never recorded. `first_contacts` are the
    fields that were never carried to this item before. `was_rolled_back` tells that Plex shows the
    item as it was before the last sync: its database was restored. `base` is what was last written, as far
    as that is known.
    """

    scene: Scene
    item: PlexItem
    ours: PlexFields
    merged: Merge
    pictures: Mapping[str, str]
    is_opted_out: bool = False
    recovered: Base | None = None
    first_contacts: frozenset[str] = frozenset()
    was_rolled_back: bool = False
    base: Base | None = None


class Planner:
    """Makes plans from what was pushed before, under the settings."""

    def __init__(self, state: SyncState, config: Stash2PlexConfig) -> None:
        self._state = state
        self._config = config
        self._mapping = SceneMapping(config)

    def plan(self, scene: Scene, item: PlexItem) -> ItemPlan:
        """The plan for one item, as it was just read from Plex."""
        ours = self._mapping.fields(scene)
        if is_opted_out(item, self._config.opt_out_label):
            return ItemPlan(scene, item, ours, Merge(), {}, is_opted_out=True)
        base, recovered, was_rolled_back = self._base_of(scene.id, item, ours)
        is_known = self._state.is_whole and (base is not None or not self._state.is_whole_in_part)
        merged = merge(
            base,
            item.fields,
            ours,
            item.locked,
            self._config.preserve_plex_edits,
            only_add=not is_known,
        )
        if base is not None:
            merged = _with_what_is_given_back(merged, base, ours, item)
        stays = self._config.preserve_plex_edits or not is_known
        merged = with_actors_in_order(merged, base, ours, item, stays)
        pictures = self._mapping.pictures(scene)
        if _lacks_pictures(item, merged, pictures):
            actors = item.fields.tags(ACTOR.name)
            merged = replace(merged, changes=(*merged.changes, Change(ACTOR, actors, actors)))
        first_contacts = frozenset(name for name in ours.values if base is None or not base.knows(name))
        return ItemPlan(
            scene,
            item,
            ours,
            merged,
            pictures,
            recovered=recovered,
            first_contacts=first_contacts,
            was_rolled_back=was_rolled_back,
            base=base,
        )

    def _base_of(
        self, scene_id: int, item: PlexItem, ours: PlexFields
    ) -> tuple[Base | None, Base | None, bool]:
        """What was pushed to an item, as far as it is known.

        Then what of that was recovered from a write that was begun, and whether Plex was put back to an
        older copy of its database since.
        """
        record = self._state.item_record(item.rating_key)
        base = record.base if record else None
        if record and record.is_doubtful and not self._state.is_whole:
            # A text that neither side shows may not be the last that was pushed.
            base = record.base.where_either_shows(item.fields, ours)
        was_rolled_back = record is not None and record.was_rolled_back(item.updated_at, time.time())
        if record and was_rolled_back:
            base = after_rollback(record.base, record.shown, item.fields)
        begun = self._state.begun(item.rating_key)
        recovered = with_interrupted_write(base, begun, item, record)
        base = with_late_writes(base if recovered is None else recovered, begun, item, record)
        base = self._with_known_rating(base, begun, item, (record, ours, scene_id))
        if record and base is not None and was_made_anew(base, record.shown, item):
            base = base.without("userRating")
        return base, recovered, was_rolled_back

    def _with_known_rating(
        self,
        base: Base | None,
        begun: Begun,
        item: PlexItem,
        known_and_ours: tuple[ItemRecord | None, PlexFields, int],
    ) -> Base | None:
        """The base with the rating that both sides had when last they were the same, where it is kept."""
        record, ours, scene_id = known_and_ours
        if "ratings" not in self._config.back_to_stash or RATING not in ours.values:
            return base
        is_late = record is not None and begun.may_be_late(item, record.updated_at, item.use.rated_at)
        in_common = begun_in_both(begun, item.fields.text(RATING), is_late)
        known = self._state.back.rating(item.rating_key)
        if in_common is None and known is not None:
            in_common = known.in_common(in_stash(ours.text(RATING)))
        if is_rated_since(base, in_common, item.fields.text(RATING)) and self._is_for_the_look(
            scene_id, item, ours
        ):
            in_common = InBoth(in_stash(ours.text(RATING)), ours.text(RATING))
        return base if in_common is None else with_known_rating(base, in_common, item.fields, ours)

    def _is_for_the_look(self, scene_id: int, item: PlexItem, ours: PlexFields) -> bool:
        """Whether the next look decides, as nobody entered in Stash what it has: it came from another item.

        Of several items that people rated the look follows the latest, so a rating that is later than the
        last look is not written over before.
        """
        looked_until = self._state.back.until("rated")
        return (
            looked_until is not None
            and item.use.rated_at > looked_until
            and self._state.back.is_of_another_item(scene_id, item.rating_key, in_stash(ours.text(RATING)))
        )


def with_interrupted_write(
    base: Base | None, begun: Begun, item: PlexItem, record: ItemRecord | None
) -> Base | None:
    """The base with what a write brought whose end nobody recorded; None where there is no such write."""
    if begun.base is None:
        return None
    was_rolled_back = record is not None and record.was_rolled_back(item.updated_at, time.time())
    is_sure = record is None or not (was_rolled_back or record.is_doubtful)
    return after_interruption(base, begun.base, item.fields, begun.shown if is_sure else None)


def with_late_writes(
    base: Base | None, begun: Begun, item: PlexItem, record: ItemRecord | None
) -> Base | None:
    """The base with what Plex may have carried out of earlier writes, after what was recorded."""
    if base is None or record is None or not begun.may_be_late(item, record.updated_at):
        return base
    for late in begun.late:
        is_rated_since = not begun.may_be_late(item, record.updated_at, item.use.rated_at)
        base = after_late_write(base, late.without(RATING) if is_rated_since else late, item.fields)
    return base


def is_opted_out(item: PlexItem, label: str) -> bool:
    """Whether an item carries the label that says that it is never written to."""
    return bool(label) and tag_key(label) in map(tag_key, item.fields.tags("label"))


def _with_what_is_given_back(merged: Merge, base: Base, ours: PlexFields, item: PlexItem) -> Merge:
    """The merge, with what Stash has given up as Plex would have it itself: titles and the date added.

    An item without a title shows nothing at all: it gets its file's name. A sort title is stored,
    and left out where it is the title: that one is sent. Both are unlocked. So is a date added, which
    stays as it is.
    """
    changes = {change.field.name: change for change in merged.changes}
    titles = item.fields.values
    if _is_given_up(TITLE, base, ours, item):
        name = _name_of_file(item)
        # One that is its name already is unlocked, or it would pass for a person's.
        if name and (name != titles[TITLE.name] or TITLE.name in item.locked):
            changes[TITLE.name] = Change(TITLE, titles[TITLE.name], name, unlocks=True)
    if _is_given_up(SORT_TITLE, base, ours, item):
        title = changes[TITLE.name].new if TITLE.name in changes else titles[TITLE.name]
        changes[SORT_TITLE.name] = Change(
            SORT_TITLE, titles[SORT_TITLE.name], "", unlocks=True, sent=str(title)
        )
    if _is_given_up(DATE_ADDED, base, ours, item) and DATE_ADDED.name in item.locked:
        changes[DATE_ADDED.name] = Change(
            DATE_ADDED, titles[DATE_ADDED.name], titles[DATE_ADDED.name], unlocks=True
        )
    order = {field.name: place for place, field in enumerate(FIELDS)}
    return replace(merged, changes=tuple(sorted(changes.values(), key=lambda one: order[one.field.name])))


def sort_title_left_behind(plan: ItemPlan, written: Iterable[Change], now: PlexItem) -> tuple[Change, ...]:
    """The change that brings along a sort title that is still the title from before the write.

    Plex stores one that it was once given, and shows it where it is not the title any more.
    """
    titles = {change.field: change for change in written if change.field in (TITLE, SORT_TITLE)}
    there = now.fields.text(SORT_TITLE.name)
    is_ours_to_write = plan.ours.values.get(SORT_TITLE.name) == "" and SORT_TITLE.name not in now.locked
    if TITLE not in titles or SORT_TITLE in titles or not there or not is_ours_to_write:
        return ()
    if text_key(there) != text_key(str(titles[TITLE].old)):
        return ()
    return (Change(SORT_TITLE, there, "", unlocks=True, sent=now.fields.text(TITLE.name)),)


def _is_given_up(field: Field, base: Base, ours: PlexFields, item: PlexItem) -> bool:
    """Whether Stash has no value any more, and Plex still shows the one that we brought."""
    is_carried = field.name in ours.values
    return (
        is_carried
        and not ours.values[field.name]
        and base.had(field.name)
        and base.shows(field.name, item.fields)
    )


def _name_of_file(item: PlexItem) -> str:
    """What Plex calls an item about which it knows nothing: its file's name without the ending."""
    name = item.parts[0].path.replace("\\", "/").rpartition("/")[2] if item.parts else ""
    stem, dot, _ = name.rpartition(".")
    return stem if dot and stem else name


def _lacks_pictures(item: PlexItem, merged: Merge, pictures: Mapping[str, str]) -> bool:
    """Whether an actor of the item shows another picture, and the actors are not written anyway."""
    if any(change.field is ACTOR for change in merged.changes):
        return False
    return any(pictures.get(tag_key(name), shown) != shown for name, shown in item.pictures)


def was_made_anew(base: Base, shown: Base, item: PlexItem) -> bool:
    """Whether Plex made the item anew, and its rating, which was there at the last sync, went with the rest.

    Everything else tells by its own lock that it is no person's. A refresh of unlocked fields leaves
    ratings and collections alone: where ours are still there, a person took the rating away.
    """
    brought = [field.name for field in FIELDS if field.is_locked_by_people and base.had(field.name)]
    if not brought or item.fields.text("userRating") or not item.locked.isdisjoint(brought):
        return False
    shared = [field.name for field in FIELDS if field.shared]
    remains = any(base.has_tag(name, tag) for name in shared for tag in item.fields.tags(name))
    return shown.had("userRating") and not remains


def describe(change: Change) -> str:
    """A change in one line: what comes and goes of tags, new and old of anything else."""
    if isinstance(change.new, tuple):
        marks = [f"+{name}" for name in change.added] + [f"-{name}" for name in change.removed]
        return f"{change.field.title}: {', '.join(marks) or 'once more'}"
    return f"{change.field.title}: “{shortened(change.new)}” (was “{shortened(change.old)}”)"


def titles(changes: Iterable[Change]) -> str:
    """The fields of these changes, in words."""
    return ", ".join(change.field.title for change in changes)


def shortened(value: object) -> str:
    """A value in one line that is not too long for the log."""
    text = ", ".join(value) if isinstance(value, tuple) else str(value)
    text = text.replace("\n", " ")
    return cut(text, 80)
