"""What changes in performers, studios, tags and groups reaches their scenes in Plex, and no others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sync_queue.drain_request import switch_automatic
from tests.builders.bench import Bench, a_bench
from tests.builders.sync import changing_requests, graphql, let_time_pass, sync

pytestmark = pytest.mark.unmeasured


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Three films: “both” shares all it has with “one” or “other”. Hooks queue, and tests drain."""
    with a_bench(tmp_path) as bench:
        world, library = bench.world, bench.world.stash.library
        let_time_pass(world)
        world.settings["parent_studio_collection"] = True
        network = library.add_studio("Network").id
        coast, hills = (library.add_studio(name, parent=network).id for name in ("Coast", "Hills"))
        alone = library.add_studio("Alone").id
        ada, bea = world.performer_ids("Ada", "Bea")
        sea, boats, wind = world.tag_ids("Sea", "Boats", "Wind")
        first, second = (library.add_group(name).id for name in ("First", "Second"))
        for name, studio, performers, tags, groups in (
            ("one", coast, [ada], [sea], [first]),
            ("both", hills, [ada, bea], [sea, boats], [first, second]),
            ("other", alone, [bea], [boats, wind], [second]),
        ):
            world.add_film(
                name,
                studio=studio,
                performers=performers,
                tags=tags,
                groups=[(group, None) for group in groups],
                cover=f"\xff\xd8\xff{name}".encode("latin-1"),
                plex={},
            )
        sync(bench)
        switch_automatic(str(world.data_dir), is_on=False)
        yield bench


def do_in_stash(bench: Bench, mutation: str) -> None:
    """Act in Stash, hooks included, and drain; the requests are those of the drain."""
    graphql(bench.world, f"mutation {{ {mutation} }}")
    bench.world.clear_requests()
    assert bench.drain().stopped == ""


def written(bench: Bench) -> set[str]:
    """The names of the films whose items were written."""
    names = {bench.world.item(name).rating_key: name for name in ("one", "both", "other")}
    return {names[key] for write in bench.world.plex.writes for key in write.rating_keys}


def shown(bench: Bench, attribute: str) -> list[set[str]]:
    """What the three items have there."""
    return [set(getattr(bench.world.item(name), attribute)) for name in ("one", "both", "other")]


def test_a_renamed_performer_reaches_the_scenes_that_have_it(bench: Bench) -> None:
    do_in_stash(bench, 'performerUpdate(input: {id: 1, name: "Ada Two"}) { id }')
    assert shown(bench, "roles") == [{"Ada Two"}, {"Ada Two", "Bea"}, {"Bea"}]
    assert written(bench) == {"one", "both"}
    assert bench.waiting() == []


def test_a_renamed_tag_reaches_the_scenes_that_have_it(bench: Bench) -> None:
    do_in_stash(bench, 'tagUpdate(input: {id: 2, name: "Ships"}) { id }')
    assert shown(bench, "genres") == [{"Sea"}, {"Sea", "Ships"}, {"Ships", "Wind"}]
    assert written(bench) == {"both", "other"}


def test_a_renamed_group_reaches_the_scenes_that_have_it(bench: Bench) -> None:
    do_in_stash(bench, 'groupUpdate(input: {id: 2, name: "Sequel"}) { id }')
    assert shown(bench, "collections") == [
        {"Coast", "Network", "First"},
        {"Hills", "Network", "First", "Sequel"},
        {"Alone", "Sequel"},
    ]
    assert written(bench) == {"both", "other"}


def test_a_renamed_studio_reaches_its_scenes_as_studio_and_as_collection(bench: Bench) -> None:
    do_in_stash(bench, 'studioUpdate(input: {id: 2, name: "Shore"}) { id }')
    item = bench.world.item("one")
    assert (item.studio, set(item.collections)) == ("Shore", {"Shore", "Network", "First"})
    assert written(bench) == {"one"}


def test_a_renamed_parent_studio_reaches_the_scenes_of_the_studios_below_it(bench: Bench) -> None:
    do_in_stash(bench, 'studioUpdate(input: {id: 1, name: "Empire"}) { id }')
    assert ["Empire" in names for names in shown(bench, "collections")] == [True, True, False]
    assert ["Network" in names for names in shown(bench, "collections")] == [False, False, False]
    assert written(bench) == {"one", "both"}


def test_merged_tags_reach_the_scenes_of_the_tag_that_is_gone(bench: Bench) -> None:
    do_in_stash(bench, "tagsMerge(input: {source: [3], destination: 2}) { id }")
    assert shown(bench, "genres") == [{"Sea"}, {"Sea", "Boats"}, {"Boats"}]
    assert written(bench) == {"other"}


