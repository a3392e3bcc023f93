"""A reconcile tells which path map the user needs, and stops telling once it is there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciliation.summary import advice_lines, summary_lines
from tests.builders.bench import Bench, a_bench
from tests.builders.sync import changing_requests
from tests.servers.world import log_text
from validation.names import for_pair
from validation.path_map import PathMap, path_key, suggest_path_map

pytestmark = pytest.mark.unmeasured


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with a_bench(tmp_path) as bench:
        bench.world.settings["path_map"] = ""
        yield bench


def add_films(bench: Bench, in_stash: str, in_plex: str, count: int = 4, start: int = 0) -> None:
    """Films of different names and sizes, each in both servers; a folder's path ends with its separator."""
    for n in range(start, start + count):
        size = 1000 + n
        bench.world.stash.library.add_scene(details="x", files=((f"{in_stash}film {n}.mp4", size),))
        bench.world.plex.library.add_item(1, ((f"{in_plex}film {n}.mp4", size),))


def assert_helps(bench: Bench, expected: str, count: int) -> None:
    """Without a map exactly this one is suggested; with it every match is exact and nothing is suggested."""
    result = bench.reconcile()
    assert (result.suggested_path_map, result.inexact_count) == (expected, count)
    assert (result.missing_count, result.ambiguous_count) == (0, 0)
    advice = "\n".join(advice_lines(result))
    assert f"{count} scenes" in advice
    assert "“Path map” (path_map)" in advice
    assert advice.count(expected) == 1
    bench.world.settings["path_map"] = expected
    result = bench.reconcile()
    assert (result.suggested_path_map, result.inexact_count, result.missing_count) == ("", 0, 0)
    assert "path_map" not in "\n".join(advice_lines(result))


@pytest.mark.parametrize(
    ("in_stash", "in_plex", "expected"),
    [
        ("/data/", "/media/", "/data=>/media"),
        ("/data/Films/2024/", "/volume1/video/Films/2024/", "/data=>/volume1/video"),
        ("D:\\Videos\\Films\\", "/media/Films/", "D:/Videos=>/media"),
        ("/data/Films/", "E:\\Plex\\Films\\", "/data=>E:/Plex"),
        ("\\\\nas\\share\\Films\\", "/media/Films/", "//nas/share=>/media"),
        ("/Films/", "/media/Films/", "/=>/media"),
        ("/data/Öster/", "/media/O\u0308ster/", "/data=>/media"),
    ],
)
def test_one_folder_seen_under_two_paths_is_the_map(
    bench: Bench, in_stash: str, in_plex: str, expected: str
) -> None:
    add_films(bench, in_stash, in_plex)
    assert_helps(bench, expected, 4)


def test_two_folders_are_both_in_the_map(bench: Bench) -> None:
    add_films(bench, "/data/Films/", "/media/Films/", 5)
    add_films(bench, "/mnt/b/x/", "/plex b/x/", 3, start=5)
    assert_helps(bench, "/data=>/media; /mnt/b=>/plex b", 8)


def test_a_map_that_is_wrong_is_answered_with_the_right_one(bench: Bench) -> None:
    add_films(bench, "/data/Films/", "/media/Films/")
    bench.world.settings["path_map"] = "/data=>/wrong"
    assert bench.reconcile().suggested_path_map == "/data=>/media"


@pytest.mark.parametrize("folder", ["/data;old", "/data=>x", '/data;"old"'])
def test_a_folder_that_holds_what_separates_is_suggested_in_quotes(bench: Bench, folder: str) -> None:
    add_films(bench, f"{folder}/", "/media/")
    assert_helps(bench, f"{for_pair(folder)}=>/media", 4)


def test_where_the_paths_are_the_same_nothing_is_suggested(bench: Bench) -> None:
    add_films(bench, "/same/", "/same/")
    result = bench.reconcile()
    assert (result.suggested_path_map, result.inexact_count) == ("", 0)


def test_a_few_files_that_lie_elsewhere_are_no_reason_for_a_map(bench: Bench) -> None:
    add_films(bench, "/same/", "/same/", 6)
    add_films(bench, "/odd/", "/place/", 2, start=6)
    result = bench.reconcile()
    assert (result.suggested_path_map, result.inexact_count) == ("", 2)


def test_a_suggestion_takes_a_few_requests_however_many_scenes_need_it(bench: Bench) -> None:
    add_films(bench, "/data/", "/media/", 120)
    bench.world.clear_requests()
    assert bench.reconcile().suggested_path_map == "/data=>/media"
    assert bench.requests() <= 20


def test_a_library_that_has_none_of_the_files_leads_to_no_suggestion(bench: Bench) -> None:
    bench.world.stash.library.add_scene(details="x", files=(("/data/a.mp4", 1),))
    bench.world.plex.library.add_item(1, (("/media/b.mp4", 2),))
    result = bench.reconcile()
    assert (result.missing_count, result.suggested_path_map) == (1, "")


def test_the_task_logs_the_map_after_the_summary_without_writing_anything(bench: Bench) -> None:
    add_films(bench, "/data/Films/", "/media/Films/")
    result = bench.world.stash.run_task("Reconcile Library (All)")
    lines = log_text(result, "info").splitlines()
    (advice,) = [number for number, line in enumerate(lines) if line.endswith(": /data=>/media")]
    assert advice > lines.index("=== Reconciliation Summary ===") + 5
    assert changing_requests(bench) == []


