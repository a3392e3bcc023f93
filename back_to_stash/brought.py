"""What a look at Plex brings to Stash, and how it is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from sync_queue.outage import moment
from sync_queue.previewed import PreviewedChange
from validation.amounts import number

RATING, PLAYS, RESUME = "rating", "plays", "resume"
# What they are called.
TITLES = {RATING: "rating", PLAYS: "plays", RESUME: "resume time"}
NOT_OWNERS = (
    "No plays come from Plex: the token in setting “Plex token” (plex_token) is not that of the server's "
    "owner, or Plex does not tell whose it is, so the views of several people cannot be told apart. "
    "Enter the owner's token, or take plays out of “Back to Stash” (back_to_stash)."
)


class Change(NamedTuple):
    """One value of a scene in Stash, now and as Plex has it.

    A rating is 1 to 100 or None, `plays` are the times that come, in seconds since 1970, and a resume time
    is in seconds.
    """

    scene_id: int
    kind: str
    old: int | float | tuple[int, ...] | None
    new: int | float | tuple[int, ...] | None


@dataclass
class Brought:
    """The changes that were made, or would be; what could not be written, by scene.

    `waiting` counts views whose scene is not known. `is_owner` is false where the token is not the
    owner's, whose views alone can be told from those of others.
    """

    changes: list[Change] = field(default_factory=list)
    failures: dict[int, Exception] = field(default_factory=dict)
    waiting: int = 0
    is_owner: bool = True

    def count(self, kind: str) -> int:
        """How many ratings, plays or resume times."""
        return sum(
            len(one.new) if isinstance(one.new, tuple) else 1 for one in self.changes if one.kind == kind
        )


def counts_in_words(brought: Brought) -> str:
    """What came, such as “2 ratings, 3 plays”; empty for nothing."""
    words = {RATING: "rating", PLAYS: "play", RESUME: "resume time"}
    counts = {word: brought.count(kind) for kind, word in words.items()}
    return ", ".join(f"{number(count)} {word}{'s' * (count != 1)}" for word, count in counts.items() if count)


def describe(change: Change) -> str:
    """A change in one line."""
    kind, old, new = in_words(change)
    if isinstance(new, tuple):
        return f"{TITLES[kind]}: +{', +'.join(new)}"
    return f"{TITLES[kind]}: {new} (was {old})"


def in_words(change: Change) -> PreviewedChange:
    """What of a scene changes, what Stash has of it and what comes; of plays only those that come."""
    if isinstance(change.new, tuple):
        return PreviewedChange(change.kind, (), tuple(map(moment, change.new)))
    unit = " s" if change.kind == RESUME else ""
    old, new = (f"{one:g}{unit}" if one else "none" for one in (change.old, change.new))
    return PreviewedChange(change.kind, old, new)
