"""What docs/fields.md promises of edits on both sides, written down once more and as plainly as it can be.

A value here is what a person tells apart: a text without what cannot be seen, a set of names without
regard to case, the SHA-1 of a picture.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha1
from typing import Any

from tests.servers.plex.items import PlexItem
from tests.servers.stash.library import StashLibrary
from tests.servers.stash.records import Scene

Names = frozenset[str]
TEXTS = ("title", "title_sort", "summary", "date", "studio", "user_rating", "poster")
LISTS = ("roles", "directors", "genres", "collections")
# Lists in which people and tools keep names of their own in Plex, and nothing tells whose they are.
SHARED = ("collections",)
# What Plex locks when a person edits it. A rating has no lock and is always a person's.
LOCKS = {
    "title": "title",
    "titleSort": "title_sort",
    "summary": "summary",
    "originallyAvailableAt": "date",
    "studio": "studio",
    "thumb": "poster",
    "actor": "roles",
    "director": "directors",
    "genre": "genres",
    "collection": "collections",
}


def seen(text: str | None) -> str:
    """A text as a person sees it."""
    visible = (text or "").replace("\r\n", "\n")
    kept = "".join(one for one in visible if one == "\n" or unicodedata.category(one) != "Cc")
    return unicodedata.normalize("NFC", kept).strip()


def names(some: Iterable[str]) -> Names:
    """Names as a person compares them."""
    return frozenset(seen(name).casefold() for name in some if seen(name))


def rated(number: float | None) -> str:
    """A rating of up to ten; none is empty, and so is Stash's zero."""
    return f"{number:.1f}" if number else ""


def in_stash(library: StashLibrary, scene: Scene) -> dict[str, Any]:
    """What the scene should look like in Plex."""
    first, _, rest = seen(scene.title).partition(" ")
    studio = library.studios[scene.studio].name if scene.studio else ""
    groups = [library.groups[group].name for group, _ in scene.groups]
    return {
        "title": seen(scene.title),
        "title_sort": rest if first.casefold() in ("the", "a", "an") else "",
        "summary": seen(scene.details),
        "date": (scene.date + "-01-01")[:10] if scene.date else "",
        "studio": seen(studio),
        "user_rating": rated((scene.rating100 or 0) / 10),
        "poster": sha1(scene.cover).hexdigest() if scene.cover else "",
        "roles": names(library.performers[one].name for one in scene.performers),
        "directors": names([scene.director]),
        "genres": names(library.tags[one].name for one in scene.tags),
        "collections": names([studio, *groups]),
    }


def in_plex(item: PlexItem) -> dict[str, Any]:
    """What the item looks like."""
    return {
        "title": seen(item.title),
        "title_sort": seen(item.title_sort),
        "summary": seen(item.summary),
        "date": item.date or "",
        "studio": seen(item.studio),
        "user_rating": rated(item.user_rating),
        "poster": item.selected_poster or "",
        **{kind: names(getattr(item, kind)) for kind in LISTS},
    }


def a_persons(item: PlexItem) -> frozenset[str]:
    """The values that a person, or a sync, has put there; everything else Plex made itself."""
    return frozenset(LOCKS[lock] for lock in item.locked if lock in LOCKS) | {"user_rating"}


def is_worth_syncing(wanted: dict[str, Any]) -> bool:
    """Whether a reconcile cares for a scene that was never synced."""
    return any(value for name, value in wanted.items() if name != "poster")


@dataclass
class Pair:
    """A scene and one of its items: what Stash had at the last sync, and what Plex has to show.

    `a_persons` names what in `shown` is not Plex's own.
    """

    scene_id: int
    rating_key: int
    shown: dict[str, Any]
    a_persons: frozenset[str] = frozenset()
    last: dict[str, Any] | None = None
    new_pictures: int = 0
    new_choices: int = 0
    pictures_in_plex: set[str] = field(default_factory=set)
    changed_on_both_sides: set[str] = field(default_factory=set)

    def sync(self, now: dict[str, Any], plex_wins: bool) -> None:
        """Let a sync happen."""
        if self.last is None and not is_worth_syncing(now):
            return
        for name in TEXTS:
            self._sync_text(name, now[name], plex_wins)
        for name in LISTS:
            self._sync_list(name, now[name], plex_wins)
        self.last = now

    def _sync_text(self, name: str, ours: str, plex_wins: bool) -> None:
        theirs, last = self.shown[name], self.last and self.last[name]
        if theirs == ours:
            return
        if name not in self.a_persons:
            wins = bool(ours) or theirs == last
        elif self.last is None:
            wins = bool(ours) and not (plex_wins and theirs)
        elif ours == last:
            wins = False
        elif theirs == last:
            wins = True
        else:
            self.changed_on_both_sides.add(name)
            wins = bool(ours) and not plex_wins
        if wins:
            self.shown[name] = ours
            if name == "poster":
                self.new_choices += 1
                self.new_pictures += ours not in self.pictures_in_plex
                self.pictures_in_plex.add(ours)

    def _sync_list(self, name: str, ours: Names, plex_wins: bool) -> None:
        theirs, last = self.shown[name], self.last[name] if self.last else frozenset()
        if name not in self.a_persons:
            is_plexs_own = ours and name not in SHARED
            self.shown[name] = ours if is_plexs_own else (theirs | ours) - (last - ours)
        elif self.last is not None:
            self.shown[name] = (theirs | (ours - last)) - (last - ours)
        elif ours and not (plex_wins and theirs):
            self.shown[name] = theirs | ours if name in SHARED else ours