@pytest.mark.parametrize(
    ("mutation", "attribute", "expected", "reached"),
    [
        ('performerDestroy(input: {id: "1"})', "roles", [set(), {"Bea"}, {"Bea"}], {"one", "both"}),
        ('tagDestroy(input: {id: "1"})', "genres", [set(), {"Boats"}, {"Boats", "Wind"}], {"one", "both"}),
        (
            'groupDestroy(input: {id: "2"})',
            "collections",
            [{"Coast", "Network", "First"}, {"Hills", "Network", "First"}, {"Alone"}],
            {"both", "other"},
        ),
        (
            'studioDestroy(input: {id: "4"})',
            "collections",
            [{"Coast", "Network", "First"}, {"Hills", "Network", "First", "Second"}, {"Second"}],
            {"other"},
        ),
        (
            'studioDestroy(input: {id: "1"})',
            "collections",
            [{"Coast", "First"}, {"Hills", "First", "Second"}, {"Alone", "Second"}],
            {"one", "both"},
        ),
    ],
)
def test_what_is_deleted_in_stash_leaves_the_items_that_showed_it(
    bench: Bench, mutation: str, attribute: str, expected: list[set[str]], reached: set[str]
) -> None:
    do_in_stash(bench, mutation)
    assert shown(bench, attribute) == expected
    assert written(bench) == reached
    assert bench.waiting() == []


def test_no_cover_is_asked_for_where_only_a_name_changed(bench: Bench) -> None:
    do_in_stash(bench, 'tagUpdate(input: {id: 1, name: "Ocean"}) { id }')
    assert [one.path for one in bench.world.stash.requests if "/screenshot" in one.path] == []
    assert all(path.startswith("PUT /library/sections/") for path in changing_requests(bench))


def test_a_save_that_changes_no_name_writes_nothing(bench: Bench) -> None:
    do_in_stash(bench, 'performerUpdate(input: {id: 1, name: "Ada"}) { id }')
    assert (changing_requests(bench), bench.waiting()) == ([], [])


def test_a_name_that_a_person_gave_in_plex_outlives_a_rename(bench: Bench) -> None:
    item = bench.world.item("one")
    bench.world.plex.library.edit_by_hand(item.rating_key, genres=[*item.genres, "By Hand"])
    do_in_stash(bench, 'tagUpdate(input: {id: 1, name: "Ocean"}) { id }')
    assert set(item.genres) == {"Ocean", "By Hand"}


def test_a_rename_is_not_lost_when_stash_cannot_list_its_scenes(bench: Bench) -> None:
    graphql(bench.world, 'mutation { tagUpdate(input: {id: 1, name: "Ocean"}) { id } }')
    bench.world.stash.faults.add("status", "findScenes", times=1, code=500)
    assert bench.drain().stopped
    assert len(bench.waiting()) == 1
    bench.drain()
    assert shown(bench, "genres")[0] == {"Ocean"}
    assert bench.waiting() == []


def test_many_changes_of_one_performer_are_one_write_for_each_scene(bench: Bench) -> None:
    for name in ("X", "Y", "Z"):
        change = f'{{id: 1, name: "{name}"}}'
        graphql(bench.world, f"mutation {{ performerUpdate(input: {change}) {{ id }} }}")
    bench.world.clear_requests()
    bench.drain()
    assert len(bench.world.plex.writes) == 2
    assert shown(bench, "roles")[0] == {"Z"}


@pytest.mark.parametrize(
    ("mutation", "attribute", "expected", "gaps"),
    [
        (
            'performerMerge(input: {source: ["2"], destination: "1"}) { id }',
            "roles",
            [{"Ada"}, {"Ada"}, {"Ada"}],
            2,
        ),
        (
            'sceneMerge(input: {source: ["1"], destination: "2", values: {id: "2", tag_ids: ["3"]}}) { id }',
            "genres",
            [{"Wind"}, {"Wind"}, {"Boats", "Wind"}],
            1,
        ),
    ],
)
def test_a_merge_of_which_stash_tells_nobody_is_found_by_a_reconcile(
    bench: Bench, mutation: str, attribute: str, expected: list[set[str]], gaps: int
) -> None:
    do_in_stash(bench, mutation)
    assert changing_requests(bench) == []
    assert bench.reconcile().total_gaps == gaps
    bench.drain()
    assert shown(bench, attribute) == expected
    assert bench.reconcile().total_gaps == 0
