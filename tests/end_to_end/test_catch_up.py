"""Whatever changes in Stash is in Plex after the next drain, whether a hook told of it or not."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.builders.bench import Bench
from tests.builders.entry import Here, assert_plain
from tests.end_to_end.two_way_model import LISTS, in_plex, in_stash
from tests.servers.world import PLEX_ROOT, STASH_ROOT, World

FILMS = 8
# So many random steps, each of some events and a drain; more by the environment, as CONTRIBUTING says.
STEPS = int(os.environ.get("STASH2PLEX_CATCH_UP_STEPS", "25"))
COVER, OTHER_COVER = (b"\x89PNG\r\n\x1a\n" + text for text in (b"one", b"other"))


def differences(world: World) -> list[str]:
    """Where Plex does not show what Stash has, of what Stash has."""
    library = world.stash.library
    problems = []
    for scene in library.scenes.values():
        wanted = in_stash(library, scene)
        for video in scene.files:
            item = world.plex.library.item_for_path(video.path.replace(STASH_ROOT, PLEX_ROOT))
            if item is None:
                continue
            shown = in_plex(item)
            problems += [
                f"scene {scene.id}: {name} is {shown[name]!r}, not {value!r}"
                for name, value in wanted.items()
                if shown[name] != value and (name in LISTS or value) and name != "poster"
            ]
            if wanted["poster"] and not shown["poster"].endswith(wanted["poster"]):
                problems.append(f"scene {scene.id}: another poster")
    return problems


def let_pass(world: World, **time: float) -> None:
    """Let time pass by Stash's clock (timedelta's words), which otherwise stands still from now on."""
    moment = world.stash.now() + timedelta(**time)
    world.stash.library.now = world.stash.now = lambda: moment


@pytest.fixture
def synced(world: World, here: Here) -> World:
    """Some films that are in Plex as they are in Stash."""
    library = world.stash.library
    for name in ("Harbour", "Boat", "Rope"):
        library.add_tag(name)
    for name in ("Ada Heath", "Bo Lind", "Cy Moor"):
        library.add_performer(name)
    library.add_studio("Quay")
    library.add_studio("Mole", parent=1)
    library.add_group("Boats of the North")
    for number in range(FILMS):
        world.add_film(
            f"film {number}",
            plex={},
            title=f"Film {number}",
            details="Words",
            studio=1 + number % 2,
            tags=(1, 2),
            performers=(1, 2),
            groups=((1, number),),
            date="2020-01-01",
            cover=COVER,
        )
    here.reconcile()
    here.drain()
    let_pass(world, hours=5)
    here.drain()
    assert not differences(world)
    return world


# What Stash does without a word to any plugin, and what a plugin that is switched off does not hear.
SILENT: dict[str, Callable[[World], object]] = {
    "tags set by auto-tagging": lambda world: world.stash.library.update_scene(1, tags=(3,)),
    "scenes merged": lambda world: world.stash.library.merge_scenes([2], 3),
    "a cover made by Generate": lambda world: world.stash.library.set_cover(1, OTHER_COVER),
    "performers merged": lambda world: world.stash.library.merge_performers([1], 2),
    "tags merged while the plugin was off": lambda world: world.stash.library.merge_tags([1], 2),
    "a performer renamed": lambda world: world.stash.library.rename_performer(1, "Ada Heather"),
    "a studio renamed": lambda world: world.stash.library.rename_studio(1, "Long Quay"),
    "a tag renamed": lambda world: world.stash.library.rename_tag(1, "Port"),
    "a group renamed": lambda world: world.stash.library.rename_group(1, "Ships"),
    "a performer destroyed": lambda world: world.stash.library.destroy_performer(1),
    "a studio destroyed": lambda world: world.stash.library.destroy_studio(2),
    "a tag destroyed": lambda world: world.stash.library.destroy_tag(1),
    "a group destroyed": lambda world: world.stash.library.destroy_group(1),
    "a scene saved": lambda world: world.stash.library.update_scene(4, title="Another", rating100=70),
    "a scene scanned": lambda world: world.add_film("later", plex={}, title="Later", tags=(1,)),
    "a scene merged into one scanned just now": lambda world: world.stash.library.merge_scenes(
        [2], world.add_film("later", plex={}, title="Later", tags=(1,))
    ),
    "a scene destroyed": lambda world: world.stash.library.destroy_scene(5),
    "a file attached": lambda world: _second_file(world),
}


def _second_file(world: World) -> None:
    path = "Films/second.mp4"
    world.plex.library.add_item(world.section_keys["Films"], files=((f"{PLEX_ROOT}/{path}", 9),))
    world.stash.library.add_file(6, f"{STASH_ROOT}/{path}", 9)


@pytest.mark.parametrize("what", SILENT)
def test_what_no_hook_told_is_in_plex_after_the_next_drain(synced: World, here: Here, what: str) -> None:
    SILENT[what](synced)
    told = here.drain()
    assert_plain(told)
    assert not differences(synced)


def test_what_vanished_by_a_merge_is_remembered_no_more(synced: World, here: Here) -> None:
    synced.stash.library.merge_scenes([2], 3)
    here.drain()
    bench = Bench(synced)
    with bench.state() as state:
        assert 2 not in state.known_scene_ids()
    bench.manager.close()


def test_a_drain_with_nothing_new_asks_stash_no_more_than_twice_beside_connecting(
    synced: World, here: Here
) -> None:
    synced.clear_requests()
    told = here.drain()
    assert told.status == 0
    names = synced.stash.request_counts()
    assert sum(count for name, count in names.items() if "find" in name) <= 2, names


class Steps:
    """A random walk of events in Stash, some told by hooks and some not, with faults in between."""

    def __init__(self, world: World, chance: random.Random) -> None:
        self.world = world
        self.library = world.stash.library
        self.chance = chance
        self.bench = Bench(world)
        self.made = 0

    def event(self) -> None:
        """Let something happen."""
        self.chance.choice(
            [self.save, self.save, self.rename, self.touch, self.cover, self.merge, self.make, self.destroy]
        )()

    def told(self, *scene_ids: int) -> None:
        """Some hooks run, others are killed or never started."""
        if self.chance.random() < 0.4:
            self.bench.save(*scene_ids)

    def scene(self) -> int:
        return self.chance.choice(self.library.scene_ids)

    def save(self) -> None:
        scene_id = self.scene()
        some = {kind: self.some(kind) for kind in ("tag", "performer")}
        word = self.chance.randrange(10_000)
        self.library.update_scene(
            scene_id,
            title=f"Title {word}",
            details=f"Words {word}",
            tags=some["tag"],
            performers=some["performer"],
        )
        self.told(scene_id)

    def some(self, kind: str) -> list[int]:
        ids = list(self.library.entities(kind))
        return self.chance.sample(ids, self.chance.randrange(min(3, len(ids)) + 1))

    def rename(self) -> None:
        kind = self.chance.choice(["tag", "performer", "studio", "group"])
        ids = list(self.library.entities(kind))
        if ids:
            self.library.rename(kind, self.chance.choice(ids), f"{kind} {self.chance.randrange(10_000)}")

    def touch(self) -> None:
        """Save one of them with another picture or text, which no scene shows."""
        kind = self.chance.choice(["tag", "performer", "studio", "group"])
        ids = list(self.library.entities(kind))
        if ids:
            self.library.change(kind, self.chance.choice(ids))

    def cover(self) -> None:
        image = b"\x89PNG\r\n\x1a\n" + str(self.chance.randrange(10_000)).encode()
        self.library.set_cover(self.scene(), image)

    def merge(self) -> None:
        kind = self.chance.choice(["scene", "tag", "performer"])
        ids = self.library.scene_ids if kind == "scene" else list(self.library.entities(kind))
        if len(ids) > 3:
            source, destination = self.chance.sample(list(ids), 2)
            getattr(self.library, f"merge_{kind}s")([source], destination)

    def make(self) -> None:
        self.made += 1
        kind = self.chance.choice(["scene", "tag", "performer"])
        if kind == "scene":
            scene_id = self.world.add_film(
                f"made {self.made}", plex={}, title="Made", details="Words", tags=self.some("tag")
            )
            self.told(scene_id)
        else:
            getattr(self.library, f"add_{kind}")(f"made {kind} {self.made}")

    def destroy(self) -> None:
        kind = self.chance.choice(["scene", "tag", "performer", "group"])
        ids = self.library.scene_ids if kind == "scene" else list(self.library.entities(kind))
        if len(ids) > 3:
            one = self.chance.choice(list(ids))
            getattr(self.library, f"destroy_{kind}")(one)
            if kind == "scene":
                self.told(one)

    def fault(self) -> None:
        """Let one of the next requests fail."""
        if self.chance.random() < 0.5:
            self.world.stash.faults.add("status", times=1, code=503)
        else:
            self.world.plex.faults.add("status", times=1, code=503)


def test_no_sequence_of_events_killed_hooks_and_outages_leaves_a_difference(
    synced: World, here: Here
) -> None:
    steps = Steps(synced, random.Random(20_260_301))
    for number in range(STEPS):
        let_pass(synced, seconds=steps.chance.choice([1, 3, 60, 20_000]))
        for _ in range(steps.chance.randrange(1, 4)):
            steps.event()
        if steps.chance.random() < 0.2:
            steps.fault()
            here.drain()
            synced.stash.faults.clear()
            synced.plex.faults.clear()
        let_pass(synced, seconds=3)
        told = here.drain()
        assert not differences(synced), f"step {number}: {told.texts()}"
    steps.bench.manager.close()
