"""What was found, listed by pages: every row is on exactly one page, whatever is filtered and searched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plex.fields import FIELDS, Kind
from plex.merge import Change
from sync_queue.findings import GAPS, SHOWN, Finding, FindingKind
from sync_queue.listing import ROWS_AT_ONCE, ROWS_PER_PAGE, Page
from sync_queue.manager import QueueManager
from sync_queue.previewed import ITEMS
from sync_queue.queue_list import STATES
from sync_queue.state import SyncState
from tests.builders.bench import a_job
from tests.builders.values import a_scene

# What is searched below, in the titles of some.
TITLES = ("", "Sea", "SEA and sun", "Straße", "strasse", "100%_", "\ud800half", "İstanbul", "a\nb")
SEARCHES = ("", "sea", "Sun", "STRASSE", "%", "_", "/data/", "nothing like that")


@dataclass(frozen=True)
class A:
    """A scene of a made-up library: its title, what it was found to be, and whether it is ignored."""

    title: str
    kind: FindingKind | None
    is_ignored: bool


libraries = st.lists(
    st.builds(A, st.sampled_from(TITLES), st.sampled_from([None, *FindingKind]), st.booleans()),
    max_size=2 * ROWS_PER_PAGE + 10,
)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[SyncState]:
    with closing(SyncState(tmp_path)) as state:
        state._connection.execute("PRAGMA synchronous=OFF")
        yield state


def texts_in(state: SyncState) -> dict[int, tuple[str, str]]:
    """Title and file of every scene, by its id."""
    rows = state._connection.execute("SELECT scene_id, title, file FROM scene_text")
    return {scene_id: (title, file) for scene_id, title, file in rows}


def fill(state: SyncState, library: list[A]) -> None:
    """Put the library into the state, in place of what was there."""
    state.ignored.remove(state.ignored.scene_ids())
    with state.texts.replacing() as texts:
        texts.add(
            a_scene(number, files=((f"/data/{number}.mp4", 1),), title=one.title)
            for number, one in enumerate(library, start=1)
        )
    with state.findings.replacing() as findings:
        findings.add(Finding(n, one.kind) for n, one in enumerate(library, start=1) if one.kind)
    state.ignored.add(number for number, one in enumerate(library, start=1) if one.is_ignored)


def fits(number: int, title: str, search: str) -> bool:
    # Half a character is none for SQLite, and a title that is empty is shown as the file's name.
    shown = title.encode("utf-8", "replace").decode().strip() or f"{number}.mp4"
    return search.casefold() in f"{shown}\n/data/{number}.mp4".casefold()


def all_pages(page_of: Callable[[int], Page[Any]]) -> list[Any]:
    first = page_of(1)
    pages = [first, *(page_of(number) for number in range(2, first.pages + 1))]
    assert [page.page for page in pages] == list(range(1, first.pages + 1))
    assert all(len(page.rows) == ROWS_PER_PAGE for page in pages[:-1])
    rows = [row for page in pages for row in page.rows]
    assert len(rows) == first.total
    return rows


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(library=libraries, search=st.sampled_from(SEARCHES))
def test_every_finding_is_on_one_page_of_its_kind_and_of_all_unless_it_is_ignored(
    state: SyncState, library: list[A], search: str
) -> None:
    fill(state, library)
    numbered = list(enumerate(library, start=1))
    found = {n: one for n, one in numbered if one.kind and not one.is_ignored and fits(n, one.title, search)}
    for kind in FindingKind:
        rows = all_pages(partial(state.findings.page, kind.value, search.casefold()))
        expected = [n for n, one in found.items() if one.kind is kind]
        assert [row.scene_id for row in rows] == expected
        assert state.findings.scene_ids(kind.value, search.casefold()) == expected
    rows = all_pages(partial(state.findings.page, "all", search.casefold()))
    assert [row.scene_id for row in rows] == [n for n, one in found.items() if one.kind in SHOWN]
    rows = all_pages(partial(state.findings.page, "ignored", search.casefold()))
    ignored = [n for n, one in numbered if one.is_ignored and fits(n, one.title, search)]
    assert [row.scene_id for row in rows] == ignored


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(library=libraries)
def test_the_kinds_the_ignored_and_those_in_sync_add_up_to_all_scenes(
    state: SyncState, library: list[A]
) -> None:
    fill(state, library)
    # Of a scene that was never read more is found, as after a recent edit: it counts nowhere.
    with state.findings.replacing([9_999]) as findings:
        findings.add([Finding(9_999, FindingKind.STALE)])
    standing = state.findings.standing()
    assert standing.total == len(library)
    assert standing.ignored == sum(one.is_ignored for one in library)
    assert standing.kinds == {
        kind: sum(one.kind is kind and not one.is_ignored for one in library) for kind in FindingKind
    }
    assert standing.in_sync == sum(one.kind is None and not one.is_ignored for one in library) >= 0
    assert set(GAPS) < set(SHOWN) < set(FindingKind)


def some_changes(names: list[str]) -> list[Change]:
    by_name = {field.name: field for field in FIELDS}
    tags = [by_name[name].kind is Kind.TAGS for name in names]
    return [
        Change(by_name[name], ("Old",), ("New",)) if is_tags else Change(by_name[name], "old", "new")
        for name, is_tags in zip(names, tags, strict=True)
    ]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    library=libraries,
    fields=st.lists(st.sets(st.sampled_from(FIELDS), min_size=1), min_size=5, max_size=5),
    search=st.sampled_from(SEARCHES),
)
def test_every_previewed_item_is_on_one_page_of_each_field_that_it_changes(
    state: SyncState, library: list[A], fields: list[Any], search: str
) -> None:
    fill(state, library)
    names = {n: sorted(field.name for field in fields[n % 5]) for n in range(1, len(library) + 1)}
    with state.previewed.replacing() as preview:
        for number, changed in names.items():
            preview.add(number, number + 1_000, some_changes(changed))
    shown = [n for n, one in enumerate(library, start=1) if not one.is_ignored]
    fitting = [n for n in shown if fits(n, library[n - 1].title, search)]
    for field in ("", *(field.name for field in FIELDS)):
        rows = all_pages(partial(state.previewed.page, ITEMS, field, search.casefold()))
        expected = [n for n in fitting if not field or field in names[n]]
        assert [row.scene_id for row in rows] == expected
        assert all([change.field for change in row.changes] == names[row.scene_id] for row in rows)
    items, counts = state.previewed.counts()
    assert (items, counts) == (len(shown), Counter(name for n in shown for name in names[n]))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=15)
@given(
    jobs=st.lists(
        st.tuples(st.one_of(st.just(0), st.integers(1, 40)), st.sampled_from(STATES)),
        max_size=ROWS_PER_PAGE + 20,
    ),
    search=st.sampled_from(SEARCHES),
)
def test_every_row_of_the_queue_is_on_one_page_of_its_state(
    state: SyncState, tmp_path: Path, jobs: list[tuple[int, str]], search: str
) -> None:
    """Scene 0 stands for a job that is about no scene; a scene with a job that is due waits."""
    now = 1_800_000_000.0
    fill(state, [A(TITLES[n % len(TITLES)], None, False) for n in range(30)])
    with closing(QueueManager(tmp_path)) as manager:
        queue = manager.get_queue()
        queue._putter.execute("PRAGMA synchronous=OFF")
        queue.clear()
        entity: dict[str, Any] = {"entity": "tag", "entity_id": 3}
        queue.put_jobs(
            a_job(scene_id, due_at=now + 60 if kind == "later" else 0.0, **({} if scene_id else entity))
            for scene_id, kind in jobs
            if kind != "failed"
        )
        for scene_id, kind in jobs:
            if kind == "failed":
                job = a_job(scene_id, problem="No.", **({} if scene_id else entity))
                queue.put_jobs([job])
                queue.fail([max(one.row for one in queue.jobs())], job)
        titles = str(tmp_path / "state.db")
        expected: dict[str, set[int]] = {
            kind: {scene_id for scene_id, one in jobs if one == kind and scene_id} for kind in STATES
        }
        expected["later"] -= expected["waiting"]
        for kind in STATES:
            rows = all_pages(partial(queue.page, kind, "", titles=titles, now=now))
            assert {row.scene_id for row in rows if row.scene_id} == expected[kind]
            without = sum(one == kind and not scene_id for scene_id, one in jobs)
            assert len(rows) == len(expected[kind]) + without == queue.totals(now)[kind]
            fitting = {
                n for n in expected[kind] if n <= 30 and fits(n, TITLES[(n - 1) % len(TITLES)], search)
            }
            if search:
                keys = queue.keys(kind, search.casefold(), titles, now)
                assert sorted(keys) == sorted(fitting)
        states = queue.states_of(range(1, 41), now)
        assert {n for n, one in states.items() if one == "waiting"} == expected["waiting"]
        assert {n for n, one in states.items() if one == "later"} == expected["later"]


def test_what_was_found_and_not_kept_to_the_end_leaves_what_was_known(state: SyncState) -> None:
    fill(state, [A("One", FindingKind.STALE, False)])

    def begin_and_fail() -> None:
        with state.texts.replacing() as texts, state.findings.replacing() as found:
            texts.add([a_scene(7, title="Seven")])
            found.add([Finding(7, FindingKind.EMPTY)])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        begin_and_fail()
    assert [row.title for row in state.findings.page("all", "", 1).rows] == ["One"]
    with state.findings.replacing() as found:
        found.add([])
    assert state.findings.page("all", "", 1).total == 0


def test_a_list_is_replaced_while_another_process_writes(state: SyncState, tmp_path: Path) -> None:
    with closing(SyncState(tmp_path)) as other, state.findings.replacing() as found:
        found.add(Finding(n, FindingKind.STALE) for n in range(1, ROWS_AT_ONCE + 1))
        assert state.fact("one") is None
        other.set_fact("one", "1")
        # As a reconcile does in between.
        state.set_fact("two", "2")
        found.add([Finding(9_999, FindingKind.STALE)])
    assert state.findings.page("all", "", 1).total == ROWS_AT_ONCE + 1


def test_long_values_of_a_preview_are_cut_and_say_so(state: SyncState) -> None:
    by_name = {field.name: field for field in FIELDS}
    names = tuple(f"Tag {n}" for n in range(200))
    changes = [Change(by_name["summary"], "", "x" * 20_000), Change(by_name["genre"], (), names)]
    with state.previewed.replacing() as preview:
        preview.add(1, 2, changes)
    (row,) = state.previewed.page(ITEMS, "", "", 1).rows
    summary, genre = row.changes
    assert (len(summary.new), summary.new[-1]) == (300, "…")
    assert (len(genre.new), genre.new[-1]) == (101, "… and 100 more")


def test_titles_that_are_as_they_were_are_not_written_to_the_disk_again(state: SyncState) -> None:
    library = [A("Sea", None, False) for _ in range(200)]
    fill(state, library)
    before = state._connection.total_changes
    with state.texts.replacing() as texts:
        texts.add(a_scene(n, files=((f"/data/{n}.mp4", 1),), title="Sea") for n in range(1, 200))
        texts.add([a_scene(500, title="New"), a_scene(7, files=(("/data/7.mp4", 1),), title="Renamed")])
    # The rows beside the table, the two that differ, and the one that is gone.
    assert state._connection.total_changes - before == 201 + 2 + 1
    assert {7: ("Renamed", "/data/7.mp4"), 500: ("New", "/data/one.mp4")}.items() <= texts_in(state).items()
    assert 200 not in texts_in(state)


def test_a_preview_whose_row_cannot_be_read_shows_the_item_without_changes(state: SyncState) -> None:
    with state.previewed.replacing() as preview:
        preview.add(1, 2, some_changes(["title"]))
    with state._connection:
        state._connection.execute("UPDATE previewed_change SET changes = x'00'")
    (row,) = state.previewed.page(ITEMS, "", "", 1).rows
    assert (row.scene_id, row.changes) == (1, [])


def test_more_scenes_than_fit_into_one_statement_are_looked_up(state: SyncState) -> None:
    state.ignored.add([2, 5_000])
    assert state.ignored.among(range(1, 2_000)) == {2}
