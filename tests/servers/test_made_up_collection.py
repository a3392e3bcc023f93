"""The made-up collection holds what its users count on: all oddities, distinct files, right sums."""

from __future__ import annotations

import unicodedata
import zlib
from collections import Counter
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, Literal

import pytest

from tests.servers.made_up_collection import (
    TOP_FOLDERS,
    MadeUpVideo,
    load_into_plex,
    load_into_stash,
    make_collection,
    plan_gaps,
)

SECTION_KEYS = {"Films": 1, "Clips": 2}


def _is_right_to_left(text: str) -> bool:
    return any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in text)


def _is_only_in_form(form: Literal["NFC", "NFD"], video: MadeUpVideo) -> bool:
    """Letters with accents in this form and not in the other, in the path as in the title."""
    other: Literal["NFC", "NFD"] = "NFD" if form == "NFC" else "NFC"
    return all(
        unicodedata.is_normalized(form, text) and not unicodedata.is_normalized(other, text)
        for text in (video.files[0].folder, video.files[0].basename, video.title)
    )


ONE_VIDEO_WITH: dict[str, Callable[[MadeUpVideo], bool]] = {
    "composed letters": lambda video: _is_only_in_form("NFC", video),
    "decomposed letters": lambda video: _is_only_in_form("NFD", video),
    "quotes in its title": lambda video: '"' in video.title,
    "an ampersand in title and tag": lambda video: "&" in video.title and "&" in "".join(video.tags),
    "angle brackets": lambda video: "<" in video.title and "<" in "".join(video.tags),
    "a comma in a tag": lambda video: any("," in tag for tag in video.tags),
    "a percent sign in a tag": lambda video: any("%" in tag for tag in video.tags),
    "an emoji": lambda video: any(
        letter > "\u25ff" and unicodedata.category(letter) == "So" for letter in video.title
    ),
    "a joined emoji": lambda video: "\u200d" in video.title,
    "a flag": lambda video: any("\U0001f1e6" <= letter <= "\U0001f1ff" for letter in video.title),
    "right to left": lambda video: _is_right_to_left(video.title) and _is_right_to_left("".join(video.tags)),
    "wide letters": lambda video: any(
        unicodedata.east_asian_width(letter) == "W" for letter in "".join(video.tags)
    ),
    "long details": lambda video: len(video.details) == 20_000,
    "line breaks in its details": lambda video: "\n" in video.details and "\r\n" in video.details,
    "control characters": lambda video: "\u000b" in video.details,
    "eighty tags": lambda video: len(video.tags) == 80,
    "an article in front": lambda video: video.title.startswith(("The ", "A ", "An ", "Die ")),
    "a year only": lambda video: len(video.date or "") == 4,
    "a year and a month": lambda video: len(video.date or "") == 7,
    "nothing but a file": lambda video: video == MadeUpVideo(video.number, video.files, kind=video.kind),
    "a title only": lambda video: bool(video.title) and not video.fills_metadata,
    "a parent studio": lambda video: bool(video.parent_studio),
    "a director": lambda video: bool(video.director),
    "a rating": lambda video: video.rating100 is not None,
    "groups": lambda video: bool(video.groups),
    "two files in two top folders": lambda video: (
        len({file.folder.split("/")[0] for file in video.files}) == 2
    ),
}


class StashRecorder:
    """Numbers what is added, and refuses a name that it has already, as Stash does."""

    def __init__(self) -> None:
        self.names: dict[str, list[str]] = {"studio": [], "performer": [], "tag": [], "group": []}
        self.parents: dict[str, int | None] = {}
        self.scenes: list[dict[str, Any]] = []

    def add_studio(self, name: str, parent: int | None = None) -> SimpleNamespace:
        self.parents[name] = parent
        return self._add("studio", name)

    def add_performer(self, name: str) -> SimpleNamespace:
        return self._add("performer", name)

    def add_tag(self, name: str) -> SimpleNamespace:
        return self._add("tag", name)

    def add_group(self, name: str) -> SimpleNamespace:
        return self._add("group", name)

    def add_scene(self, **fields: Any) -> SimpleNamespace:
        self.scenes.append(fields)
        return SimpleNamespace(id=len(self.scenes))

    def _add(self, what: str, name: str) -> SimpleNamespace:
        assert name not in self.names[what]
        self.names[what].append(name)
        return SimpleNamespace(id=len(self.names[what]))


class PlexRecorder:
    def __init__(self) -> None:
        self.items: list[dict[str, Any]] = []

    def add_item(self, section_key: int, **fields: Any) -> SimpleNamespace:
        self.items.append({"section_key": section_key, **fields})
        return SimpleNamespace(rating_key=len(self.items))


def test_same_seed_makes_the_same_videos() -> None:
    assert make_collection(200, seed=5) == make_collection(200, seed=5)
    assert make_collection(200, seed=5) != make_collection(200, seed=6)


@pytest.mark.parametrize("count", [60, 2_000])
@pytest.mark.parametrize("seed", [1, 2])
def test_every_kind_of_video_is_there(count: int, seed: int) -> None:
    videos = make_collection(count, seed)
    absent = [name for name, is_one in ONE_VIDEO_WITH.items() if not any(map(is_one, videos))]
    assert absent == []


