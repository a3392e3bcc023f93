"""Which items show a scene: by files, in levels, and never by a guess."""

from __future__ import annotations

import sqlite3
import unicodedata
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plex.index import SCHEMA, FileIndex, key_of_path
from plex.matching import Match, MatchLevel, match_scenes
from tests.builders.values import a_listed_item

File = tuple[str, "int | None"]
Files = Mapping[int, Sequence[File]]

EXACT, FOLDED, NAME_AND_SIZE, NAME = list(MatchLevel)[:4]
AMBIGUOUS, NONE = MatchLevel.AMBIGUOUS, MatchLevel.NONE


def matches_of(scenes: Files, items: Files) -> dict[int, Match]:
    """The match of each scene (id → files where Plex would see them) against items (rating key → files)."""
    connection = sqlite3.connect(":memory:")
    connection.executescript(SCHEMA)
    index = FileIndex(connection)
    for rating_key, files in items.items():
        index.put_item(a_listed_item(rating_key, *files))
    keys = {scene_id: [key_of_path(*file) for file in files] for scene_id, files in scenes.items()}
    index.put_scene_files(keys.items())
    matches = match_scenes(keys, index)
    connection.close()
    return matches


def levels_and_items(scenes: Files, items: Files) -> dict[int, tuple[MatchLevel, tuple[int, ...]]]:
    return {key: (match.level, match.rating_keys) for key, match in matches_of(scenes, items).items()}


ONE_SCENE: list[tuple[str, list[File], Files, MatchLevel, tuple[int, ...]]] = [
    ("same path", [("/m/a.mkv", 5)], {7: [("/m/a.mkv", 5)]}, EXACT, (7,)),
    ("same path, other size", [("/m/a.mkv", 5)], {7: [("/m/a.mkv", 6)]}, EXACT, (7,)),
    ("other slashes", [("/m/a.mkv", 5)], {7: [(r"\m\a.mkv", 5)]}, EXACT, (7,)),
    ("other accents", [("/m/é.mkv", 5)], {7: [("/m/e\u0301.mkv", 5)]}, EXACT, (7,)),
    ("two libraries that share a folder", [("/m/a", 5)], {7: [("/m/a", 5)], 8: [("/m/a", 5)]}, EXACT, (7, 8)),
    ("files in two items", [("/m/a", 1), ("/m/b", 2)], {7: [("/m/a", 1)], 8: [("/m/b", 2)]}, EXACT, (7, 8)),
    ("two files in one item", [("/m/a", 1), ("/m/b", 2)], {7: [("/m/a", 1), ("/m/b", 2)]}, EXACT, (7,)),
    ("exact beats a name", [("/m/a", 5)], {7: [("/x/a", 5)], 8: [("/m/a", 5)]}, EXACT, (8,)),
    (
        "exact by its second file",
        [("/m/z", 1), ("/m/a", 5)],
        {7: [("/m/a", 5)], 8: [("/x/z", 1)]},
        EXACT,
        (7,),
    ),
    ("other case", [("/M/A.mkv", 5)], {7: [("/m/a.mkv", 5)]}, FOLDED, (7,)),
    ("other case, exact is there", [("/m/A", 5)], {7: [("/m/a", 5)], 8: [("/m/A", 5)]}, EXACT, (8,)),
    ("other case beats a name", [("/M/A", 5)], {7: [("/m/a", 5)], 8: [("/x/a", 5)]}, FOLDED, (7,)),
    ("other folder", [("/m/a.mkv", 5)], {7: [("/x/y/a.mkv", 5)]}, NAME_AND_SIZE, (7,)),
    ("other folder and size", [("/m/a.mkv", 5)], {7: [("/x/a.mkv", 6)]}, NONE, ()),
    ("same name in two folders", [("/m/a", 5)], {7: [("/x/a", 5)], 8: [("/y/a", 5)]}, AMBIGUOUS, ()),
    ("told apart by size", [("/m/a", 5)], {7: [("/x/a", 5)], 8: [("/y/a", 6)]}, NAME_AND_SIZE, (7,)),
    ("size unknown in Plex", [("/m/a.mkv", 5)], {7: [("/x/a.mkv", None)]}, NAME, (7,)),
    ("size unknown in Stash", [("/m/a.mkv", None)], {7: [("/x/a.mkv", 5)]}, NAME, (7,)),
    ("sizes unknown, two there", [("/m/a", None)], {7: [("/x/a", 5)], 8: [("/y/a", 6)]}, AMBIGUOUS, ()),
    ("only the ending is the same", [("/m/a.mkv", 5)], {7: [("/m/b.mkv", 5)]}, NONE, ()),
    ("the name is only contained", [("/m/a.mkv", 5)], {7: [("/x/aa.mkv", 5)]}, NONE, ()),
    ("no files", [], {7: [("/m/a.mkv", 5)]}, NONE, ()),
    ("an item without files", [("/m/a.mkv", 5)], {7: []}, NONE, ()),
]


