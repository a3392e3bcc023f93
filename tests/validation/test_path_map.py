"""The path map: a file's path in Stash becomes its path in Plex."""

from __future__ import annotations

import unicodedata
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from validation.path_map import PathMap, path_key, suggest_path_map

NAMES = st.text(
    st.characters(exclude_characters="/\\;\n\r=>", exclude_categories=["Cs"]), min_size=1, max_size=6
)
FOLDERS = st.lists(NAMES, min_size=1, max_size=4).map(lambda names: "/" + "/".join(names))
PAIRS = st.lists(st.tuples(FOLDERS, FOLDERS), max_size=4, unique_by=lambda pair: path_key(pair[0]))


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ("/data=>/media", "/data/a/b.mp4", "/media/a/b.mp4"),
        ("/data=>/media", "/data", "/media"),
        ("/data/=>/media/", "/data/a.mp4", "/media/a.mp4"),
        ("/data=>/media; /mnt/b=>/b", "/mnt/b/x.mp4", "/b/x.mp4"),
        ("/data=>/media\n/mnt/b=>/b\r\n", "/mnt/b/x.mp4", "/b/x.mp4"),
        ("/=>/media", "/data/a.mp4", "/media/data/a.mp4"),
        ("/data=>/", "/data/a.mp4", "/a.mp4"),
        ("/a b=>/c d", "/a b/e f.mp4", "/c d/e f.mp4"),
        (r"D:\Videos=>/media", r"D:\Videos\x\a.mp4", "/media/x/a.mp4"),
        ("D:/Videos=>/media", r"D:\Videos\a.mp4", "/media/a.mp4"),
        ("D:\\=>/media", r"D:\a.mp4", "/media/a.mp4"),
        (r"/data=>E:\Films", "/data/x/a.mp4", "E:/Films/x/a.mp4"),
        (r"\\nas\films=>/media", r"\\nas\films\a.mp4", "/media/a.mp4"),
        ("/data=>//nas/films", "/data/a.mp4", "//nas/films/a.mp4"),
    ],
)
def test_a_file_under_a_mapped_folder_is_looked_for_where_plex_sees_it(
    text: str, path: str, expected: str
) -> None:
    assert PathMap.parse(text).to_plex(path) == expected


@pytest.mark.parametrize(
    "path", ["/database/a.mp4", "/dat", "/other/data/a.mp4", "data/a.mp4", "/DATA/a.mp4"]
)
def test_a_folder_whose_name_only_begins_alike_is_not_mapped(path: str) -> None:
    assert PathMap.parse("/data=>/media").to_plex(path) == path


@pytest.mark.parametrize("text", ["", "  ", ";", " ; \n ;"])
def test_an_empty_setting_maps_nothing(text: str) -> None:
    assert PathMap.parse(text) == PathMap()


def test_the_longest_prefix_wins_in_whatever_order_the_pairs_are_given() -> None:
    pairs = ["/data=>/one", "/data/b=>/two", "/data/b/c=>/three", "/=>/zero"]
    for order in permutations(pairs):
        mapped = PathMap.parse("; ".join(order))
        targets = [mapped.to_plex(f"{folder}/f.mp4") for folder in ("/data", "/data/b", "/data/b/c", "/x")]
        assert targets == ["/one/f.mp4", "/two/f.mp4", "/three/f.mp4", "/zero/x/f.mp4"]


def test_a_mac_and_a_linux_server_may_spell_an_accent_differently() -> None:
    composed, decomposed = unicodedata.normalize("NFC", "/Müsic"), unicodedata.normalize("NFD", "/Müsic")
    assert composed != decomposed
    assert PathMap.parse(f"{decomposed}=>/m").to_plex(f"{composed}/é.mp4") == "/m/é.mp4"
    assert PathMap.parse(f"{composed}=>/m").to_plex(f"{decomposed}/e\u0301.mp4") == "/m/é.mp4"


