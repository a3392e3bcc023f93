"""What Plex's collections have to show after a sync, from docs/fields.md alone.

The model knows nothing of the plugin. It keeps what a person sees: the items of two libraries with their
tags, and for each library's collections title, text, poster and order, and whose each of these is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.servers.stash.library import StashLibrary

BY_DATE, BY_ALPHABET, PLACED = 0, 1, 2


@dataclass(eq=False)
class Film:
    """An item and its scene: what Plex shows, and what Stash had at the last sync."""

    scene_id: int
    rating_key: int
    library: str
    title: str = ""
    date: str = ""
    tags: set[str] = field(default_factory=set)
    brought: set[str] = field(default_factory=set)
    last_title: str = ""
    is_title_a_persons: bool = False
    studio: str = ""


@dataclass(eq=False)
class Shelf:
    """A collection as Plex shows it; `hands` names what a person entered."""

    summary: str = ""
    poster: str = ""
    sort: int = BY_DATE
    order: list[int] = field(default_factory=list)
    hands: set[str] = field(default_factory=set)
    # The group or studio that it stands for, the text it gave, and the order in which it placed the items.
    dressed_by: tuple[str, int] | None = None
    given: str = ""
    placed: list[int] | None = None


class Model:
    """Both libraries; `sync` brings them to where they have to be and counts what changed."""

    def __init__(self, stash: StashLibrary, films: Sequence[Film]) -> None:
        self.stash = stash
        self.films = list(films)
        self.by_scene = {film.scene_id: film for film in films}
        self.shelves: dict[tuple[str, str], Shelf] = {}
        self.changed = 0

    def members(self, place: tuple[str, str]) -> list[Film]:
        """The items of a collection, in the order in which Plex shows them."""
        shelf = self.shelves[place]
        films = [film for film in self.films if film.library == place[0] and place[1] in film.tags]
        if shelf.sort == BY_ALPHABET:
            return sorted(films, key=lambda film: film.title.casefold())
        if shelf.sort == BY_DATE:
            return sorted(films, key=lambda film: film.date)
        known = {key: number for number, key in enumerate(shelf.order)}
        films.sort(key=lambda film: known.get(film.rating_key, len(known)))
        shelf.order = [film.rating_key for film in films]
        return films

    def sync(self) -> None:
        """One run of Process Queue after everything that changed."""
        self.changed = 0
        self._follow_names()
        for film in self.films:
            self._sync_film(film)
        self._keep_those_with_members()
        for kind in ("group", "studio"):
            for entity in self.stash.entities(kind).values():
                for library in ("Films", "Clips"):
                    if (library, entity.name) in self.shelves:
                        self._update((library, entity.name), kind, entity)

    def _follow_names(self) -> None:
        """A collection goes along with a new name, unless a person renamed it or the name is taken."""
        for (library, title), shelf in list(self.shelves.items()):
            if shelf.dressed_by is None or "title" in shelf.hands:
                continue
            kind, number = shelf.dressed_by
            entity = self.stash.entities(kind).get(number)
            if entity is None or entity.name == title or (library, entity.name) in self.shelves:
                continue
            self.changed += 1
            for film in self.films:
                if film.library == library and title in film.brought:
                    film.brought = film.brought - {title} | {entity.name}
            self.rename((library, title), entity.name)

    def rename(self, place: tuple[str, str], title: str) -> None:
        """Another title is another tag of all items."""
        self.shelves[place[0], title] = self.shelves.pop(place)
        for film in self.films:
            if film.library == place[0] and place[1] in film.tags:
                film.tags = film.tags - {place[1]} | {title}

    def _sync_film(self, film: Film) -> None:
        scene = self.stash.scenes[film.scene_id]
        studio = self.stash.studios[scene.studio].name if scene.studio else ""
        wanted = {studio} - {""} | {self.stash.groups[number].name for number, _ in scene.groups}
        before = (film.title, film.date, film.studio, frozenset(film.tags))
        # What a person took away, or renamed, does not come back; what we brought and Stash gave up goes.
        coming = wanted - film.brought
        going = film.brought - wanted
        film.tags = film.tags - going | coming
        film.brought = wanted
        if scene.title != film.last_title or not film.is_title_a_persons:
            film.title, film.is_title_a_persons = scene.title, False
        film.last_title, film.date, film.studio = scene.title, scene.date or "", studio
        self.changed += before != (film.title, film.date, film.studio, frozenset(film.tags))

    def _keep_those_with_members(self) -> None:
        places = {(film.library, tag) for film in self.films for tag in film.tags}
        self.shelves = {place: self.shelves.get(place) or Shelf() for place in sorted(places)}

    def _update(self, place: tuple[str, str], kind: str, entity: Any) -> None:
        shelf = self.shelves[place]
        shelf.dressed_by = (kind, entity.id)
        text = entity.synopsis if kind == "group" else entity.details
        if "summary" not in shelf.hands and text != shelf.summary and (text or shelf.given):
            shelf.summary = shelf.given = text
            self.changed += 1
        picture = (entity.image or b"").decode("latin-1")
        if "poster" not in shelf.hands and picture and picture != shelf.poster:
            shelf.poster = picture
            self.changed += 1
        if kind == "group":
            self._place(place, shelf, entity.id)

    def _place(self, place: tuple[str, str], shelf: Shelf, group_id: int) -> None:
        wanted = self._places_in_group(group_id, place[0])
        if len(wanted) < 2 or shelf.sort != (BY_DATE if shelf.placed is None else PLACED):
            return
        shown = [film.rating_key for film in self.members(place)]
        if shelf.placed is not None and (
            wanted == shelf.placed or _common(shown, shelf.placed) != _common(shelf.placed, shown)
        ):
            # Nothing changed in Stash, or a person moved an item.
            return
        if shelf.placed is None and _common(shown, wanted) == _common(wanted, shown):
            return
        order = _common(wanted, shown)
        self.changed += len(order) - _longest_kept(shown, order) + (shelf.placed is None)
        shelf.sort, shelf.placed, shelf.order = PLACED, wanted, order

    def _places_in_group(self, group_id: int, library: str) -> list[int]:
        places = []
        for scene in self.stash.scenes.values():
            for number, index in scene.groups:
                if number == group_id and self.by_scene[scene.id].library == library:
                    places.append((index is None, index or 0, scene.id))
        return [self.by_scene[scene_id].rating_key for _, _, scene_id in sorted(places)]


def _common(one: Iterable[int], other: Iterable[int]) -> list[int]:
    there = set(other)
    return [key for key in one if key in there]


def _longest_kept(shown: Sequence[int], order: Sequence[int]) -> int:
    """How many of the items need not be moved: a longest common part, by the textbook's table."""
    best: list[int] = []
    places = [shown.index(key) for key in order]
    for number, place in enumerate(places):
        best.append(1 + max((best[n] for n in range(number) if places[n] < place), default=0))
    return max(best, default=0)