@pytest.mark.parametrize(
    ("why", "files", "items", "level", "keys"), ONE_SCENE, ids=[row[0] for row in ONE_SCENE]
)
def test_a_scene_is_found_at_the_surest_level(
    why: str, files: Sequence[File], items: Files, level: MatchLevel, keys: tuple[int, ...]
) -> None:
    found, rating_keys = levels_and_items({1: files}, items)[1]
    assert (found, tuple(sorted(rating_keys))) == (level, keys)


TWO_SCENES: list[tuple[str, Files, Files, MatchLevel, MatchLevel]] = [
    (
        "each has its own",
        {1: [("/m/a", 1)], 2: [("/m/b", 2)]},
        {7: [("/m/a", 1)], 8: [("/m/b", 2)]},
        EXACT,
        EXACT,
    ),
    (
        "an item with files of both",
        {1: [("/m/a", 1)], 2: [("/m/b", 2)]},
        {7: [("/m/a", 1), ("/m/b", 2)]},
        AMBIGUOUS,
        AMBIGUOUS,
    ),
    ("one file of both", {1: [("/m/a", 1)], 2: [("/m/a", 1)]}, {7: [("/m/a", 1)]}, AMBIGUOUS, AMBIGUOUS),
    ("one by path, one by name", {1: [("/m/a", 1)], 2: [("/n/a", 1)]}, {7: [("/m/a", 1)]}, EXACT, AMBIGUOUS),
    ("both by name", {1: [("/m/a", 1)], 2: [("/n/a", 1)]}, {7: [("/x/a", 1)]}, AMBIGUOUS, AMBIGUOUS),
    ("told apart by size", {1: [("/m/a", 1)], 2: [("/n/a", 2)]}, {7: [("/x/a", 1)]}, NAME_AND_SIZE, NONE),
    (
        "one size is unknown",
        {1: [("/m/a", 1)], 2: [("/n/a", None)]},
        {7: [("/x/a", 1)]},
        AMBIGUOUS,
        AMBIGUOUS,
    ),
    (
        "case apart, both there",
        {1: [("/m/a", 1)], 2: [("/m/A", 1)]},
        {7: [("/m/a", 1)], 8: [("/m/A", 1)]},
        EXACT,
        EXACT,
    ),
]


@pytest.mark.parametrize(
    ("why", "scenes", "items", "one", "two"), TWO_SCENES, ids=[row[0] for row in TWO_SCENES]
)
def test_two_scenes_are_never_written_to_one_item(
    why: str, scenes: Files, items: Files, one: MatchLevel, two: MatchLevel
) -> None:
    matches = matches_of(scenes, items)
    assert (matches[1].level, matches[2].level) == (one, two)
    assert all(bool(match.reason) is (match.level is AMBIGUOUS) for match in matches.values())


def test_a_file_that_has_its_own_place_in_plex_claims_no_other_of_its_name() -> None:
    """Disc images: all discs have files of the same names, and full ones of the same size."""
    scenes: Files = {1: [("/m/one/1.VOB", 9)], 2: [("/m/two/2.VOB", 9)]}
    items: Files = {7: [("/m/one/1.VOB", 9), ("/m/one/2.VOB", 9)], 8: [("/m/two/2.VOB", 9)]}
    assert levels_and_items(scenes, items) == {1: (EXACT, (7,)), 2: (EXACT, (8,))}
    assert matches_of(scenes, {7: items[7]})[1].level is AMBIGUOUS


def test_why_a_match_is_ambiguous_is_said_in_words() -> None:
    two_there = matches_of({1: [("/m/a", 5)]}, {7: [("/x/a", 5)], 8: [("/y/a", 5)]})[1]
    assert two_there.reason == "2 files in Plex fit one of its files by file name and size"
    shared = matches_of({1: [("/m/a", 1)], 2: [("/m/b", 2)]}, {7: [("/m/a", 1), ("/m/b", 2)]})
    assert shared[1].reason == "its item 7 in Plex also holds a file of scene 2"