@pytest.mark.parametrize(
    "pair", ["/data", "/data=>", "=>/media", "/data=/media", "/data->/media", "/a=>/b=>/c", "=>"]
)
def test_a_wrong_pair_is_named_in_the_error(pair: str) -> None:
    with pytest.raises(ValueError, match="is not a pair") as raised:
        PathMap.parse(f"/x=>/y; {pair}")
    assert f"“{pair}”" in str(raised.value)


def test_a_folder_that_is_mapped_to_two_places_is_refused_and_named() -> None:
    with pytest.raises(ValueError, match=r"“/data/” is mapped twice, to /media and to /films"):
        PathMap.parse("/data=>/media; /data/=>/films")


def test_the_same_pair_twice_is_no_mistake() -> None:
    assert PathMap.parse("/data=>/media; /data=>/media") == PathMap.parse("/data=>/media")


@given(st.text(max_size=30))
def test_any_text_is_a_map_or_an_error_with_words(text: str) -> None:
    words = ""
    try:
        mapped = PathMap.parse(text).to_plex("/a/b")
    except ValueError as error:
        mapped, words = "", str(error)
    assert mapped or words.startswith("“")


@given(PAIRS, FOLDERS)
def test_the_order_of_the_pairs_changes_nothing(pairs: list[tuple[str, str]], path: str) -> None:
    assert PathMap.of(pairs).to_plex(path) == PathMap.of(reversed(pairs)).to_plex(path)


@given(PAIRS, FOLDERS)
def test_a_path_under_no_prefix_stays_where_it_is(pairs: list[tuple[str, str]], path: str) -> None:
    folders = path_key(path).split("/")
    outside = [pair for pair in pairs if folders[: pair[0].count("/") + 1] != path_key(pair[0]).split("/")]
    assert PathMap.of(outside).to_plex(path) == path_key(path)


@given(PAIRS, st.data())
def test_what_lies_in_a_mapped_folder_keeps_its_place_in_it(
    pairs: list[tuple[str, str]], data: st.DataObject
) -> None:
    source, target = data.draw(st.tuples(FOLDERS, FOLDERS))
    others = [pair for pair in pairs if not path_key(pair[0]).startswith(path_key(source))]
    inside = data.draw(FOLDERS)
    mapped = PathMap.of([*others, (source, target)]).to_plex(source + inside)
    assert mapped == path_key(target + inside)


@given(st.text("/\\aé\u0301 :", max_size=12))
@settings(max_examples=80)
def test_the_form_for_comparing_is_reached_at_once_and_the_same_for_both_slashes(path: str) -> None:
    key = path_key(path)
    assert path_key(key) == key
    assert "\\" not in key
    assert "//" not in key[1:]
    assert path_key(path.replace("/", "\\")) == key
    assert path_key(unicodedata.normalize("NFD", path)) == key


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([], ""),
        ([("/data/films/a.mkv", "/media/films/a.mkv")], "/data=>/media"),
        ([(r"D:\Videos\x\a.mkv", "/media/x/a.mkv")], "D:/Videos=>/media"),
        ([("/a.mkv", "/media/a.mkv")], "/=>/media"),
        ([("/a/1", "/x/1"), ("/b/2", "/y/2"), ("/b/3", "/y/3")], "/b=>/y; /a=>/x"),
        ([*((f"/a/{n}", f"/x/{n}") for n in range(20)), ("/odd/z", "/place/z")], "/a=>/x"),
    ],
)
def test_the_map_that_a_user_needs_is_told_from_files_that_are_the_same(
    pairs: list[tuple[str, str]], expected: str
) -> None:
    assert suggest_path_map(pairs) == expected


@given(*[st.lists(st.sampled_from(("a", "b c", "é", "e\u0301")), min_size=1, max_size=4)] * 3)
def test_a_suggested_map_makes_the_paths_meet(source: list[str], target: list[str], rest: list[str]) -> None:
    in_stash, in_plex = "/" + "/".join(source + rest), "/" + "/".join(target + rest)
    mapped = PathMap.parse(suggest_path_map([(in_stash, in_plex)]))
    assert mapped.to_plex(in_stash) == path_key(in_plex)
