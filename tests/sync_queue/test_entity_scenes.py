"""Of a changed performer, studio, tag or group only those scenes are looked at that carry what changed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from sync_queue.collection_records import CollectionRecords
from sync_queue.collection_updates import CollectionUpdates
from sync_queue.entity_scenes import EntityScenes
from sync_queue.job_queue import JobQueue
from sync_queue.noticed import NoticedChanges
from sync_queue.process_queue import ProcessQueue
from tests.builders.bench import Bench, a_bench, a_job
from tests.builders.killed import Killed, die, then_die
from tests.builders.sync import a_picture, changing_requests, let_time_pass, sha1_of, sync

pytestmark = pytest.mark.unmeasured

ITEMS = re.compile(r"/library/metadata/([\d,]+)")
PICTURE, OTHER = a_picture("picture"), a_picture("other")
FILMS = ("one", "two", "three")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Three films; the studio of the first belongs to that of the second, and the third has nothing."""
    with a_bench(tmp_path) as bench:
        let_time_pass(bench.world)
        library = bench.world.stash.library
        library.add_studio("Quay", image=PICTURE, details="By the sea")
        library.add_studio("Mole", parent=1, image=PICTURE)
        library.add_tag("Harbour")
        library.add_tag("of Ada")
        library.add_performer("Ada Heath", image=PICTURE, disambiguation="dancer")
        library.performers[1].tags = [2]
        library.add_performer("Bo Lind")
        library.add_performer("Ada Heath", disambiguation="sailor")
        library.add_group("Saga", image=PICTURE, synopsis="All about it")
        one: dict[str, Any] = {"studio": 2, "performers": (1, 2), "tags": (1,), "groups": ((1, 2),)}
        two: dict[str, Any] = {"studio": 1, "performers": (2,), "groups": ((1, 1),)}
        for name, scene in zip(FILMS, (one, two, {}), strict=True):
            bench.world.add_film(name, title=name, plex={}, **scene)
        yield bench


def affected(bench: Bench, kind: str, number: int, **settings: Any) -> list[int]:
    """The scenes that are looked at since this one changed."""
    with bench.state() as state:
        state.use_server(state.machine_identifier, str(bench.config(settings).path_map))
        found = EntityScenes(bench.stash(settings), state, bench.config(settings)).affected_by(kind, number)
        return found.scene_ids


def told(bench: Bench, kind: str, number: int) -> None:
    """What a hook writes down."""
    bench.queue.put_jobs([a_job(0, f"{kind.capitalize()}.Update.Post", entity=kind, entity_id=number)])


def scenes_read(bench: Bench) -> set[int]:
    """The scenes whose items were read in Plex since the requests were cleared."""
    paths = [ITEMS.fullmatch(one.path) for one in list(bench.world.plex.requests)]
    keys = {int(key) for path in paths if path for key in path[1].split(",")}
    items = {bench.world.item(name).rating_key: number for number, name in enumerate(FILMS, 1)}
    return {items[key] for key in keys & set(items)}


def process_queue(bench: Bench) -> None:
    """The task, which looks itself for what no hook told; the requests are those of this run."""
    bench.world.clear_requests()
    task = ProcessQueue(bench.queue, bench.stash(), bench.config({}), str(bench.world.data_dir))
    assert task.run() is None


