"""Bringing the picture of a scene's studio to its items as their logo, where Plex knows logos."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable, Sequence

from plex.artwork import LARGEST_IMAGE, ArtworkKind, Image, is_raster, knows
from plex.exceptions import PlexBusy, PlexError, PlexNotFound, PlexNotKept, PlexRejected
from plex.items import PlexItem
from plex.library import read_items
from stash import log
from stash.client import Stash
from stash.exceptions import ImageUnusable, StashError, StashUnavailable
from stash.images import CoverUnchanged, NoCover
from sync_queue.cover_records import ArtworkRecord
from sync_queue.facts import Facts
from sync_queue.pace import Pace
from sync_queue.pictures import FAILURES_IN_A_ROW, NOTHING_KNOWN, Pictures
from sync_queue.pictures_before import PictureBefore
from sync_queue.reading import Lane
from sync_queue.state import SyncState
from sync_queue.state_database import DOUBTFUL
from sync_queue.undo_pictures import FormerPictures, Outcome
from validation.amounts import number
from validation.config import Stash2PlexConfig
from validation.scene import Scene

LOGO = ArtworkKind.LOGO
# Bytes of pictures that are kept for the next scene of the same studio.
KEPT = 32_000_000
# What is remembered of a version of Plex.
_KNOWS, _KNOWS_NOT = "yes", "no"


def carries_logos(config: Stash2PlexConfig) -> bool:
    """Whether the settings ask for logos."""
    return config.studio_logo and LOGO.field_title not in config.leave_fields


def is_logo_settled(record: ArtworkRecord | None, scene_id: int, address: str) -> bool:
    """Whether a record is of the studio's picture at this address, which is another one when it changes.

    Where Stash has none, nothing is wanted.
    """
    if not address or record is None:
        return not address
    return record.scene_id == scene_id and record.source == address and record.version != DOUBTFUL


def is_without_logos(facts: Facts, server: str, version: str) -> bool:
    """Whether it is remembered that a Plex server of this version does not know logos."""
    return facts.fact(_fact(server)) == f"{version} {_KNOWS_NOT}"


def _fact(server: str) -> str:
    return f"logos of {server}"


class StudioPictures:
    """Pictures of studios, each asked for once in a run. For all who send."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # By address: the picture, its ETag where its bytes are not there, None where there is none.
        self._known: OrderedDict[str, Image | str | None] = OrderedDict()
        self._bytes = 0
        self._failures = 0

    def get(self, stash: Stash, address: str, etag: str) -> Image | str | None:
        """The picture at an address; this ETag where it is still its own; None where none can be carried.

        Raises StashError.
        """
        with self._lock:
            if address in self._known:
                known = self._known[address]
                if known is None or (etag and etag == (known.etag if isinstance(known, Image) else known)):
                    return etag if known is not None else None
                if isinstance(known, Image):
                    self._known.move_to_end(address)
                    return known
            found = self._fetch(stash, address, "" if address in self._known else etag)
            self._keep(address, found)
            return found

    def leave_out(self, address: str) -> None:
        """Carry this picture to no item more in this run."""
        with self._lock:
            self._keep(address, None)

    def _fetch(self, stash: Stash, address: str, etag: str) -> Image | str | None:
        if self._failures >= FAILURES_IN_A_ROW:
            raise StashUnavailable("Stash delivers no pictures of studios at the moment.")
        try:
            found = _picture_at(stash, address, etag)
        except StashError:
            self._failures += 1
            raise
        self._failures = 0
        return found

    def _keep(self, address: str, found: Image | str | None) -> None:
        before = self._known.pop(address, None)
        self._bytes -= len(before.content) if isinstance(before, Image) else 0
        self._known[address] = found
        self._bytes += len(found.content) if isinstance(found, Image) else 0
        for other, kept in list(self._known.items()):
            if self._bytes <= KEPT:
                break
            if isinstance(kept, Image):
                self._known[other] = kept.etag
                self._bytes -= len(kept.content)


def _picture_at(stash: Stash, address: str, etag: str) -> Image | str | None:
    try:
        found = stash.fetch_image(address, etag, LARGEST_IMAGE, what="picture of a studio")
    except ImageUnusable:
        log.warning(
            f"The picture of a studio ({address.partition('?')[0]}) is larger than "
            f"{number(LARGEST_IMAGE)} bytes; "
            "it does not become a logo in Plex. Give the studio a smaller one in Stash."
        )
        return None
    if isinstance(found, CoverUnchanged):
        return found.etag
    if isinstance(found, NoCover) or not is_raster(found.content):
        log.info(
            f"The picture of a studio ({address.partition('?')[0]}) is of a kind that Plex cannot show; it "
            "does not become a logo there. Give the studio one in JPEG or PNG."
        )
        return None
    return Image(found.content, found.etag)