PATHS = st.sampled_from(
    [f"/{folder}/{name}" for folder in ("m", "n", "M") for name in ("a", "A", "b", "é", "e\u0301")]
)
SIZES = st.sampled_from((1, 2, None))
FILE_SETS = st.lists(st.tuples(PATHS, SIZES), max_size=2, unique_by=lambda file: file[0])
SCENES = st.dictionaries(st.integers(1, 4), FILE_SETS, max_size=4)
SOME_SCENES = st.dictionaries(st.integers(1, 4), FILE_SETS, min_size=1, max_size=4)
# Two paths apart in any writing, for two scenes that share no file.
APART = [f"/{folder}/{name}" for folder in ("m", "n") for name in ("a", "b", "é")]
ITEMS = st.dictionaries(st.integers(11, 14), FILE_SETS, max_size=4)
BY_NAME = (FOLDED, NAME_AND_SIZE, NAME)


def name_of(path: str) -> str:
    return unicodedata.normalize("NFC", path).rpartition("/")[2].casefold()


@given(SCENES, ITEMS)
@settings(max_examples=80)
def test_every_matched_item_holds_a_file_with_the_name_of_one_of_the_scenes(
    scenes: Files, items: Files
) -> None:
    for scene_id, (_, rating_keys) in levels_and_items(scenes, items).items():
        names = {name_of(path) for path, _ in scenes[scene_id]}
        assert all(names & {name_of(path) for path, _ in items[key]} for key in rating_keys)


@given(SCENES, ITEMS)
@settings(max_examples=80)
def test_a_scene_whose_path_plex_has_is_never_matched_by_name(scenes: Files, items: Files) -> None:
    there = {key_of_path(*file).path for files in items.values() for file in files}
    for scene_id, match in matches_of(scenes, items).items():
        if there & {key_of_path(*file).path for file in scenes[scene_id]}:
            assert match.level in (EXACT, AMBIGUOUS)
        else:
            assert match.level is not EXACT


@given(SCENES, ITEMS)
@settings(max_examples=80)
def test_two_scenes_never_match_one_item_by_the_same_file(scenes: Files, items: Files) -> None:
    matches = matches_of(scenes, items)
    for scene_id, match in matches.items():
        for other_id, other in matches.items():
            if scene_id < other_id:
                assert not set(match.parts) & set(other.parts)


@given(SCENES, ITEMS, st.randoms())
def test_the_order_of_scenes_and_items_changes_nothing(scenes: Files, items: Files, random: object) -> None:
    def shuffled(entries: Files) -> Files:
        order = list(entries)
        random.shuffle(order)  # type: ignore[attr-defined]
        return {key: entries[key] for key in order}

    def outcome(some: Files, others: Files) -> dict[int, tuple[MatchLevel, list[int]]]:
        return {key: (level, sorted(keys)) for key, (level, keys) in levels_and_items(some, others).items()}

    assert outcome(shuffled(scenes), shuffled(items)) == outcome(scenes, items)


@given(SOME_SCENES, ITEMS, st.data())
def test_a_scene_that_is_asked_for_alone_is_matched_as_among_the_others(
    scenes: Files, items: Files, data: st.DataObject
) -> None:
    scene_id = data.draw(st.sampled_from(sorted(scenes)))
    connection = sqlite3.connect(":memory:")
    connection.executescript(SCHEMA)
    index = FileIndex(connection)
    for rating_key, files in items.items():
        index.put_item(a_listed_item(rating_key, *files))
    keys = {one: [key_of_path(*file) for file in files] for one, files in scenes.items()}
    index.put_scene_files(keys.items())
    alone = match_scenes({scene_id: keys[scene_id]}, index)[scene_id]
    together = match_scenes(keys, index)[scene_id]
    connection.close()
    assert alone == together


@given(st.permutations(APART), st.lists(SIZES, min_size=4, max_size=4), st.integers(1, 2), st.integers(1, 2))
def test_an_item_with_files_of_two_scenes_is_ambiguous_for_both(
    paths: list[str], sizes: list[int | None], count_of_one: int, count_of_two: int
) -> None:
    files = list(zip(paths, sizes, strict=False))
    one, two = files[:count_of_one], files[2 : 2 + count_of_two]
    matches = matches_of({1: one, 2: two}, {11: [*one, *two]})
    assert [match.level for match in matches.values()] == [AMBIGUOUS, AMBIGUOUS]