Case = tuple[str, int, Mapping[str, Any], list[int]]
# By settings: what of whom changes, one after the other, and the scenes that are to be looked at.
CASES: Mapping[str, tuple[Mapping[str, Any], list[Case]]] = {
    "usual settings": (
        {},
        [
            ("studio", 1, {"name": "Long Quay"}, [2]),
            ("studio", 1, {"image": OTHER}, []),
            ("studio", 1, {"details": "On the sea"}, []),
            ("studio", 2, {"parent": None}, []),
            ("studio", 2, {}, []),
            ("performer", 1, {"name": "Ada Heather"}, [1]),
            ("performer", 1, {"name": "ADA HEATHER"}, []),
            ("performer", 1, {"image": OTHER}, []),
            ("performer", 1, {"disambiguation": "singer", "gender": "MALE", "tags": []}, []),
            ("performer", 3, {"name": "Cy Moor"}, []),
            ("tag", 1, {"name": "Port"}, [1]),
            ("tag", 1, {"parents": [2]}, []),
            ("tag", 2, {"name": "of nobody"}, []),
            ("group", 1, {"name": "Tale"}, [1, 2]),
            ("group", 1, {"image": OTHER, "synopsis": "Nothing"}, []),
        ],
    ),
    "collections with posters and texts": (
        {"collection_details": True},
        [
            ("studio", 1, {"image": OTHER, "details": "On the sea"}, []),
            ("group", 1, {"image": OTHER, "synopsis": "Nothing"}, []),
            ("group", 1, {"name": "Tale"}, [1, 2]),
        ],
    ),
    "parent studios": (
        {"parent_studio_collection": True},
        [
            ("studio", 1, {"name": "Long Quay"}, [1, 2]),
            ("studio", 1, {"image": OTHER}, []),
            ("studio", 2, {"parent": None}, [1]),
        ],
    ),
    "templates": (
        {"title_template": "{title}[ ({parent_studio})]", "summary_template": "{performers} {groups}"},
        [
            ("studio", 1, {"name": "Long Quay"}, [1, 2]),
            ("performer", 1, {"name": "ada heath"}, [1]),
            ("group", 1, {"name": "saga"}, [1, 2]),
            ("tag", 1, {"parents": [2]}, []),
        ],
    ),
    "names left alone": (
        {"leave_fields": "studio, collections, actors"},
        [
            ("studio", 1, {"name": "Long Quay"}, []),
            ("group", 1, {"name": "Tale"}, []),
            ("performer", 1, {"name": "Ada Heather"}, []),
        ],
    ),
    "names left alone but for a template": (
        {"leave_fields": "studio, collections, actors", "summary_template": "{performers}"},
        [
            ("performer", 1, {"name": "Ada Heather"}, [1]),
            ("studio", 1, {"name": "Long Quay"}, []),
        ],
    ),
    "logos": (
        {"studio_logo": True},
        [
            ("studio", 1, {"image": OTHER}, [2]),
            ("studio", 1, {"image": None}, [2]),
            ("studio", 1, {"details": "On the sea"}, []),
            ("studio", 2, {"image": OTHER}, [1]),
            ("performer", 1, {"image": OTHER}, []),
        ],
    ),
    "logos left alone": (
        {"studio_logo": True, "leave_fields": "logo"},
        [("studio", 1, {"image": OTHER}, [])],
    ),
    "pictures of performers": (
        {"performer_image_address": "http://192.168.1.5:9999"},
        [
            ("performer", 1, {"image": OTHER}, [1]),
            ("performer", 2, {"disambiguation": "sailor"}, [1, 2]),
            ("studio", 1, {"image": OTHER}, []),
        ],
    ),
    "pictures of performers left alone": (
        {"performer_image_address": "http://192.168.1.5:9999", "leave_fields": "actors"},
        [("performer", 1, {"image": OTHER}, [])],
    ),
    "people in full": (
        {"performer_tags": True, "namesakes_everywhere": True, "actor_order": "stash"},
        [
            ("tag", 2, {"name": "of Ada Heath"}, [1]),
            ("performer", 2, {"gender": "FEMALE"}, [1]),
            ("performer", 1, {"disambiguation": "singer"}, [1]),
            ("performer", 2, {"disambiguation": "sailor"}, []),
            ("performer", 2, {"tags": [2]}, [2]),
            ("performer", 1, {"image": OTHER}, []),
        ],
    ),
    "tags under other names": (
        {"tags_rename": "Harbour=>Sea; Port=>Sea", "tags_exclude": "of Ada"},
        [
            ("tag", 1, {"name": "Port"}, []),
            ("tag", 1, {"name": "Quay"}, [1]),
        ],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_only_scenes_that_carry_what_changed_are_looked_at_and_plex_is_right(bench: Bench, name: str) -> None:
    settings, cases = CASES[name]
    bench.world.settings.update(settings)
    sync(bench)
    for kind, number, values, expected in cases:
        bench.world.stash.library.change(kind, number, **values)
        assert (kind, number, values, affected(bench, kind, number)) == (kind, number, values, expected)
        told(bench, kind, number)
        if expected:
            # With it are the changes before it that no scene carries.
            bench.world.clear_requests()
            assert bench.drain().handled == len(expected)
            assert scenes_read(bench) == set(expected)
    bench.drain()
    assert bench.reconcile().total_gaps == 0
    bench.save(1, 2, 3)
    bench.world.clear_requests()
    bench.drain()
    assert changing_requests(bench) == []


# All scenes that have the first one of each kind.
ALL_SCENES = {"studio": [1, 2], "performer": [1], "tag": [1], "group": [1, 2]}


def test_every_scene_is_looked_at_that_was_never_written(bench: Bench) -> None:
    assert {kind: affected(bench, kind, 1) for kind in ALL_SCENES} == ALL_SCENES


def test_every_scene_is_looked_at_after_the_state_was_lost_until_it_is_whole_again(bench: Bench) -> None:
    sync(bench)
    with bench.state() as state:
        state.mark_lost()
    assert affected(bench, "group", 1) == [1, 2]
    with bench.state() as state:
        state.mark_reconciled(of_all_scenes=False)
        state.mark_drained()
    assert affected(bench, "group", 1) == [1, 2]
    (bench.world.data_dir / "state.db").unlink()
    assert affected(bench, "group", 1) == [1, 2]
    sync(bench)
    assert affected(bench, "group", 1) == []


OTHER_SETTINGS: list[tuple[str, Mapping[str, Any]]] = [
    ("studio", {"title_template": "{studio}: {title}"}),
    ("studio", {"studio_logo": True}),
    ("studio", {"collection_prefix": "Of "}),
    ("performer", {"performer_image_address": "http://192.168.1.5:9999"}),
    ("performer", {"leave_fields": "genres"}),
    ("tag", {"tags_as": "labels"}),
    ("group", {"content_rating": "18"}),
    ("group", {"scene_filter": "All of them"}),
]


def test_every_scene_is_looked_at_whose_settings_changed(bench: Bench) -> None:
    bench.world.stash.library.saved_filters.save("All of them", search="film")
    sync(bench)
    for kind, settings in OTHER_SETTINGS:
        found = affected(bench, kind, 1, **settings)
        assert (kind, settings, found) == (kind, settings, ALL_SCENES[kind])


def test_a_change_of_a_groups_text_alone_costs_one_write_and_no_look_at_an_item(bench: Bench) -> None:
    bench.world.settings["collection_details"] = True
    sync(bench)
    bench.world.stash.library.change("group", 1, synopsis="Nothing")
    process_queue(bench)
    assert changing_requests(bench) == ["PUT /library/sections/1/all"]
    assert scenes_read(bench) == set()
    assert len(bench.world.plex.requests) <= 8
    assert a_collection(bench).summary == "Nothing"


def a_collection(bench: Bench, title: str = "Saga") -> Any:
    return bench.world.plex.library.collection(bench.world.section_keys["Films"], title)


CHANGES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "a group's text and picture": ("group", {"synopsis": "Nothing", "image": OTHER}),
    "a studio's text and picture": ("studio", {"details": "Nothing", "image": OTHER}),
    "a group's name": ("group", {"name": "Tale"}),
    "a tag's name": ("tag", {"name": "Port"}),
    "a performer's picture": ("performer", {"image": OTHER}),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_a_hook_tells_and_what_is_caught_up_with_come_to_the_same_requests(
    bench: Bench, what: str
) -> None:
    kind, values = CHANGES[what]
    bench.world.settings["collection_details"] = True
    sync(bench)
    process_queue(bench)
    another = {name: a_picture("third") if name == "image" else "Third" for name in values}
    sent = []
    for is_told, now in ((True, values), (False, another)):
        bench.world.stash.library.change(kind, 1, **now)
        if is_told:
            told(bench, kind, 1)
        process_queue(bench)
        sent.append(sorted((one.method, one.path) for one in bench.world.plex.requests))
    assert sent[0] == sent[1]
    process_queue(bench)
    assert bench.world.plex.requests == []


# Where it is killed: (class, name of what it is doing then, whether that still happens).
POINTS: Mapping[str, tuple[type, str, bool]] = {
    "before the scenes are queued": (JobQueue, "put_jobs", False),
    "after the scenes are queued": (JobQueue, "put_jobs", True),
    "before the collection is remembered": (CollectionRecords, "make_due", False),
    "before the version is remembered": (NoticedChanges, "notice", False),
    "after the version is remembered": (NoticedChanges, "notice", True),
    "before the job is gone": (JobQueue, "finish", False),
    "after the job is gone": (JobQueue, "finish", True),
    "before the collections are updated": (CollectionUpdates, "update", False),
    "before the collections are done": (CollectionRecords, "done", False),
}


@pytest.mark.parametrize("point", POINTS)
def test_nothing_is_lost_where_a_drain_is_killed(
    bench: Bench, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, name, happens = POINTS[point]
    bench.world.settings["collection_details"] = True
    sync(bench)
    process_queue(bench)
    bench.world.stash.library.change("group", 1, synopsis="Nothing", image=OTHER)
    bench.world.stash.library.change("studio", 1, name="Long Quay")
    told(bench, "group", 1)
    told(bench, "studio", 1)
    with monkeypatch.context() as patch:
        patch.setattr(place, name, then_die(getattr(place, name)) if happens else die)
        with pytest.raises(Killed):
            bench.drain()
    process_queue(bench)
    assert bench.world.item("two").studio == "Long Quay"
    collection = a_collection(bench)
    assert (collection.summary, collection.selected_poster) == ("Nothing", sha1_of(OTHER))
    assert bench.waiting() == []
    process_queue(bench)
    assert changing_requests(bench) == []


def test_a_text_that_changes_while_a_drain_runs_is_in_plex_after_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.world.settings["collection_details"] = True
    sync(bench)
    follow = CollectionUpdates.follow_names

    def then_edit(self: CollectionUpdates) -> None:
        follow(self)
        bench.world.stash.library.change("group", 1, synopsis="Nothing")
        told(bench, "group", 1)

    monkeypatch.setattr(CollectionUpdates, "follow_names", then_edit)
    bench.drain()
    assert a_collection(bench).summary == "Nothing"


def questions(bench: Bench, act: Callable[[], object]) -> int:
    """How many questions about scenes Stash is asked by an act."""
    bench.world.clear_requests()
    act()
    return sum(one.operation == "findScenes" for one in bench.world.stash.requests)


def test_a_name_that_shows_in_all_scenes_of_a_page_is_not_compared_in_the_others(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("sync_queue.entity_scenes", "stash.scene_pages"):
        monkeypatch.setattr(f"{module}.PAGE_SIZE", 2)
    for number in range(7):
        bench.world.add_film(f"more {number}", title="more", plex={}, tags=(1,))
    sync(bench)
    assert (affected(bench, "tag", 1), questions(bench, lambda: affected(bench, "tag", 1))) == ([], 6)
    bench.world.stash.library.change("tag", 1, name="Port")
    assert len(affected(bench, "tag", 1)) == 8
    assert questions(bench, lambda: affected(bench, "tag", 1)) == 3


def test_where_scenes_cannot_be_compared_all_are_looked_at(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync(bench)
    faults = bench.world.stash.faults
    faults.add("change", "findScenes", times=1, change=lambda _: {"data": {"findScenes": None}})
    assert affected(bench, "group", 1) == [1, 2]
    assert affected(bench, "group", 1) == []


def test_scenes_get_a_new_name_also_where_stash_cannot_list_what_collections_need(bench: Bench) -> None:
    sync(bench)
    bench.world.settings["collection_details"] = True
    bench.world.stash.library.change("group", 1, name="Tale")
    told(bench, "group", 1)
    fault = bench.world.stash.faults.add("graphql_error", "findGroups", message="no such column")
    bench.drain()
    assert fault.used
    assert bench.world.item("one").collections == ["Mole", "Tale"]
    bench.world.stash.faults.clear()
    bench.later = 3_600.0
    bench.drain()
    assert a_collection(bench, "Tale").summary == "All about it"
