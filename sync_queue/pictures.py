"""Bringing one picture to one item: uploaded once, chosen, and given way to what a person chose.

It does not matter which kind of picture it is, nor where it comes from in Stash.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import partial
from typing import Protocol

from plex.artwork import Artwork, ArtworkKind, Image, artwork_of, choose, lock, upload_and_choose
from plex.client import Plex
from plex.exceptions import PlexBusy
from plex.items import PlexItem
from plex.library import read_items
from stash import log
from sync_queue.cover_records import CHOSEN, ArtworkRecord
from sync_queue.one_upload import OneUpload
from sync_queue.pace import Pace
from sync_queue.pictures_before import PictureBefore
from sync_queue.state import SyncState
from sync_queue.state_database import DOUBTFUL
from validation.amounts import number
from validation.scene import Scene

# A Plex that does not take so many pictures in a row is not given more in this run.
FAILURES_IN_A_ROW = 3
NOTHING_KNOWN = ArtworkRecord("", "", 0)


class _Look(Enum):
    """What became of a picture that is not as it was left."""

    RIGHT = "it is ours"
    CHOSEN_BY_SOMEBODY = "it is a person's choice"
    CHOSEN = "ours was chosen again"
    LOST = "Plex shows one that was interrupted, or does not have ours any more"


@dataclass(frozen=True)
class Target:
    """An item and a kind of picture that is to come there, and what is known of it.

    `begun` has the SHA-1s of uploads whose end nobody recorded.
    """

    item: PlexItem
    kind: ArtworkKind
    record: ArtworkRecord
    begun: frozenset[str]
    was_rolled_back: bool
    is_looked_at: bool = False

    @property
    def stamp(self) -> str:
        """The address under which Plex shows the picture; it moves when another one is chosen."""
        return self.item.images.get(self.kind.lock, "")

    @property
    def is_locked(self) -> bool:
        """Whether a person, or we, chose the picture."""
        return self.kind.lock in self.item.locked

    @property
    def is_as_left(self) -> bool:
        """Whether Plex shows what it showed when the item was last found right."""
        if self.is_looked_at or not self.record.sha1:
            return True
        return bool(self.stamp) and self.record.stamp in (self.stamp, self.left_stamp)

    @property
    def left_stamp(self) -> str:
        """What to remember of the address where what is there stays, and is not known to be ours."""
        return (CHOSEN if self.is_locked else "") + self.stamp

    @property
    def ours(self) -> frozenset[str]:
        """The SHA-1s of all that we brought."""
        return self.begun | {self.record.sha1} - {""}


class Source(Protocol):
    """Where pictures of a scene come from in Stash."""

    @property
    def kinds(self) -> Sequence[ArtworkKind]:
        """What they become in Plex."""

    def is_settled(self, record: ArtworkRecord | None, scene: Scene) -> bool:
        """Whether a record is of the picture as it is now: then Stash need not be asked for it."""

    def fetch(self, scene: Scene, records: Iterable[ArtworkRecord]) -> Image | str | None:
        """The picture; its ETag where it is still the one of the records; None where there is none."""

    def settled(self, scene: Scene, record: ArtworkRecord) -> ArtworkRecord:
        """The record once the picture was looked at."""

    def may_come(self, scene: Scene, /) -> bool:
        """Whether a picture that is not there may only be late."""


class Pictures:
    """Brings pictures to items of Plex and remembers which."""

    def __init__(self, plex: Plex, state: SyncState, pace: Pace, preserve: bool) -> None:
        self._plex = plex
        self._state = state
        self._pace = pace
        self._preserve = preserve
        self._refusals = 0

    def bring(
        self, source: Source, scene: Scene, items: Iterable[PlexItem], rolled_back: Collection[int] = ()
    ) -> int:
        """Upload a scene's picture where it is new or Plex has lost it; returns how many uploads that took.

        `rolled_back` has the keys of items that Plex shows as they once were. Raises StashError or
        PlexError; whatever was done until then is remembered.
        """
        targets = self._targets(items, source.kinds, rolled_back)
        if all(source.is_settled(target.record, scene) and target.is_as_left for target in targets):
            return 0
        uploads, targets = self._with_ours_chosen_again(
            targets, [source.is_settled(target.record, scene) for target in targets]
        )
        lost = [not target.is_as_left for target in targets]
        if any(lost) or not all(source.is_settled(target.record, scene) for target in targets):
            # To bring a picture once more its bytes are needed, whatever Stash's ETag says.
            image = source.fetch(scene, [] if any(lost) else [target.record for target in targets])
            for target, is_again in zip(targets, lost, strict=True):
                is_known = target.is_looked_at or (target.is_as_left and bool(target.record.sha1))
                stamp = target.record.stamp if is_known else target.left_stamp
                before = source.settled(scene, target.record._replace(scene_id=scene.id, stamp=stamp))
                if isinstance(image, Image):
                    uploads += self._bring(scene.id, target, image, before, is_again)
                elif image is not None or not source.may_come(scene):
                    self._remember(target, before)
        return uploads

    def _targets(
        self, items: Iterable[PlexItem], kinds: Sequence[ArtworkKind], rolled_back: Collection[int] = ()
    ) -> list[Target]:
        """What is known of these items' pictures; `rolled_back` has those that are as they once were."""
        with self._state.lock:
            return [
                Target(
                    item,
                    kind,
                    self._state.artwork(item.rating_key, kind.value) or NOTHING_KNOWN,
                    frozenset(self._state.begun_artwork(item.rating_key, kind.value)),
                    item.rating_key in rolled_back,
                )
                for item in items
                for kind in kinds
            ]

    def _with_ours_chosen_again(
        self, targets: Sequence[Target], settled: Sequence[bool]
    ) -> tuple[int, list[Target]]:
        """Look at items whose picture changed in Plex, and choose ours where nobody chose another.

        Returns how many were chosen, and the targets; those that are not as they were left then have
        lost our picture, or are to get another one than that. Raises PlexError.
        """
        count, looked_at = 0, []
        for target, is_settled in zip(targets, settled, strict=True):
            if not target.is_as_left:
                outcome = self._look_at(target, is_settled)
                count += outcome is _Look.CHOSEN
                if outcome is not _Look.LOST:
                    # Under which address Plex shows what was chosen is known when the item is read back.
                    stamps = {_Look.CHOSEN: "", _Look.CHOSEN_BY_SOMEBODY: CHOSEN + target.stamp}
                    record = target.record._replace(stamp=stamps.get(outcome, target.stamp))
                    self._remember(target, record)
                    target = replace(target, record=record, is_looked_at=True)
            looked_at.append(target)
        return count, looked_at

    def _bring(
        self, scene_id: int, target: Target, image: Image, before: ArtworkRecord, is_again: bool
    ) -> int:
        """Bring a picture where it is new, or once more; returns how many uploads that took.

        `before` is the record, as it is to be where Plex keeps what it has. Raises PlexError.
        """
        after = before._replace(etag=image.etag, sha1=image.sha1, refused="")
        is_new = is_again or image.sha1 != before.sha1
        if image.sha1 == before.refused:
            self._remember(target, before._replace(etag=image.etag))
        elif is_new and not self._stays(scene_id, target, image):
            return self._upload(scene_id, target, image, before)
        else:
            self._remember(target, after)
        return 0

    def _remember(self, target: Target, record: ArtworkRecord) -> None:
        """Record what is now known of a picture."""
        with self._state.lock:
            self._state.record_artwork(target.item.rating_key, target.kind.value, record)

    def _look_at(self, target: Target, is_settled: bool) -> _Look:
        rating_key, kind, ours = target.item.rating_key, target.kind, target.record.sha1
        there = artwork_of(self._plex, rating_key, kind)
        if there.shown == ours:
            return _Look.RIGHT
        if there.shown in target.ours:
            return _Look.LOST
        if not target.was_rolled_back and (target.is_locked or self._is_locked_by_now(target)):
            return _Look.CHOSEN_BY_SOMEBODY
        if ours not in there.uploads or not is_settled:
            return _Look.LOST
        with self._pace.writing():
            choose(self._plex, rating_key, kind, there.uploads[ours])
        return _Look.CHOSEN

    def _upload(self, scene_id: int, target: Target, image: Image, before: ArtworkRecord) -> int:
        kind = target.kind
        is_taken = OneUpload(self._state, target.item.rating_key, kind, image).is_taken(
            partial(self._send, target, image),
            before,
            f"Scene {scene_id}: Plex, or a proxy in front of it, does not accept its {kind.field_title} of "
            f"{number(len(image.content))} bytes. Plex keeps its image until it changes in Stash.",
        )
        if is_taken:
            log.debug(f"Scene {scene_id}: {kind.field_title} uploaded.")
        return int(is_taken)

    def _send(self, target: Target, image: Image) -> None:
        if self._refusals >= FAILURES_IN_A_ROW:
            raise PlexBusy("Plex accepts no pictures at the moment.")
        try:
            with self._pace.writing():
                upload_and_choose(self._plex, target.item.rating_key, target.kind, image)
                if target.kind is ArtworkKind.LOGO:
                    lock(self._plex, target.item.section_key, target.item.rating_key, target.kind)
        except PlexBusy:
            self._refusals += 1
            raise
        self._refusals = 0
        if self._preserve and artwork_of(self._plex, target.item.rating_key, target.kind).shown != image.sha1:
            raise PlexBusy(f"Plex took the {target.kind.field_title} and does not show it.")

    def _stays(self, scene_id: int, target: Target, image: Image) -> bool:
        """Whether the picture that Plex shows is to stay; keeps its name where it is about to go."""
        if not target.ours:
            return self._stays_at_first_contact(scene_id, target, image)
        if self._was_replaced_since(target, image):
            return True
        is_doubtful = target.record.version == DOUBTFUL
        if not self._preserve and not is_doubtful:
            return False
        if not target.is_locked and not self._is_locked_by_now(target):
            return False
        artwork = artwork_of(self._plex, target.item.rating_key, target.kind)
        if not artwork.chosen and artwork.uploads.keys().isdisjoint(target.ours):
            # Plex keeps what was uploaded, whatever a person chooses or takes away.
            raise PlexBusy(f"Plex does not say which {target.kind.field_title} it shows.")
        if artwork.shown == image.sha1:
            return True
        return artwork.shown not in target.ours and not target.was_rolled_back

    def _was_replaced_since(self, target: Target, image: Image) -> bool:
        """Whether this picture arrived before a drain was killed, and somebody chose another since."""
        if image.sha1 not in target.begun or target.was_rolled_back:
            return False
        if not target.is_locked and not self._is_locked_by_now(target):
            return False
        there = artwork_of(self._plex, target.item.rating_key, target.kind)
        return image.sha1 in there.uploads and bool(there.chosen) and there.shown not in target.ours

    def _stays_at_first_contact(self, scene_id: int, target: Target, image: Image) -> bool:
        is_locked = target.is_locked or (self._preserve and self._is_locked_by_now(target))
        if is_locked and self._preserve:
            return True
        there = artwork_of(self._plex, target.item.rating_key, target.kind)
        # Where it is the only one and Plex's own, a person can have chosen no other since.
        is_locked = is_locked or (
            not self._preserve and there.has_a_choice and self._is_locked_by_now(target)
        )
        if there.shown == image.sha1:
            return is_locked
        with self._state.lock:
            if is_locked and not self._state.is_whole_for_all:
                log.info(
                    f"Scene {scene_id}: the {target.kind.field_title} in Plex stays: after the loss of "
                    "state.db nobody knows who chose it. When the cover next changes in Stash, it is "
                    "carried over."
                )
                return True
            self._keep(scene_id, target, there, is_locked)
        return False

    def _keep(self, scene_id: int, target: Target, there: Artwork, is_locked: bool) -> None:
        """Keep what Plex shows, for who undoes the first sync."""
        if there.shown and not is_locked and not self._state.is_whole_for_all:
            # After a loss it may be one that we brought.
            return
        before = PictureBefore(scene_id, there.chosen, is_locked)
        self._state.keep_picture(target.item.rating_key, target.kind.value, before)

    def _is_locked_by_now(self, target: Target) -> bool:
        """Whether a person chose a picture since the item was read, which may be a minute ago."""
        key = target.item.rating_key
        item = read_items(self._plex, [key]).get(key)
        # To one that is gone nothing can be uploaded either.
        return item is not None and target.kind.lock in item.locked
