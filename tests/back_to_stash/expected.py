"""What Stash and Plex must hold after people acted on both sides: from the promises, not from the code.

Where nobody can know which of two outcomes it will be (a task was killed, both sides changed a resume point
between two tasks), both are kept, until what the servers show tells them apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

# Seconds by which two resume points may differ and are the same.
SAME = 1.0


class Ratings(NamedTuple):
    """The rating in Stash (1 to 100), that in Plex (0 to 10), and both when last they were the same."""

    stash: int | None
    plex: float | None
    common: tuple[int | None, float | None] | None = None


@dataclass
class ExpectedRating:
    """Changed on one side goes to the other, changed on both stays Stash's; `shown` is how Plex keeps it."""

    shown: Callable[[float], float]
    possible: set[Ratings]

    def in_stash(self, rating: int | None) -> None:
        """A person rates in Stash."""
        self.possible = {one._replace(stash=rating) for one in self.possible}

    def in_plex(self, rating: float | None) -> None:
        """A person rates in Plex."""
        rating = None if rating is None else self.shown(rating)
        self.possible = {one._replace(plex=rating) for one in self.possible}

    def after_task(self, was_interrupted: bool, is_clearing_unseen: bool) -> None:
        """A task has run, or was interrupted somewhere.

        Where Plex keeps no date of a rating that was taken away, only a look at everything has to see it.
        """
        after = {result for one in self.possible for result in self._brought_together(one)}
        unseen = {one for one in self.possible if is_clearing_unseen and one.plex is None}
        if was_interrupted:
            # Of a write to Plex that nobody recorded, the plugin cannot tell whether it came, once a person
            # has rated there again: it may take what it was to bring for an edit of Stash that is still due.
            after |= {
                result._replace(common=one.common)
                for one in self.possible
                for result in self._brought_together(one)
                if result.plex != one.plex
            }
        self.possible = after | self.possible if was_interrupted else after | unseen

    def see(self, stash: int | None, plex: float | None) -> None:
        """What the servers hold has to be possible, and nothing else is any more."""
        seen = {one for one in self.possible if one[:2] == (stash, plex)}
        assert seen, f"rating: Stash {stash}, Plex {plex}; possible: {sorted(map(str, self.possible))}"
        self.possible = seen

    def _brought_together(self, now: Ratings) -> set[Ratings]:
        stash, plex, common = now
        to_plex = _same(stash, None if stash is None else self.shown(stash / 10))
        to_stash = _same(None if plex is None else round(plex * 10), plex)
        if common is None:
            return {to_stash} if stash is None else {to_plex}
        if plex == common[1]:
            # A value that is finer in Stash than in Plex stays as it is.
            return {to_plex}
        if stash == common[0]:
            is_shown = stash is not None and plex == self.shown(stash / 10)
            return {to_stash, to_plex} if is_shown else {to_stash}
        # Both changed: Stash's stays. One taken away in Stash while Plex was given another one may come back.
        return {to_plex, to_stash} if stash is None else {to_plex}


def _same(stash: int | None, plex: float | None) -> Ratings:
    return Ratings(stash, plex, (stash, plex))


@dataclass
class ExpectedPlays:
    """Each view of the owner's exactly once with its time, and whatever plays Stash had of its own."""

    plays: Counter[int] = field(default_factory=Counter)
    # Views that have to come, and those from before the first look, which come only on request.
    coming: Counter[int] = field(default_factory=Counter)
    old: Counter[int] = field(default_factory=Counter)
    # Plays that came in a task which never learnt it: one of them that a person takes away may come again.
    unknown: Counter[int] = field(default_factory=Counter)
    again: Counter[int] = field(default_factory=Counter)

    def viewed(self, at: int, is_old: bool) -> None:
        """The owner watched it in Plex."""
        (self.old if is_old else self.coming)[at] += 1

    def after_task(self, was_interrupted: bool, everything: bool) -> None:
        """A task has run; one that looks at everything brings the old views too."""
        if everything and not was_interrupted:
            self.coming += self.old
            self.old.clear()

    def see(self, plays: Counter[int], is_settled: bool) -> None:
        """No play too many at any time; none too few where no task was interrupted since."""
        too_many = plays - self.plays - self.coming - self.old - self.again
        assert not too_many, f"plays too many: {dict(too_many)}"
        assert not self.plays - plays, f"plays lost: {dict(self.plays - plays)}"
        came = plays - self.plays
        late = self.coming - came
        assert not (is_settled and late), f"views that did not come: {dict(late)}"
        self.old = self.old - (came - self.coming)
        self.unknown = Counter() if is_settled else self.unknown + came
        self.again = Counter() if is_settled else self.again
        self.coming, self.plays = late, plays.copy()

    def taken_away(self, at: int) -> None:
        """A person takes a play away in Stash; it never comes again, if the plugin knew that it had come."""
        self.plays -= Counter([at])
        self.again += Counter([at]) & self.unknown


@dataclass
class ExpectedResume:
    """The newer side's; of what both changed between two tasks, either.

    Stash does not say when it was set, and the plugin looks at the scene when Plex has news of it: then it
    learns of one that was set in Stash, which may be the newer one.
    """

    length: float
    possible: set[float] = field(default_factory=lambda: {0.0})
    # Where Plex stopped since the last task (0: finished), and whether Stash's was set since then.
    coming: float | None = None
    is_contested: bool = False
    # Whether an interrupted task may have brought it already: then it is no news to the next one.
    may_have_come: bool = False
    # Where the scene's items were stopped, by their keys, and what counts again once one is forgotten.
    stopped: dict[int, float] = field(default_factory=dict)
    left: set[float] = field(default_factory=set)

    def in_plex(self, seconds: float, key: int) -> None:
        """The owner stopped the item there, or finished it (0)."""
        self.coming, self.may_have_come = seconds, False
        self.stopped[key] = seconds

    def forgotten_in_plex(self, key: int) -> None:
        """The item was marked as not watched: Plex knows no time of it any more."""
        self.is_contested = self.is_contested or self.coming is not None
        self.stopped.pop(key, None)
        self.left = set(self.stopped.values())

    def in_stash(self, seconds: float) -> None:
        """A person stopped there in Stash."""
        self.possible = {seconds}
        self.is_contested = True

    def after_task(self, was_interrupted: bool, is_first: bool) -> None:
        """A task has run, or was interrupted; the first one has no look at what was finished before."""
        if self.coming is not None and self.coming < self.length:
            kept = self.possible if self.is_contested or was_interrupted else set()
            self.possible = {self.coming, *kept, *self.left}
        if was_interrupted:
            self.may_have_come = self.coming is not None
        else:
            is_news = self.coming is not None and not self.may_have_come
            was_looked_at = is_news and not (is_first and not self.coming)
            self.coming, self.is_contested = None, self.is_contested and not was_looked_at

    def see(self, seconds: float) -> None:
        """What Stash holds has to be possible."""
        near = {one for one in self.possible if abs(one - seconds) < SAME}
        assert near, f"resume: Stash {seconds}; possible: {sorted(self.possible)}"
        self.possible = {seconds}
