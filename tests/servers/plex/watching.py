"""What people do with a Plex library: they rate films, watch them, leave them in the middle.

The owner's marks lie on the items themselves; those of another account are kept beside them. What was
watched stands in the history, which outlives the items, and which no mark as unwatched changes.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tests.servers.plex.behaviour import PlexBehaviour
from tests.servers.plex.items import Marks, PlexItem

OWNER, GUEST = 1, 2
# Of a film's length; who has seen so much has watched it.
_WATCHED = 0.9


@dataclass(frozen=True)
class HistoryEntry:
    """One line of the history."""

    id: int
    rating_key: int
    section_key: int
    title: str
    viewed_at: int
    account: int


class Watching:
    """The part of a library that is about its watchers; times are whole seconds since 1970."""

    lock: threading.RLock
    clock: Callable[[], float]
    behaviour: PlexBehaviour
    history: list[HistoryEntry]
    marks_of_others: dict[tuple[int, int], Marks]
    touch: Callable[[PlexItem], None]
    item: Callable[[int | str], PlexItem | None]

    def watch(self, rating_key: int | str, at: int | None = None, account: int = OWNER) -> None:
        """Let somebody watch a film to its end."""
        with self.lock:
            self._viewed(rating_key, at, account, in_history=True)

    def mark_watched(self, rating_key: int | str, at: int | None = None, account: int = OWNER) -> None:
        """Let somebody mark a film as watched without watching it."""
        with self.lock:
            self._viewed(rating_key, at, account, in_history=self.behaviour.marking_leaves_history)

    def unwatch(self, rating_key: int | str, account: int = OWNER) -> None:
        """Let somebody mark a film as not watched: nothing is left of it but the history."""
        with self.lock:
            marks = self._marks(rating_key, account)
            marks.view_count, marks.last_viewed_at, marks.view_offset = 0, None, None

    def stop_at(
        self, rating_key: int | str, milliseconds: int, at: int | None = None, account: int = OWNER
    ) -> None:
        """Let somebody leave a film there; near its end it counts as watched, at its start as nothing."""
        with self.lock:
            item, marks = self._known_item(rating_key), self._marks(rating_key, account)
            if item.duration and milliseconds >= _WATCHED * item.duration:
                self._viewed(rating_key, at, account, in_history=True)
            elif milliseconds > 0:
                marks.view_offset = milliseconds
                if self.behaviour.leaving_is_viewing:
                    marks.last_viewed_at = self._time(at)

    def rate(
        self, rating_key: int | str, rating: float | None, at: int | None = None, account: int = OWNER
    ) -> None:
        """Let somebody give a film 0 to 10, half a star being one, or take his rating away."""
        with self.lock:
            self.set_rating(self._marks(rating_key, account), rating, at)
            if account == OWNER:
                self.touch(self._known_item(rating_key))

    def set_rating(
        self, marks: Marks, rating: float | None, at: int | None = None, dated: bool = True
    ) -> None:
        """Note a rating and, as the server's behaviour has it, its time."""
        if rating is not None and self.behaviour.ratings_are_kept != "as_sent":
            step = 1 if self.behaviour.ratings_are_kept == "in_half_stars" else 0.5
            rating = float(int(rating / step + 0.5) * step)
        marks.user_rating = rating
        if rating is None and self.behaviour.clearing_a_rating == "drops_its_date":
            marks.last_rated_at = None
        elif dated and (rating is not None or self.behaviour.clearing_a_rating == "dates_it"):
            marks.last_rated_at = self._time(at)

    def seen_by(self, account: int, items: Iterable[PlexItem]) -> list[PlexItem]:
        """Items as an account sees them: with its own marks."""
        if account == OWNER:
            return list(items)
        nothing = Marks()
        found = ((item, self.marks_of_others.get((account, item.rating_key), nothing)) for item in items)
        return [dataclasses.replace(item, **dataclasses.asdict(marks)) for item, marks in found]

    def _viewed(self, rating_key: int | str, at: int | None, account: int, *, in_history: bool) -> None:
        item, marks = self._known_item(rating_key), self._marks(rating_key, account)
        when = self._time(at)
        marks.view_count += 1
        marks.last_viewed_at, marks.view_offset = when, None
        if in_history:
            number = len(self.history) + 1
            self.history.append(
                HistoryEntry(number, item.rating_key, item.section_key, item.title, when, account)
            )

    def _known_item(self, rating_key: int | str) -> PlexItem:
        item = self.item(rating_key)
        if item is None:
            raise KeyError(rating_key)
        return item

    def _marks(self, rating_key: int | str, account: int) -> Marks:
        if account == OWNER:
            return self._known_item(rating_key)
        return self.marks_of_others.setdefault((account, int(rating_key)), Marks())

    def _time(self, at: int | None) -> int:
        return int(self.clock()) if at is None else at
