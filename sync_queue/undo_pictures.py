"""Giving back the picture that an item showed before the first of ours came in its place."""

from __future__ import annotations

from enum import Enum

from plex.artwork import Artwork, ArtworkKind, artwork_of, choose, take_away, takes_images_away, unlock
from plex.client import Plex
from plex.items import PlexItem
from sync_queue.pictures import NOTHING_KNOWN
from sync_queue.pictures_before import PictureBefore
from sync_queue.state import SyncState


class Outcome(Enum):
    """What became of a picture that was to be given back."""

    GIVEN_BACK = "Plex shows the former one, or none of ours"
    CHANGED_SINCE = "somebody chose another one since"
    NOT_THERE = "Plex does not have the former one any more"
    CANNOT_TAKE_AWAY = "Plex had none of a name, and this version cannot stop showing ours"


class FormerPictures:
    """Gives pictures back to the items of one Plex server."""

    def __init__(self, plex: Plex, state: SyncState) -> None:
        self._plex = plex
        self._state = state
        self._can_take_away = takes_images_away(plex.version)

    def give_back(
        self, item: PlexItem, kind: ArtworkKind, before: PictureBefore, stays_away: bool = True
    ) -> Outcome:
        """Show what was shown before, locked or not as it was; raises PlexError.

        Where that cannot be, ours stays, and what was kept stays kept. Ours is not brought again until it
        changes, or, where it does not `stay away`, until there is one to bring.
        """
        key = item.rating_key
        there, ours = artwork_of(self._plex, key, kind), self._ours(key, kind)
        is_ours = there.shown in ours
        # The last try may have been broken off after Plex had done it.
        if not is_ours and not (before.is_going_back and there.chosen in ("", before.name)):
            self._state.drop_picture(key, kind.value)
            return Outcome.CHANGED_SINCE
        if is_ours:
            self._record_shown(key, kind, there.shown)
            problem = self._show(item, kind, before, there)
            if problem is not None:
                return problem
        if not before.was_locked:
            unlock(self._plex, item.section_key, key, kind)
        self._state.record_given_back(key, kind.value, stays_away)
        return Outcome.GIVEN_BACK

    def _ours(self, key: int, kind: ArtworkKind) -> set[str]:
        record = self._state.artwork(key, kind.value)
        brought = {record.sha1} if record else set()
        return (brought | self._state.begun_artwork(key, kind.value)) - {""}

    def _record_shown(self, key: int, kind: ArtworkKind, shown: str) -> None:
        """Remember which of ours is there; a drain may have been killed before it could."""
        record = self._state.artwork(key, kind.value) or NOTHING_KNOWN
        if record.sha1 != shown:
            self._state.record_artwork(key, kind.value, record._replace(sha1=shown, etag="", refused=""))

    def _show(
        self, item: PlexItem, kind: ArtworkKind, before: PictureBefore, there: Artwork
    ) -> Outcome | None:
        """Show the former picture, or none; what is in the way of that."""
        key, is_there = item.rating_key, before.name in there.names
        if not is_there and before.name and before.was_locked:
            return Outcome.NOT_THERE
        if not is_there and not self._can_take_away:
            return Outcome.CANNOT_TAKE_AWAY
        self._state.begin_to_give_back(key, kind.value)
        if is_there:
            choose(self._plex, key, kind, before.name)
            return None
        take_away(self._plex, key, kind)
        is_still_there = artwork_of(self._plex, key, kind).shown == there.shown
        return Outcome.CANNOT_TAKE_AWAY if is_still_there else None
