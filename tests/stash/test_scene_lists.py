"""A list of scenes is whole or an error: no hole, short page or empty answer is taken for its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stash import scene_pages as stash_scene_pages
from stash import session as stash_session
from stash.client import Stash
from stash.exceptions import StashAnswerInvalid, StashError, StashUnavailable
from stash.scene_pages import ScenePage
from tests.servers.stash.library import StashLibrary
from tests.servers.stash.server import StashServer
from validation.plugin_input import parse_connection

Content = dict[str, Any]
EVERYTHING = list(range(1, 13))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[StashServer]:
    monkeypatch.setattr(stash_scene_pages, "PAGE_SIZE", 4)
    monkeypatch.setattr(stash_scene_pages, "IDS_PER_PAGE", 5)
    monkeypatch.setattr(stash_session, "LOCKED_RETRIES", 1)
    library = StashLibrary()
    library.add_studio("Harbour")
    for number in EVERYTHING:
        library.add_scene(title=f"Clip {number}", studio=1)
    with StashServer(library) as server:
        yield server
        assert server.crashes == []


@pytest.fixture
def stash(server: StashServer) -> Stash:
    stash = Stash(parse_connection(server.server_connection()))
    server.clear_requests()
    return stash


def ids_of(pages: Iterator[ScenePage]) -> list[int]:
    return [scene.id for page in pages for scene in page.scenes]


def change(server: StashServer, spoil: Callable[[list[Any]], list[Any]], **how: Any) -> None:
    """Change the lists of scenes that Stash answers with."""

    def changed(content: Content) -> Content:
        found = content["data"]["findScenes"]
        if "scenes" in found:
            found["scenes"] = spoil(found["scenes"])
        return content

    server.faults.add("change", "findScenes", change=changed, **how)


def half(scenes: list[Any]) -> list[Any]:
    return scenes[: len(scenes) // 2]


def every_second(scenes: list[Any]) -> list[Any]:
    return scenes[::2]


def none(scenes: list[Any]) -> list[Any]:
    return []


def without_the_last(scenes: list[Any]) -> list[Any]:
    return scenes[:-1]


@pytest.mark.parametrize("hole", [3, 60, 25_000, 3_000_000])
def test_a_hole_in_the_ids_is_no_end_even_where_scenes_are_read_by_their_ids(
    server: StashServer, stash: Stash, hole: int
) -> None:
    server.failing_scenes.update({2, 12})
    server.library.skip_scene_ids(hole)
    behind = [server.library.add_scene(title="Behind").id for _ in range(3)]
    pages = list(stash.pages())
    assert ids_of(iter(pages)) == [n for n in EVERYTHING if n not in (2, 12)] + behind
    assert [one.scene_id for page in pages for one in page.unusable] == ["2", "12"]


@pytest.mark.parametrize("spoil", [half, every_second, none, without_the_last])
@pytest.mark.parametrize("after", range(4))
def test_a_list_that_is_too_short_once_is_read_to_its_true_end(
    server: StashServer, stash: Stash, spoil: Callable[[list[Any]], list[Any]], after: int
) -> None:
    change(server, spoil, times=1, after=after)
    assert sorted(ids_of(stash.pages())) == EVERYTHING


@pytest.mark.parametrize("spoil", [half, every_second, none])
def test_a_list_that_stays_too_short_is_an_error(
    server: StashServer, stash: Stash, spoil: Callable[[list[Any]], list[Any]]
) -> None:
    change(server, spoil)
    for read in (lambda: list(stash.pages()), lambda: stash.scene_ids_with("studio", 1)):
        with pytest.raises(StashAnswerInvalid, match="fewer scenes than it counts"):
            read()


@pytest.mark.parametrize("spoil", [half, every_second, none, without_the_last])
def test_the_scenes_of_a_studio_are_all_of_them(
    server: StashServer, stash: Stash, spoil: Callable[[list[Any]], list[Any]]
) -> None:
    change(server, spoil, times=1)
    assert stash.scene_ids_with("studio", 1) == EVERYTHING


def test_a_page_that_comes_again_and_again_ends_in_an_error(server: StashServer, stash: Stash) -> None:
    first = [{"id": str(number), "files": []} for number in range(1, 5)]
    change(server, lambda scenes: first, after=1)
    with pytest.raises(StashAnswerInvalid, match="asked for before"):
        list(stash.pages())


@given(pieces=st.lists(st.integers(0, 8), max_size=4), destroyed=st.sets(st.sampled_from(EVERYTHING)))
def test_while_scenes_come_and_go_those_that_stay_are_all_read(
    pieces: list[int], destroyed: set[int]
) -> None:
    library = StashLibrary()
    for number in EVERYTHING:
        library.add_scene(title=f"Clip {number}")
    going = iter(sorted(destroyed))
    changes = iter(pieces)
    with pytest.MonkeyPatch.context() as patch, StashServer(library) as server:
        patch.setattr("stash.scene_pages.PAGE_SIZE", 3)
        stash = Stash(parse_connection(server.server_connection()))

        def meanwhile(content: Content) -> Content:
            for _ in range(next(changes, 0)):
                gone = next(going, None)
                if gone is not None:
                    library.destroy_scene(gone)
                else:
                    library.add_scene(title="New")
            return content

        server.faults.add("change", "findScenes", change=meanwhile)
        read = ids_of(stash.pages())
    assert set(EVERYTHING) - destroyed <= set(read)
    assert len(read) == len(set(read))


def test_a_library_that_never_stands_still_is_read_all_the_same(server: StashServer, stash: Stash) -> None:
    numbers = count()

    def add(content: Content) -> Content:
        if next(numbers) < 20:
            server.library.add_scene(title="New")
        return content

    server.faults.add("change", "findScenes", change=add)
    assert set(ids_of(stash.pages())) >= set(EVERYTHING)


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_trouble_in_the_middle_of_a_list_is_no_end_of_it(
    server: StashServer, stash: Stash, number: int
) -> None:
    server.faults.add("graphql_error", after=number, message="disk I/O error")
    with pytest.raises(StashUnavailable, match="disk I/O error"):
        list(stash.pages())


@pytest.mark.parametrize("value", [13, 1_000_000])
def test_a_count_that_is_too_high_is_no_list(server: StashServer, stash: Stash, value: int) -> None:
    def count_wrong(content: Content) -> Content:
        if content["data"] and "count" in content["data"]["findScenes"]:
            content["data"]["findScenes"]["count"] = value
        return content

    server.faults.add("change", "findScenes", change=count_wrong)
    with pytest.raises(StashError):
        list(stash.pages())
    server.failing_scenes.add(4)
    with pytest.raises(StashError):
        list(stash.pages())
    assert len(server.requests) < 200


def test_a_scene_saved_while_the_recent_ones_are_listed_is_read_too(
    server: StashServer, stash: Stash
) -> None:
    library = server.library
    before = datetime.now(timezone.utc) - timedelta(days=9)
    for number in EVERYTHING[:8]:
        library.scenes[number].updated_at = library.timestamp(before)

    def save(content: Content) -> Content:
        library.update_scene(2, title="Saved now")
        return content

    server.faults.add("change", "findScenes", change=save, times=1, after=1)
    assert set(ids_of(stash.pages_updated_within(timedelta(days=1)))) >= {9, 10, 11, 12}


def test_a_newest_scene_that_cannot_be_read_hides_no_other_recent_one(
    server: StashServer, stash: Stash
) -> None:
    server.failing_scenes.add(12)
    pages = list(stash.pages_updated_within(timedelta(days=1)))
    assert ids_of(iter(pages)) == EVERYTHING[:-1]
    assert [one.scene_id for page in pages for one in page.unusable] == ["12"]


def test_an_empty_answer_about_the_newest_scenes_does_not_mean_that_there_are_none(
    server: StashServer, stash: Stash
) -> None:
    change(server, none, times=1)
    assert ids_of(stash.pages_updated_within(timedelta(days=1))) == EVERYTHING


def test_a_page_that_is_too_large_is_read_in_smaller_pieces(
    server: StashServer, stash: Stash, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stash_session, "LARGEST_ANSWER", 30_000)
    server.library.update_scene(3, details="x" * 40_000)
    for number in (4, 5, 6):
        server.library.update_scene(number, details="x" * 12_000)
    pages = list(stash.pages())
    assert ids_of(iter(pages)) == [n for n in EVERYTHING if n != 3]
    assert ["the answer is too large" in text for page in pages for text in page.errors] == [True]


def test_all_tags_are_listed_or_none(server: StashServer, stash: Stash) -> None:
    for number in range(10):
        server.library.add_tag(f"Tag {number}")
    assert stash.tag_names() == {f"Tag {number}" for number in range(10)}

    def nothing(content: Content) -> Content:
        content["data"]["findTags"]["tags"] = []
        return content

    server.faults.add("change", "findTags", change=nothing)
    with pytest.raises(StashAnswerInvalid, match="fewer tags than it counts"):
        stash.tag_names()
