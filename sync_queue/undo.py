"""Putting back what the first sync replaced: values that a person had locked in Plex, and pictures."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import partial

from plex.artwork import ArtworkKind
from plex.base import Base
from plex.client import Plex, connect
from plex.fields import FIELDS, Field, Value, names_carried, tag_key
from plex.items import PlexItem
from plex.library import ITEMS_PER_READ
from plex.merge import Change, Merge
from plex.writing import write
from stash import log
from sync_queue.failure import attempt, problem_of
from sync_queue.pictures_before import PictureBefore
from sync_queue.planning import is_opted_out, with_interrupted_write, with_late_writes
from sync_queue.reading import read_each
from sync_queue.renewal import FRESH_ENOUGH
from sync_queue.state import SyncState
from sync_queue.undo_collections import undo_collections
from sync_queue.undo_pictures import FormerPictures, Outcome
from sync_queue.undo_unlocked import changes_back
from validation.amounts import amount
from validation.config import Stash2PlexConfig

KINDS = {kind.value: kind for kind in ArtworkKind}


@dataclass
class UndoSummary:
    """Items by what became of them, and how many fields were put back.

    `not_there` and `not_taken_away` are pictures that Plex cannot show again or stop showing.
    """

    restored: int = 0
    fields: int = 0
    changed_since: int = 0
    gone: int = 0
    opted_out: int = 0
    ignored: int = 0
    failed: int = 0
    not_there: int = 0
    not_taken_away: int = 0


class UndoFirstSync:
    """Puts back every kept value and picture that nobody has changed in Plex since it was replaced."""

    def __init__(
        self, plex: Plex, state: SyncState, opt_out_label: str = "", carried: Collection[str] = ()
    ) -> None:
        """Undo where the next sync would write the fields whose names are `carried`."""
        self._plex = plex
        self._state = state
        self._opt_out_label = opt_out_label
        self._carried = carried
        self._pictures = FormerPictures(plex, state)
        self._summary = UndoSummary()

    def run(self) -> UndoSummary:
        """Put back what was kept, and tell what became of it.

        An item that carries the opt-out label is left as it is, and so is one whose scene is ignored; what
        was kept of them stays kept. What Stash has stays recorded as the last sync, so the next one takes
        the old values for a person's edits and leaves them. Raises PlexError.
        """
        values = {key: (scene_id, kept) for (scene_id, key), kept in self._state.replaced().items()}
        scenes = self._state.items_with_picture() | {key: scene_id for key, (scene_id, _) in values.items()}
        ignored = self._state.ignored.among(set(scenes.values()))
        keys = [key for key, scene_id in scenes.items() if scene_id not in ignored]
        self._summary.ignored = len(scenes) - len(keys)
        for start in range(0, len(keys), ITEMS_PER_READ):
            some = keys[start : start + ITEMS_PER_READ]
            read_at = time.monotonic()
            items = read_each(self._plex, some).items
            pictures = self._state.pictures_before(some)
            for key in some:
                item = items.get(key)
                if item is not None and time.monotonic() - read_at > FRESH_ENOUGH:
                    # Somebody may have edited it since.
                    item = read_each(self._plex, [key]).items.get(key)
                kept = values.get(key, (0, {}))[1]
                self._put_back(scenes[key], item, kept, pictures.get(key, {}))
        return self._summary

    def _put_back(
        self,
        scene_id: int,
        item: PlexItem | None,
        values: Mapping[str, Value],
        pictures: Mapping[str, PictureBefore],
    ) -> None:
        """Put back what was kept of one item, and count what became of it."""
        if item is None:
            # Or Plex cannot read it at the moment: what was kept stays kept.
            self._summary.gone += 1
        elif is_opted_out(item, self._opt_out_label):
            self._summary.opted_out += 1
        else:
            count = attempt(partial(self._restore, scene_id, item, values, pictures))
            if isinstance(count, Exception):
                log.warning(f"Scene {scene_id} could not be put back: {problem_of(count)}")
                self._summary.failed += 1
                return
            self._summary.fields += count or 0
            self._summary.restored += bool(count)
            self._summary.changed_since += count == 0

    def _restore(
        self,
        scene_id: int,
        item: PlexItem,
        values: Mapping[str, Value],
        pictures: Mapping[str, PictureBefore],
    ) -> int | None:
        """How many fields were put back; None where only pictures were to be and none can."""
        base = self._base_of(scene_id, item)
        changes = tuple(
            change
            for field in FIELDS
            if field.name in values
            and base
            and (change := _change_back(field, item, values[field.name], base))
        )
        changes += tuple(changes_back(item, values, base, self._carried))
        write(self._plex, item, Merge(changes))
        self._state.drop_replaced(item.rating_key)
        outcomes = Counter(
            self._pictures.give_back(item, KINDS[kind], before) for kind, before in pictures.items()
        )
        self._summary.not_there += outcomes[Outcome.NOT_THERE]
        self._summary.not_taken_away += outcomes[Outcome.CANNOT_TAKE_AWAY]
        count = len(changes) + outcomes[Outcome.GIVEN_BACK]
        could_be = bool(values) or bool(outcomes[Outcome.CHANGED_SINCE])
        return count if count or could_be else None

    def _base_of(self, scene_id: int, item: PlexItem) -> Base | None:
        """What was brought to an item, also by a drain that was killed before it could record it.

        That is recorded here, or the next sync would bring it once more.
        """
        record, begun = self._state.item_record(item.rating_key), self._state.begun(item.rating_key)
        base = record.base if record else None
        recovered = with_interrupted_write(base, begun, item, record)
        if recovered is None:
            return with_late_writes(base, begun, item, record)
        self._state.record_recovered(scene_id, item.rating_key, recovered)
        return with_late_writes(recovered, begun, item, record)


def run_undo(config: Stash2PlexConfig, data_dir: str) -> str | None:
    """The task: put back, log what was and what was not; the error to end with where Plex refused some.

    Raises PlexError, OSError, sqlite3.Error.
    """
    plex = connect(config, data_dir)
    with closing(SyncState(data_dir)) as state:
        state.use_server(plex.machine_identifier, str(config.path_map))
        summary = UndoFirstSync(plex, state, config.opt_out_label, names_carried(config)).run()
        collections = undo_collections(plex, state, config.opt_out_label)
        version = plex.version
    told = [*summary_lines(summary, version), *collections.summary_lines()]
    log.lines("info", told or ["There was nothing to put back in Plex."])
    is_whole = not summary.failed and not collections.failed
    return None if is_whole else log.failed("Plex refused some values; run the task again.")


def summary_lines(summary: UndoSummary, version: str) -> list[str]:
    """What the task logs."""
    fields, items = amount(summary.fields, "field"), amount(summary.restored, "item")
    lines = [f"Put back {fields} of {items}."] if summary.restored else []
    if summary.changed_since:
        lines.append(f"Left alone: {amount(summary.changed_since, 'item')} changed since the first sync.")
    if summary.opted_out:
        lines.append(f"Left alone: {amount(summary.opted_out, 'item')} with the opt-out label.")
    if summary.ignored:
        lines.append(f"Left alone: {amount(summary.ignored, 'item')} of ignored scenes.")
    if summary.gone:
        lines.append(f"Not in Plex at the moment: {amount(summary.gone, 'item')}; what was there is kept.")
    if summary.not_there:
        lines.append(
            f"Not given back: {amount(summary.not_there, 'picture')} that Plex does not have any more; "
            "Stash's stay."
        )
    if summary.not_taken_away:
        lines.append(
            f"Not given back: {amount(summary.not_taken_away, 'picture')} of Plex's own. Plex {version} "
            "cannot stop showing Stash's, as it can from 1.43 on: choose others there, or run Undo First "
            "Sync again after an update."
        )
    if summary.failed:
        lines.append(f"Not put back: {amount(summary.failed, 'item')}; the next Undo First Sync tries again.")
    return lines


def _change_back(field: Field, item: PlexItem, old: Value, base: Base) -> Change | None:
    """The change that puts a value back; None where somebody changed it since."""
    now = item.fields.values[field.name]
    if isinstance(now, str) or isinstance(old, str):
        return Change(field, now, old) if base.shows(field.name, item.fields) else None
    before = set(map(tag_key, old))
    if field.shared:
        added = tuple(tag for tag in now if tag_key(tag) not in before and base.has_tag(field.name, tag))
        kept = tuple(tag for tag in now if tag not in added)
        return Change(field, now, kept, added) if added else None
    going = tuple(tag for tag in now if tag_key(tag) not in before)
    return Change(field, now, old, going) if base.shows(field.name, item.fields) else None
