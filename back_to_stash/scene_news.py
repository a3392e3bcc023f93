"""What comes to one scene, of all kinds; and what is remembered of it before and after it is written."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from back_to_stash.brought import PLAYS, RATING, RESUME, Change
from back_to_stash.plays import missing_plays
from back_to_stash.ratings import RatedItem, RatingChoice, choose_rating
from back_to_stash.resume import NEVER_SEEN, SAME, ResumedItem, choose_resume, is_since
from plex.items import PlexItem
from stash import log
from stash.activity import Activity
from stash.writing import AddPlays, SetRating, SetResume, Write
from sync_queue.brought_back import BEGUN, DONE, BroughtBack, KnownRating, SeenResume, View
from sync_queue.planning import was_made_anew
from sync_queue.ratings import InBoth, begun_in_both, last_pushed
from sync_queue.state import SyncState
from validation.config import Stash2PlexConfig


@dataclass(frozen=True)
class SceneNews:
    """The writes for one scene with their changes, and what the journal has before and after them."""

    scene_id: int
    writes: tuple[Write, ...]
    changes: tuple[Change, ...]
    begun: Journal
    done: Journal


@dataclass(frozen=True)
class Journal:
    """Rows for the journal."""

    ratings: tuple[tuple[int, KnownRating], ...] = ()
    views: tuple[View, ...] = ()
    resumes: tuple[tuple[int, int, SeenResume], ...] = ()

    def __add__(self, other: Journal) -> Journal:
        return Journal(self.ratings + other.ratings, self.views + other.views, self.resumes + other.resumes)

    def put(self, back: BroughtBack) -> None:
        """Write them down."""
        back.put_ratings(self.ratings)
        back.put_views(self.views)
        back.put_resumes(self.resumes)


Part = tuple[tuple[Write, ...], tuple[Change, ...], Journal, Journal]
NOTHING: Part = ((), (), Journal(), Journal())


def is_all_there(state: SyncState, scene_id: int, activity: Activity) -> bool:
    """Whether Stash shows all that it was last asked to write to a scene."""
    ratings, resumes = state.back.begun_for(scene_id)
    views = [view for view in state.taken_back.views_of_scene(scene_id) if view.step in (DONE, BEGUN)]
    return (
        all(both.stash == activity.rating100 for both in ratings)
        and not missing_plays(views, activity.plays)
        and all(abs(seconds - activity.resume) < SAME for seconds in resumes)
    )


class Deciding:
    """Decides for scenes by what is known of them and their items."""

    def __init__(self, state: SyncState, back: BroughtBack, config: Stash2PlexConfig, now: float) -> None:
        """`now` is the time by Stash's clock, in seconds since 1970."""
        self._state = state
        self._back = back
        self._config = config
        self._now = int(now)

    @cached_property
    def _seen(self) -> dict[int, SeenResume]:
        return self._back.resumes()

    def decide(
        self, scene_id: int, activity: Activity, items: Sequence[PlexItem], views: Sequence[View]
    ) -> SceneNews:
        """What comes to a scene; `views` are those of its items that are in the journal and still open."""
        kinds, parts = self._config.back_to_stash, [NOTHING]
        if "ratings" in kinds:
            parts.append(self._rating(scene_id, activity, items))
        if "plays" in kinds:
            parts.append(self._plays(scene_id, activity, views))
        if "resume" in kinds:
            parts.append(self._resume(scene_id, activity, items))
        writes = tuple(one for part in parts for one in part[0])
        changes = tuple(one for part in parts for one in part[1])
        begun = sum((part[2] for part in parts), Journal())
        done = sum((part[3] for part in parts), Journal())
        return SceneNews(scene_id, writes, changes, begun, done)

    def _rating(self, scene_id: int, activity: Activity, items: Sequence[PlexItem]) -> Part:
        rating100 = activity.rating100
        rated = [
            RatedItem(item.rating_key, item.use.rating, item.use.rated_at, self._in_common(item, rating100))
            for item in items
            if not self._is_of_plex(item)
        ]
        choice = choose_rating(rating100, rated)
        settled = self._settled(scene_id, rating100, choice)
        bringer = choice.bringer
        if bringer is None or choice.rating100 == rating100:
            return (), (), Journal(), settled
        new = InBoth(choice.rating100, bringer.rating)
        begun = Journal(((bringer.rating_key, KnownRating(scene_id, bringer.in_common, new)),))
        done = Journal(((bringer.rating_key, KnownRating(scene_id, new, None)),))
        change = Change(scene_id, RATING, rating100, choice.rating100)
        return (SetRating(scene_id, choice.rating100),), (change,), begun, settled + done

    def _settled(self, scene_id: int, rating100: int | None, choice: RatingChoice) -> Journal:
        """What needs no write: items that show what Stash has, and edits that lost and stay there."""
        is_pushed = "rating" not in self._config.leave_fields and not self._config.preserve_plex_edits
        kept = () if is_pushed else tuple(item for item in choice.contested if item.in_common)
        if kept:
            log.info(f"Scene {scene_id}: rating changed in Plex and in Stash; each keeps its own.")
        rows = []
        for item in (*choice.same, *kept):
            known = self._back.rating(item.rating_key)
            now = KnownRating(scene_id, InBoth(rating100, item.rating), None)
            if known != now and (known or item.rating):
                rows.append((item.rating_key, now))
        return Journal(tuple(rows))

    def _in_common(self, item: PlexItem, rating100: int | None) -> InBoth | None:
        """What a scene and an item had when their ratings were last the same."""
        known = self._back.rating(item.rating_key)
        both = known.in_common(rating100) if known else None
        record = self._state.item_record(item.rating_key)
        if both is None:
            both = last_pushed(record, item.use.rating) if record else None
        # It may be ours: a drain that was interrupted before it could record it.
        begun = self._state.begun(item.rating_key)
        is_late = record is not None and begun.may_be_late(item, record.updated_at, item.use.rated_at)
        return begun_in_both(begun, item.use.rating, is_late) or both

    def _is_of_plex(self, item: PlexItem) -> bool:
        """Whether its rating went with all else when Plex made it anew, or is that of an older database."""
        record = self._state.item_record(item.rating_key)
        if record is None:
            return False
        if record.was_rolled_back(item.updated_at, time.time()):
            return True
        return not item.use.rating and was_made_anew(record.base, record.shown, item)

    def _plays(self, scene_id: int, activity: Activity, views: Sequence[View]) -> Part:
        brought = [view for view in self._back.views_of_scene(scene_id) if view.step == DONE]
        settled = {view[:2] for view in brought}
        views = [view for view in views if view[:2] not in settled]
        if not views:
            return NOTHING
        missing = missing_plays([*brought, *views], activity.plays)
        begun, done = (
            Journal(views=tuple(view._replace(scene_id=scene_id, step=step) for view in views))
            for step in (BEGUN, DONE)
        )
        if not missing:
            return (), (), Journal(), done
        change = Change(scene_id, PLAYS, activity.plays, missing)
        return (AddPlays(scene_id, missing),), (change,), begun, done

    def _resume(self, scene_id: int, activity: Activity, items: Sequence[PlexItem]) -> Part:
        since = self._back.until("viewed")
        resumed = [
            ResumedItem(key, use.offset, use.viewed_at, self._seen.get(key), is_since(use.viewed_at, since))
            for item in items
            for key, use in [(item.rating_key, item.use)]
        ]
        choice = choose_resume(activity, resumed)
        if choice.reason:
            log.debug(f"Scene {scene_id}: {choice.reason}; Stash keeps its own.")
        seconds = choice.seconds if choice.bringer else activity.resume
        seen = Journal(
            resumes=tuple(
                (one.rating_key, scene_id, SeenResume(seconds, one.offset, one.viewed_at, self._now))
                for one in resumed
                if one.viewed_at or one.seen
            )
        )
        if choice.bringer is None:
            return (), (), Journal(), seen
        # What Stash has now may be the end of a write that nobody recorded: it is known from here on.
        before = (choice.bringer.seen or NEVER_SEEN)._replace(stash=activity.resume, begun=choice.seconds)
        begun = (choice.bringer.rating_key, scene_id, before)
        change = Change(scene_id, RESUME, activity.resume, choice.seconds)
        return (SetResume(scene_id, choice.seconds),), (change,), Journal(resumes=(begun,)), seen
