"""Collections edited at random on both sides: in the end Plex shows what the documentation says.

The daily run has a small world; STASH2PLEX_COLLECTIONS=2000 has 2,000 scenes, 60 groups and 40 studios.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pytest

from sync_queue import collection_updates, reading, renewal, sending
from sync_queue.process_queue import ProcessQueue
from tests.builders.bench import Bench, a_bench
from tests.builders.sync import a_picture, changing_requests, let_time_pass, sha1_of
from tests.end_to_end.model_of_collections import BY_ALPHABET, BY_DATE, PLACED, Film, Model
from tests.servers.world import PLEX_ROOT, STASH_ROOT

SCENES = int(os.environ.get("STASH2PLEX_COLLECTIONS", "80"))
GROUPS, STUDIOS = max(5, SCENES * 3 // 100), max(4, SCENES // 50)
EDITS = max(60, SCENES // 10)
FIRST_DAY = date(2000, 1, 1)
# The modules that look at an item once more where too much time has gone by.
OF_AN_ITEMS_AGE = (reading, renewal, sending, collection_updates)


@dataclass
class Story:
    """What was seen: differences after each sync, requests and changes, and what further ones changed."""

    wrong_at_first: list[Any] = field(default_factory=list)
    wrong: list[Any] = field(default_factory=list)
    at_rest: list[list[str]] = field(default_factory=list)
    requests: list[tuple[int, int]] = field(default_factory=list)
    uploads: Counter[tuple[int, str]] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)


class Hands:
    """People at work in Stash and in Plex; the model is told of what they do in Plex."""

    def __init__(self, bench: Bench, model: Model, chance: random.Random) -> None:
        self._bench = bench
        self._stash = bench.world.stash.library
        self._plex = bench.world.plex.library
        self._model = model
        self._chance = chance
        self._number = 0
        self.done: Counter[str] = Counter()
        self.acts: Sequence[Callable[[], None]] = (
            *(self._rename, self._rewrite, self._rewrite, self._empty, self._repaint, self._repaint),
            *(self._regroup, self._regroup, self._reorder, self._reorder, self._restudio, self._redate),
            *(self._retitle, self._delete_group, self._write_by_hand, self._write_by_hand),
            *(self._choose_by_hand, self._sort_by_hand, self._move_by_hand, self._move_by_hand),
            *(self._rename_by_hand, self._title_by_hand),
        )

    def edit(self) -> None:
        act = self._chance.choice(self.acts)
        self.done[act.__name__] += 1
        act()

    def _fresh(self, word: str) -> str:
        self._number += 1
        return f"{word} {self._number}"

    def _entity(self) -> tuple[str, Any]:
        kind = self._chance.choice(("group", "studio"))
        return kind, self._chance.choice(list(self._stash.entities(kind).values()))

    def _scene(self) -> Any:
        return self._chance.choice(list(self._stash.scenes.values()))

    def _rename(self) -> None:
        kind, entity = self._entity()
        self._stash.rename(kind, entity.id, self._fresh("Name"))

    def _rewrite(self) -> None:
        kind, entity = self._entity()
        name = "synopsis" if kind == "group" else "details"
        self._stash.change(kind, entity.id, **{name: self._fresh("Text")})

    def _empty(self) -> None:
        kind, entity = self._entity()
        self._stash.change(kind, entity.id, **{"synopsis" if kind == "group" else "details": ""})

    def _repaint(self) -> None:
        kind, entity = self._entity()
        self._stash.change(kind, entity.id, image=a_picture(self._fresh("picture")))

    def _delete_group(self) -> None:
        if len(self._stash.groups) > GROUPS * 4 // 5:
            self._stash.destroy("group", self._chance.choice(list(self._stash.groups)))

    def _regroup(self) -> None:
        scene = self._scene()
        free = sorted(set(self._stash.groups) - {number for number, _ in scene.groups})
        links = [link for link in scene.groups if self._chance.random() < 0.5]
        if free:
            links.append((self._chance.choice(free), self._chance.choice((None, self._chance.randrange(99)))))
        self._stash.update_scene(scene.id, groups=links)

    def _reorder(self) -> None:
        scene = self._scene()
        links = [(number, self._chance.randrange(99)) for number, _ in scene.groups]
        self._stash.update_scene(scene.id, groups=links)

    def _restudio(self) -> None:
        self._stash.update_scene(self._scene().id, studio=self._chance.choice(list(self._stash.studios)))

    def _redate(self) -> None:
        self._number += 1
        day = FIRST_DAY - timedelta(days=self._number)
        self._stash.update_scene(self._scene().id, date=day.isoformat())

    def _retitle(self) -> None:
        self._stash.update_scene(self._scene().id, title=self._fresh("Title"))

    def _shelf(self) -> tuple[tuple[str, str], Any, Any]:
        """A collection: its place, the model's and the server's."""
        place = self._chance.choice(sorted(self._model.shelves))
        key = self._bench.world.section_keys[place[0]]
        return place, self._model.shelves[place], self._plex.collection(key, place[1])

    def _write_by_hand(self) -> None:
        _, shelf, kept = self._shelf()
        shelf.summary = self._fresh("Mine")
        shelf.hands.add("summary")
        self._plex.all_collections.edit_by_hand(kept.rating_key, summary=shelf.summary)

    def _choose_by_hand(self) -> None:
        _, shelf, kept = self._shelf()
        picture = a_picture(self._fresh("mine"))
        shelf.poster = picture.decode("latin-1")
        shelf.hands.add("poster")
        self._plex.upload_image(kept.rating_key, "poster", picture)

    def _sort_by_hand(self) -> None:
        place, shelf, kept = self._shelf()
        sort = self._chance.choice((BY_DATE, BY_ALPHABET, PLACED))
        if sort == PLACED and shelf.sort != PLACED:
            shelf.order = [film.rating_key for film in self._model.members(place)]
        shelf.sort = sort
        self._plex.all_collections.sort_by(kept, sort)

    def _move_by_hand(self) -> None:
        place, shelf, kept = self._shelf()
        order = [film.rating_key for film in self._model.members(place)]
        item, after = self._chance.choice(order), self._chance.choice([None, *order])
        if item == after:
            return
        order.remove(item)
        order.insert(0 if after is None else order.index(after) + 1, item)
        shelf.sort, shelf.order = PLACED, order
        assert self._plex.all_collections.move(kept, item, after)

    def _rename_by_hand(self) -> None:
        place, shelf, kept = self._shelf()
        title = self._fresh("Renamed")
        shelf.hands.add("title")
        self._plex.all_collections.edit_by_hand(kept.rating_key, title=title)
        self._model.rename(place, title)

    def _title_by_hand(self) -> None:
        film = self._chance.choice(self._model.films)
        film.title, film.is_title_a_persons = self._fresh("Mine"), True
        self._plex.edit_by_hand(film.rating_key, title=film.title)


def a_filled_world(bench: Bench, chance: random.Random) -> list[Film]:
    """Scenes in groups and studios, each with its item, in two libraries."""
    world, library = bench.world, bench.world.stash.library
    for number in range(GROUPS):
        library.add_group(f"Group {number}", image=a_picture(f"group {number}"), synopsis=f"About {number}")
    for number in range(STUDIOS):
        library.add_studio(f"Studio {number}", image=a_picture(f"studio {number}"), details=f"By {number}")
    films = []
    for number in range(SCENES):
        section = "Clips" if number % 4 == 3 else "Films"
        some = chance.sample(range(1, GROUPS + 1), chance.choice((0, 0, 1, 1, 2)))
        scene = library.add_scene(
            title=f"Scene {number}",
            date=(FIRST_DAY + timedelta(days=chance.randrange(99) * SCENES + number)).isoformat(),
            studio=chance.randrange(STUDIOS) + 1,
            groups=[(one, chance.choice((None, chance.randrange(99)))) for one in some],
            files=((f"{STASH_ROOT}/{section}/{number}.mp4", 1000 + number),),
        )
        files = ((f"{PLEX_ROOT}/{section}/{number}.mp4", 1000 + number),)
        item = world.plex.library.add_item(world.section_keys[section], files)
        films.append(Film(scene.id, item.rating_key, section))
    return films


def shown(bench: Bench) -> dict[tuple[str, str], Any]:
    """Every collection as Plex shows it."""
    library, found = bench.world.plex.library, {}
    for name, key in bench.world.section_keys.items():
        for one in library.collections(key):
            order = [item.rating_key for item in library.all_collections.members(one)]
            found[name, one.title] = (one.summary, one.selected_poster or "", one.sort, order)
    return found


def differences(bench: Bench, model: Model) -> list[Any]:
    """Where Plex shows something else than the model."""
    wanted = {}
    for place, shelf in model.shelves.items():
        poster = sha1_of(shelf.poster.encode("latin-1")) if shelf.poster else ""
        order = [film.rating_key for film in model.members(place)]
        wanted[place] = (shelf.summary, poster, shelf.sort, order)
    there = shown(bench)
    wrong: list[Any] = [
        (place, there.get(place), wanted.get(place))
        for place in sorted({*there, *wanted})
        if there.get(place) != wanted.get(place)
    ]
    for film in model.films:
        item = bench.world.plex.library.item(film.rating_key)
        assert item is not None
        seen = (item.title, item.date, item.studio, set(item.collections))
        if seen != (film.title, film.date, film.studio, film.tags):
            wrong.append((film.scene_id, seen, (film.title, film.date, film.studio, film.tags)))
    return wrong


class ByRequests:
    """Stands in for the module time: Plex takes a millisecond for a request, however busy this machine is.

    What is about to be written is read once more where Plex is slow; how often depends on the time alone.
    """

    time, sleep = staticmethod(time.time), staticmethod(time.sleep)

    def __init__(self, bench: Bench) -> None:
        self._requests = bench.world.plex.requests

    def monotonic(self) -> float:
        return len(self._requests) / 1000


def process_queue(bench: Bench, told: Story) -> int:
    """The task, which looks itself for what no hook told; how many requests it sent to Plex."""
    bench.world.clear_requests()
    task = ProcessQueue(bench.queue, bench.stash(), bench.config({}), str(bench.world.data_dir))
    with pytest.MonkeyPatch.context() as patch:
        for module in OF_AN_ITEMS_AGE:
            patch.setattr(module, "time", ByRequests(bench))
        assert task.run() is None
    told.uploads.update((one.rating_key, one.sha1) for one in bench.world.plex.uploads)
    return len(bench.world.plex.requests)


@pytest.fixture(scope="module", params=[7])
def story(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """The first sync, edits on both sides, the second sync, and one that has nothing to do, told."""
    chance, told = random.Random(request.param), Story()
    with a_bench(tmp_path_factory.mktemp("collections")) as bench:
        bench.world.settings["collection_details"] = True
        bench.world.plex.behaviour.title_case_new_tags = "off"
        let_time_pass(bench.world)
        model = Model(bench.world.stash.library, a_filled_world(bench, chance))
        bench.reconcile()
        hands = Hands(bench, model, chance)
        requests = process_queue(bench, told)
        model.sync()
        told.requests.append((requests, model.changed))
        told.wrong_at_first = differences(bench, model)
        for _ in range(EDITS):
            hands.edit()
        requests = process_queue(bench, told)
        model.sync()
        told.requests.append((requests, model.changed))
        told.wrong = differences(bench, model)
        for scope in ("all", None):
            if scope:
                bench.reconcile(scope)
            process_queue(bench, told)
            told.at_rest.append(changing_requests(bench))
        told.done = hands.done
        yield told


def test_after_the_first_sync_plex_shows_what_the_documentation_says(story: Story) -> None:
    assert story.wrong_at_first == []


def test_after_edits_on_both_sides_plex_shows_what_the_documentation_says(story: Story) -> None:
    assert story.wrong == []
    assert len(story.done) >= 12


def test_a_further_sync_writes_nothing(story: Story) -> None:
    assert story.at_rest == [[], []]


def test_no_poster_ever_went_twice_to_one_collection(story: Story) -> None:
    assert [one for one, times in story.uploads.items() if times > 1] == []
    assert len(story.uploads) > GROUPS


def test_all_requests_to_plex_grow_with_what_changed(story: Story) -> None:
    for requests, changed in story.requests:
        assert requests <= 1.1 * changed + 40, (requests, changed)