def test_the_summary_itself_is_the_same_with_and_without_a_suggestion(bench: Bench) -> None:
    add_films(bench, "/data/Films/", "/media/Films/")
    without = summary_lines(bench.reconcile(), is_queued=False)
    assert summary_lines(bench.reconcile(path_map="/data=>/media"), is_queued=False) == without


def test_two_disks_that_are_one_folder_in_stash_lead_to_the_pair_that_holds_for_more_and_the_count_is_told(
    bench: Bench,
) -> None:
    add_films(bench, "/data/", "/disk1/", 32)
    add_films(bench, "/data/", "/disk2/", 8, start=32)
    result = bench.reconcile()
    assert result.suggested_path_map == "/data=>/disk1"
    (advice,) = [line for line in advice_lines(result) if "path_map" in line]
    assert "32 of 40 files looked at match exactly: /data=>/disk1" in advice


def test_all_folders_are_suggested_each_with_the_number_of_files_for_which_it_holds(bench: Bench) -> None:
    for disk in range(8):
        add_films(bench, f"/stash{disk}/", f"/plex{disk}/", 2 + disk % 2, start=10 * disk)
    result = bench.reconcile()
    expected = {f"/stash{disk}=>/plex{disk}" for disk in range(8)}
    assert set(result.suggested_path_map.split("; ")) == expected
    (advice,) = [line for line in advice_lines(result) if "path_map" in line]
    assert "20 of 20 files looked at match exactly (" in advice
    assert "/stash1=>/plex1 for 3" in advice
    assert "/stash2=>/plex2 for 2" in advice


# The words of a root in Stash, of one in Plex, and of what lies below both are never the same.
ROOTS = st.lists(
    st.tuples(
        st.lists(st.sampled_from(("data", "mnt", "video one", "é")), min_size=1, max_size=3),
        st.lists(st.sampled_from(("media", "volume1", "plex two", "ö")), min_size=1, max_size=3),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda root: tuple(root[0]),
)
BELOW = st.lists(st.sampled_from(("Films", "2014", "a b", "x.mp4")), min_size=1, max_size=4)
Roots = list[tuple[list[str], list[str]]]


def pairs_of(roots: Roots, below: Sequence[Sequence[str]], slash: str = "/") -> list[tuple[str, str]]:
    """The same files, below each of the roots, as Stash and as Plex see them."""
    return [
        (slash + slash.join((*source, *rest)), slash + slash.join((*target, *rest)))
        for rest in below
        for source, target in roots
    ]


@given(ROOTS, st.lists(BELOW, min_size=1, max_size=5))
def test_the_map_makes_every_pair_exact(roots: Roots, below: list[list[str]]) -> None:
    pairs = pairs_of(roots, below)
    path_map = PathMap.parse(suggest_path_map(pairs))
    assert [path_map.to_plex(in_stash) for in_stash, _ in pairs] == [
        path_key(in_plex) for _, in_plex in pairs
    ]


def test_the_suggested_map_keeps_the_pairs_that_work_already(bench: Bench) -> None:
    add_films(bench, "/data/", "/media/", start=10)
    add_films(bench, "/mnt/more/", "/b/")
    bench.world.settings["path_map"] = "/data=>/media"
    assert_helps(bench, "/mnt/more=>/b; /data=>/media", 4)


def test_a_pair_that_is_what_is_wrong_is_not_kept(bench: Bench) -> None:
    add_films(bench, "/data/films/", "/media/films/")
    bench.world.settings["path_map"] = "/data/films=>/elsewhere"
    assert_helps(bench, "/data=>/media", 4)


@given(ROOTS, st.lists(BELOW, min_size=1, max_size=5))
def test_the_map_names_the_roots_and_nothing_else(roots: Roots, below: list[list[str]]) -> None:
    expected = PathMap.of(("/" + "/".join(source), "/" + "/".join(target)) for source, target in roots)
    assert PathMap.parse(suggest_path_map(pairs_of(roots, below))) == expected


@given(ROOTS, st.lists(BELOW, min_size=1, max_size=4), st.randoms())
def test_the_order_of_the_files_does_not_matter(roots: Roots, below: list[list[str]], random: object) -> None:
    pairs = pairs_of(roots, below)
    shuffled = pairs.copy()
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert PathMap.parse(suggest_path_map(shuffled)) == PathMap.parse(suggest_path_map(pairs))


@given(ROOTS, st.lists(BELOW, min_size=1, max_size=4))
def test_the_kind_of_slash_does_not_matter(roots: Roots, below: list[list[str]]) -> None:
    # Two slashes of Windows at the beginning would be a share, so a drive stands before them.
    plain = [("C:" + source, target) for source, target in pairs_of(roots, below)]
    windows = [(source.replace("/", "\\"), target.replace("/", "\\")) for source, target in plain]
    assert suggest_path_map(windows) == suggest_path_map(plain)


@given(ROOTS, BELOW, st.integers(10, 40))
def test_a_folder_that_explains_less_than_a_tenth_is_not_named(
    roots: Roots, below: list[str], times: int
) -> None:
    many = pairs_of(roots[:1], [below]) * times
    assert suggest_path_map([*many, ("/odd/one", "/other/one")]) == suggest_path_map(many)