@pytest.mark.parametrize("count", [60, 2_000])
def test_a_file_name_stands_in_two_folders_with_and_without_the_same_size(count: int) -> None:
    files = [file for video in make_collection(count) for file in video.files]
    names = Counter(file.basename for file in files)
    names_and_sizes = Counter((file.basename, file.size) for file in files)
    twins = [file for file in files if names[file.basename] == 2]
    assert {names_and_sizes[file.basename, file.size] for file in twins} == {1, 2}
    assert set(names.values()) == {1, 2}
    assert len({file.size for file in files}) == len(files) - list(names_and_sizes.values()).count(2)


@pytest.mark.parametrize("count", [0, 1, 2, 10, 59, 2_000])
def test_collections_of_every_size_have_distinct_files_and_covers(count: int) -> None:
    videos = make_collection(count)
    paths = [file.path_and_size("")[0] for video in videos for file in video.files]
    covers = [video.cover for video in videos if video.cover]
    assert [video.number for video in videos] == list(range(1, count + 1))
    assert len({unicodedata.normalize("NFC", path).casefold() for path in paths}) == len(paths)
    assert len(set(covers)) == len(covers)
    assert all(path.split("/")[1] in TOP_FOLDERS for path in paths)


def test_oddities_are_rare_in_large_collections() -> None:
    kinds = Counter(video.kind for video in make_collection(20_000))
    assert kinds["ordinary"] > 18_000


def test_names_never_differ_in_case_only() -> None:
    videos = make_collection(2_000)
    for names in ({tag for video in videos for tag in video.tags}, {video.studio or "" for video in videos}):
        assert len({name.casefold() for name in names}) == len(names)


def test_covers_are_whole_pictures() -> None:
    cover = next(video.cover for video in make_collection(60) if video.cover)
    assert cover.startswith(b"\x89PNG\r\n\x1a\n")
    assert cover.endswith(b"IEND" + zlib.crc32(b"IEND").to_bytes(4, "big"))
    length = int.from_bytes(cover[33:37], "big")
    assert len(zlib.decompress(cover[41 : 41 + length])) == 14


@pytest.mark.parametrize("count", [0, 1, 60, 2_000])
def test_gaps_of_a_plan_add_up(count: int) -> None:
    videos = make_collection(count)
    plan = plan_gaps(videos, seed=3)
    assert plan == plan_gaps(videos, seed=3)
    assert plan.scenes_checked == count
    assert plan.total_gaps == sum(video.is_worth_pushing for video in videos)
    assert list(plan.states.values()).count("missing") == round(count * 0.1)
    assert list(plan.states.values()).count("empty") == round(count * 0.5)


@pytest.mark.parametrize(("missing", "empty", "state"), [(1, 0, "missing"), (0, 1, "empty"), (0, 0, "stale")])
def test_all_videos_can_share_one_state(missing: float, empty: float, state: str) -> None:
    plan = plan_gaps(make_collection(60), missing=missing, empty=empty)
    assert set(plan.states.values()) == {state}


def test_twins_of_one_name_and_size_are_both_in_plex() -> None:
    videos = make_collection(2_000)
    plan = plan_gaps(videos)
    assert all(plan.items[video.number] for video in videos if video.kind == "same name and size")


def test_stash_gets_every_video_and_every_name_once() -> None:
    library, videos = StashRecorder(), make_collection(200)
    scene_ids = load_into_stash(library, videos)
    assert scene_ids == {number: number for number in range(1, 201)}
    assert [scene["title"] for scene in library.scenes] == [video.title for video in videos]
    assert set(library.names["tag"]) == {tag for video in videos for tag in video.tags}
    assert all(path.startswith("/data/") for scene in library.scenes for path, _ in scene["files"])
    for scene, video in zip(library.scenes, videos, strict=True):
        assert [library.names["performer"][key - 1] for key in scene["performers"]] == list(video.performers)
        assert video.studio is None or library.names["studio"][scene["studio"] - 1] == video.studio
        if video.studio and video.parent_studio:
            parent = library.parents[video.studio]
            assert parent is not None
            assert library.names["studio"][parent - 1] == video.parent_studio


def test_plex_gets_what_the_plan_says() -> None:
    library, videos = PlexRecorder(), make_collection(200)
    plan = plan_gaps(videos, missing=0.2)
    rating_keys = load_into_plex(library, SECTION_KEYS, videos, plan)
    assert sum(map(len, rating_keys.values())) == len(library.items)
    for video in videos:
        items = [library.items[key - 1] for key in rating_keys[video.number]]
        described = {bool(item.keys() & {"studio", "summary", "date", "genres", "roles"}) for item in items}
        state = plan.states[video.number]
        assert described == {"missing": set(), "empty": {False}, "stale": {True}}[state]
        for item in items:
            top = item["files"][0][0].split("/")[2]
            assert item["section_key"] == SECTION_KEYS[top]


def test_of_the_videos_with_two_files_every_second_one_has_two_items() -> None:
    videos = make_collection(2_000)
    plan = plan_gaps(videos, missing=0)
    pairs = [len(plan.items[video.number]) for video in videos if len(video.files) == 2]
    assert pairs == [1, 2] * 10