class Logos:
    """Brings the pictures of studios to Plex and remembers which, and whether Plex knows logos at all."""

    kinds: Sequence[ArtworkKind] = (LOGO,)

    def __init__(
        self,
        lane: Lane,
        state: SyncState,
        pace: Pace,
        pictures: Pictures,
        studios: StudioPictures,
    ) -> None:
        self._stash, self._plex = lane.stash, lane.plex
        self._state = state
        self._pictures = pictures
        self._pace = pace
        self._studios = studios
        # Whether Plex lists logos, as far as it was asked in this run.
        self._is_listed = False

    def bring(self, scene: Scene, items: Sequence[PlexItem], rolled_back: Collection[int] = ()) -> int:
        """Bring the studio's picture to the scene's items; how many uploads that took.

        `rolled_back` has the keys of items that Plex shows as they once were. Raises StashError, PlexError.
        """
        if not scene.logo_address:
            return self._give_up(scene, items)
        if not items or not self._is_known(items[0]):
            return 0
        try:
            uploads = self._pictures.bring(self, scene, items, rolled_back)
        except (PlexNotKept, PlexNotFound) as problem:
            return self._after_none(problem, items)
        except PlexRejected as problem:
            log.warning(
                f"Scene {scene.id}: Plex refuses the picture of its studio as a logo, and will not be asked "
                f"again until the picture changes: {problem}"
            )
            self._studios.leave_out(scene.logo_address)
            return self._pictures.bring(self, scene, items, rolled_back)
        if uploads and not self._told():
            self._remember(_KNOWS)
        return uploads

    def _give_up(self, scene: Scene, items: Iterable[PlexItem]) -> int:
        """Take away what came from a studio that has no picture any more, or is not the scene's.

        What was there before comes back; an older Plex goes on showing ours. How many writes that took.
        """
        return sum(self._take_back(scene, item) for item in items)

    def _take_back(self, scene: Scene, item: PlexItem) -> bool:
        key, state = item.rating_key, self._state
        with state.lock:
            record = state.artwork(key, LOGO.value) or NOTHING_KNOWN
            # It may be there though nobody recorded it: a drain was killed.
            begun = state.begun_artwork(key, LOGO.value)
        if not record.sha1 and not begun:
            return False
        with self._pace.writing(), state.lock:
            # After a loss there may be none.
            state.keep_picture(key, LOGO.value, PictureBefore(scene.id, "", False))
            before = state.pictures_before([key])[key][LOGO.value]
            former = FormerPictures(self._plex, state)
            outcome = former.give_back(item, LOGO, before, stays_away=False)
            if outcome is Outcome.CHANGED_SINCE:
                state.record_artwork(key, LOGO.value, record._replace(sha1="", etag="", source="", stamp=""))
        return outcome is Outcome.GIVEN_BACK

    def _after_none(self, problem: PlexError, items: Iterable[PlexItem]) -> int:
        """What it means that Plex shows no logo after an upload, or has no place for it."""
        is_there = all(read_items(self._plex, [item.rating_key]) for item in items)
        if self._told() == _KNOWS or not is_there:
            raise PlexBusy(str(problem)) if isinstance(problem, PlexNotKept) else problem
        self._remember(_KNOWS_NOT)
        return 0

    def is_settled(self, record: ArtworkRecord | None, scene: Scene) -> bool:
        """Whether a record is of the studio's picture as it is now."""
        return is_logo_settled(record, scene.id, scene.logo_address)

    def settled(self, scene: Scene, record: ArtworkRecord) -> ArtworkRecord:
        """The record once the picture was looked at."""
        return record._replace(source=scene.logo_address, version=0)

    def may_come(self, _: Scene) -> bool:
        """Whether a picture that is not there may only be late: that of a studio is there or is not."""
        return False

    def fetch(self, scene: Scene, records: Iterable[ArtworkRecord]) -> Image | str | None:
        """The picture of the scene's studio; see `Source`."""
        etags = {record.etag for record in records}
        return self._studios.get(self._stash, scene.logo_address, etags.pop() if len(etags) == 1 else "")

    def _is_known(self, item: PlexItem) -> bool:
        """Whether Plex knows logos; it is asked once, and again when it has another version."""
        told = self._told()
        if not told and not self._is_listed:
            self._is_listed = knows(self._plex, item.rating_key, LOGO)
            if not self._is_listed:
                self._remember(_KNOWS_NOT)
                return False
        return told != _KNOWS_NOT

    def _told(self) -> str:
        with self._state.lock:
            version, _, told = (self._state.fact(self._fact) or "").rpartition(" ")
        return told if version == self._plex.version else ""

    def _remember(self, told: str) -> None:
        with self._state.lock:
            self._state.set_fact(self._fact, f"{self._plex.version} {told}")
        if told == _KNOWS_NOT:
            log.info(
                f"Plex {self._plex.version} does not know logos: the pictures of studios are carried over "
                "once it is a newer one."
            )

    @property
    def _fact(self) -> str:
        return _fact(self._plex.machine_identifier)
