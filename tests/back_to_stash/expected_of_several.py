"""What a scene with several items in Plex must hold after people rated it on both sides.

From the promises: of several items the one that was rated last counts, what changed on one side alone goes
to the other, a rating that nobody gave is never shown, and in the end all items show what Stash has.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

STASH, PLEX = "Stash", "Plex"


@dataclass
class ExpectedRatingOfSeveral:
    """Strict where one side alone changed, and lenient where nobody can say who was later.

    `shown` is how Plex keeps a rating. `given` are the ratings, as Stash has them, that people gave or that
    stood there since a task ran to its end; `sides` say who changed one since.
    """

    shown: Callable[[float], float]
    given: set[int | None] = field(default_factory=lambda: {None})
    sides: set[str] = field(default_factory=set)
    stash: int | None = None
    plex: tuple[float | None, ...] = ()
    # The rating that was given last on the one side that changed; not known once that cannot be said.
    latest: int | None = None
    is_latest_known: bool = True
    _is_judged: bool = False
    _is_drained: bool = False

    def in_stash(self, rating: int | None) -> None:
        """A person rates in Stash."""
        self._give(STASH, rating)

    def in_plex(self, rating: float | None, place: int) -> None:
        """A person rates the item at this place in Plex."""
        rating = None if rating is None else self.shown(rating)
        # One that is taken away may have no date, and one that is given anew as it was is none.
        self.is_latest_known = self.is_latest_known and rating is not None and rating != self.plex[place]
        self._give(PLEX, _in_stash(rating))

    def _give(self, side: str, rating: int | None) -> None:
        self.sides.add(side)
        self.given.add(rating)
        self.latest = rating

    def after_task(self, was_interrupted: bool, is_drained: bool) -> None:
        """A task has run, or was interrupted; one that looks at everything drains nothing."""
        self.is_latest_known = self.is_latest_known and not was_interrupted
        self._is_judged = len(self.sides) == 1 and self.is_latest_known
        self._is_drained = is_drained and not was_interrupted

    def see(self, stash: int | None, plex: Sequence[float | None]) -> None:
        """What the servers hold has to be possible."""
        held = f"Stash {stash}, Plex {list(plex)}"
        assert stash in self.given, f"rating: {held}; nobody gave it of {self.given}"
        if self._is_judged:
            # A value that is finer in Stash than in Plex stays as it is.
            wanted = None if self.latest is None else self.latest / 10
            possible = {self.latest, *([self.stash] if self._is_shown(self.stash, wanted) else [])}
            assert stash in possible, f"rating: {held}; possible: {possible}"
            if self.sides == {STASH} and self._is_drained:
                self.see_settled(stash, plex)
        self.stash, self.plex = stash, tuple(plex)
        if self._is_drained:
            self.sides.clear()
            self.is_latest_known = True
            self.given = {stash, *map(_in_stash, plex)}

    def see_settled(self, stash: int | None, plex: Sequence[float | None]) -> None:
        """All items show what Stash has, or less than a star of ten beside it.

        Of a write that was cut short nobody can tell whether a Plex made that of it, or a person.
        """
        near = [
            one is None if stash is None else one is not None and abs(one - stash / 10) < 1 for one in plex
        ]
        assert all(near), f"rating: Stash {stash}, Plex {list(plex)}"

    def _is_shown(self, stash: int | None, plex: float | None) -> bool:
        return plex == (None if stash is None else self.shown(stash / 10))


def _in_stash(rating: float | None) -> int | None:
    return None if rating is None else round(rating * 10)
