"""A made-up private collection of home videos, with the oddities of real ones, for the tests and the demo.

Everything comes from a seed: the same count and seed give the same videos, on every machine and every day.
A collection is loaded into a Stash test server as it is, and into a Plex test server after a `GapPlan`, which
also knows what a first reconcile must find.
"""

from __future__ import annotations

import math
import struct
import unicodedata
import zlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache, partial
from itertools import cycle
from random import Random
from typing import Any, Literal

State = Literal["missing", "empty", "stale"]


@dataclass(frozen=True)
class MadeUpFile:
    """One file on disk. The folder has no root and begins with one of `TOP_FOLDERS`; the size is in bytes."""

    folder: str
    basename: str
    size: int

    @property
    def stem(self) -> str:
        return self.basename.rpartition(".")[0]

    def path_and_size(self, root: str) -> tuple[str, int]:
        return f"{root}/{self.folder}/{self.basename}", self.size


@dataclass(frozen=True)
class MadeUpVideo:
    """One video as its owner keeps it in Stash. `kind` names the oddity it stands for."""

    number: int
    files: tuple[MadeUpFile, ...]
    title: str = ""
    details: str = ""
    date: str | None = None
    studio: str | None = None
    parent_studio: str | None = None
    performers: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    director: str = ""
    rating100: int | None = None
    groups: tuple[tuple[str, int | None], ...] = ()
    cover: bytes | None = None
    kind: str = "ordinary"

    @property
    def is_worth_pushing(self) -> bool:
        return self.fills_metadata or bool(self.title or self.director or self.rating100 or self.groups)

    @property
    def fills_metadata(self) -> bool:
        """Whether there is a value for one of the fields without which an item in Plex counts as empty."""
        return bool(self.studio or self.performers or self.tags or self.details or self.date)


Videos = Sequence[MadeUpVideo]


@dataclass(frozen=True)
class GapPlan:
    """What Plex holds of each video, by its number, and how many gaps a first reconcile finds.

    `items` has the files that Plex holds, each as an item of its own. "empty" ones have only a title, made of
    the file's name; "stale" ones have somebody else's metadata. Counts are named as in the engine's result.
    An empty item that its scene would leave empty (a title is no metadata) is counted as stale.
    """

    states: Mapping[int, State]
    items: Mapping[int, tuple[MadeUpFile, ...]]
    missing_count: int
    empty_metadata_count: int
    stale_sync_count: int

    @property
    def scenes_checked(self) -> int:
        return len(self.states)

    @property
    def total_gaps(self) -> int:
        return self.missing_count + self.empty_metadata_count + self.stale_sync_count


def make_collection(count: int, seed: int = 1) -> list[MadeUpVideo]:
    """Videos numbered from 1. From 60 on every kind is there; below, at most half of them are odd ones."""
    random = Random(seed)
    pools = _make_pools(count, random)
    videos = [_make_ordinary(number, count, pools, random) for number in range(1, count + 1)]
    wanted = [kind for kind in KINDS for _ in range(max(kind.at_least, count * kind.per_thousand // 1000))]
    places = random.sample(range(count), min(len(wanted), count // 2))
    for kind, place in zip(wanted, places, strict=False):
        videos[place] = replace(kind.change(videos[place], pools, random), kind=kind.name)
    _make_twins(videos, random)
    return videos


def plan_gaps(videos: Videos, seed: int = 1, missing: float = 0.1, empty: float = 0.5) -> GapPlan:
    """Exactly these shares of the videos are missing and empty; the rest are stale.

    Twins of the same name and size go missing last: a scene whose twin's file is in Plex, but not its own,
    may be called missing or ambiguous.
    """
    random = Random(seed)
    numbers = random.sample([video.number for video in videos], len(videos))
    twins = {video.number for video in videos if video.kind == "same name and size"}
    numbers.sort(key=twins.__contains__)
    absent, present = numbers[: round(missing * len(videos))], numbers[round(missing * len(videos)) :]
    random.shuffle(present)
    states: dict[int, State] = dict.fromkeys(present, "stale")
    states |= dict.fromkeys(present[: round(empty * len(videos))], "empty")
    states |= dict.fromkeys(absent, "missing")
    gaps = Counter(
        "stale" if states[video.number] == "empty" and not video.fills_metadata else states[video.number]
        for video in videos
        if video.is_worth_pushing
    )
    return GapPlan(states, _plan_items(videos, states), gaps["missing"], gaps["empty"], gaps["stale"])


def _plan_items(videos: Videos, states: Mapping[int, State]) -> dict[int, tuple[MadeUpFile, ...]]:
    """Of the videos with two files, every second one has both in Plex, the others only the first."""
    items, both = {}, False
    for video in videos:
        items[video.number] = video.files if states[video.number] != "missing" else ()
        if len(items[video.number]) > 1:
            items[video.number] = video.files if both else video.files[:1]
            both = not both
    return items


def load_into_stash(library: Any, videos: Videos, root: str = "/data") -> dict[int, int]:
    """Returns the scene's id for each video's number."""
    performer = cache(lambda name: library.add_performer(name).id)
    tag = cache(lambda name: library.add_tag(name).id)
    group = cache(lambda name: library.add_group(name).id)

    @cache
    def studio(name: str | None, parent: str | None = None) -> int | None:
        return library.add_studio(name, parent=studio(parent)).id if name else None

    return {
        video.number: library.add_scene(
            title=video.title,
            details=video.details,
            date=video.date,
            director=video.director,
            rating100=video.rating100,
            studio=studio(video.studio, video.parent_studio),
            performers=tuple(map(performer, video.performers)),
            tags=tuple(map(tag, video.tags)),
            groups=tuple((group(name), scene_index) for name, scene_index in video.groups),
            files=tuple(file.path_and_size(root) for file in video.files),
            cover=video.cover,
        ).id
        for video in videos
    }


def load_into_plex(
    library: Any, section_keys: Mapping[str, Any], videos: Videos, plan: GapPlan, root: str = "/media"
) -> dict[int, list[Any]]:
    """Returns the rating keys for each video's number. `section_keys` has one for each of `TOP_FOLDERS`."""

    def add(file: MadeUpFile, metadata: Mapping[str, Any]) -> Any:
        section_key = section_keys[file.folder.partition("/")[0]]
        files = (file.path_and_size(root),)
        return library.add_item(section_key, files=files, title=file.stem, **metadata).rating_key

    rating_keys = {}
    for video in videos:
        is_stale = plan.states[video.number] == "stale"
        metadata = SOMEBODY_ELSES[video.number % len(SOMEBODY_ELSES)] if is_stale else {}
        rating_keys[video.number] = [add(file, metadata) for file in plan.items[video.number]]
    return rating_keys


SOMEBODY_ELSES: tuple[dict[str, Any], ...] = (
    {"studio": "Somebody Else's Shelf", "genres": ("Documentary", "Home Video")},
    {"summary": "An agent of Plex guessed this text.", "date": "1999-12-31"},
    {"roles": ("Somebody Else",), "genres": ("Family",), "collections": ("To Watch",)},
)


def _words(*lines: str) -> tuple[str, ...]:
    return tuple(" ".join(lines).split())


TOP_FOLDERS = ("Films", "Clips")
THEMES = ("Nature", "Travel", "Cooking", "Music", "Sports")
ENDINGS = (".mp4", ".mkv", ".mov", ".m4v")
QUALITIES = _words(
    "Quiet Slow Bright Early Late Windy Golden Rainy First Last Little Long Green Northern Hidden Busy",
    "Frosty Sunny Wild Gentle Sandy Salty Merry Foggy Silver Second Short Warm Lazy Noisy",
)
SUBJECTS = _words(
    "Lake Harvest Choir Picnic Regatta Soup Heron Market Bicycle Orchard Rehearsal Hike Bakery Ferry Dunes",
    "Waterfall Meadow Accordion Campfire Dumplings Tram Lighthouse Garden Drums Skating Pancakes Canoe Kites",
)
PLACES = _words("Lindmoor Kettlebrook Ambersund Wexelfjord Tannholm Pellworth Östernäs Skarrow Peñuela")
GIVEN_NAMES = _words(
    "Ada Bruno Clara Dario Elif Finn Greta Hugo Ines Jonas Kaia Lars Mira Nils Olga Pavel Rosa Søren Tilda",
    "Uwe Vera Wim Yara Zoë Łukasz José Anaïs Björn Chloé Dmitri Esma Fatou Giulia Haruki Ivo Jun Keiko Lale",
)
FAMILY_FRONTS = _words(
    "Bramble Oster Quen Wenn Marl Hazel Pumper Sorrel Ravens O'Dunn Møller Grün Tamber Fenni"
)
FAMILY_BACKS = _words("wick by stedt ling moor berg sen shaw field holt ström feld dottir ley ford quist")
FAMILY_NAMES = tuple(front + back for front in FAMILY_FRONTS for back in FAMILY_BACKS)
STUDIO_ENDINGS = ("Home Reels", "Camera Club", "Backyard Tapes", "Super 8", "Kitchen Table", "Trail Diary")
SENTENCES = (
    "We set out {quality} in the morning and reached {place} by noon.",
    "Everybody talks about the {subject} near {place}, so we filmed it with the old camera.",
    "The {subject} took longer than planned; the {quality} part is at the end.",
    "Grandmother explains the {subject}, and nobody in {place} dares to interrupt her.",
)


@dataclass(frozen=True)
class _Pools:
    """The names that a collection draws from. A studio comes with its parent's name."""

    people: list[str]
    tags: list[str]
    groups: list[str]
    studios: list[tuple[str, str | None]]


def _make_pools(count: int, random: Random) -> _Pools:
    parents = _make_names(2 + count // 400, random, PLACES, ("Network", "Collective", "Archive"))
    studios = _make_names(5 + count // 50, random, QUALITIES, SUBJECTS, STUDIO_ENDINGS)
    return _Pools(
        people=_make_names(20 + count // 12, random, GIVEN_NAMES, FAMILY_NAMES),
        tags=_make_names(100 + count // 200, random, tuple(map(str.lower, QUALITIES)), SUBJECTS),
        groups=_make_names(5 + count // 30, random, SUBJECTS, ("Diaries", "Years", "Summers"), PLACES),
        studios=list(zip(studios, cycle((*parents, *[None] * len(parents))), strict=False)),
    )


def _make_names(wanted: int, random: Random, *parts: Sequence[str]) -> list[str]:
    """Distinct names of one word from each part; when all are used up, the next round gets a number."""
    total = math.prod(map(len, parts))
    order = random.sample(range(total), min(wanted, total))
    names = []
    for index in range(wanted):
        turn, place = divmod(index, total)
        rest, words = order[place], []
        for part in parts:
            rest, chosen = divmod(rest, len(part))
            words.append(part[chosen])
        names.append(" ".join([*words, str(turn + 1)] if turn else words))
    return names


def _make_ordinary(number: int, count: int, pools: _Pools, random: Random) -> MadeUpVideo:
    title = f"{random.choice(QUALITIES)} {random.choice(SUBJECTS)} in {random.choice(PLACES)}"
    studio, parent = random.choice(pools.studios) if random.random() < 0.85 else (None, None)
    day = _draw_day(random)
    groups = _draw(pools.groups, max(0, random.randint(-12, 2)), random)
    return MadeUpVideo(
        number=number,
        files=(_make_file(number, count, title, day, random),),
        title=title,
        details=_make_sentences(random.randint(1, 4), random) if random.random() < 0.7 else "",
        date=day if random.random() < 0.9 else None,
        studio=studio,
        parent_studio=parent,
        performers=_draw(pools.people, random.randint(1, 6), random),
        tags=_draw(pools.tags, random.randint(0, 12), random),
        director=random.choice(pools.people) if random.random() < 0.2 else "",
        rating100=random.randint(1, 100) if random.random() < 0.4 else None,
        groups=tuple((name, random.choice((None, 1, 2, 3, 12))) for name in groups),
        cover=_make_png(number, random) if random.random() < 0.95 else None,
    )


def _make_file(number: int, count: int, title: str, day: str, random: Random) -> MadeUpFile:
    """Its name holds the video's number. Neither its size nor the next one is that of another video."""
    folder = f"{random.choice(TOP_FOLDERS)}/{random.choice(THEMES)}/{day[:4]}"
    names = (f"{title} {number}", f"{day}_{title.lower().replace(' ', '_')}_{number}", f"VID_{number:06d}")
    size = random.randint(8_000_000, 9_000_000_000)
    size += 2 * number - size % (2 * count + 2)
    return MadeUpFile(folder, random.choice(names) + random.choice(ENDINGS), size)


def _make_sentences(how_many: int, random: Random) -> str:
    sentences = random.choices(SENTENCES, k=how_many)
    quality, subject = random.choice(QUALITIES).lower(), random.choice(SUBJECTS).lower()
    return " ".join(sentences).format(quality=quality, subject=subject, place=random.choice(PLACES))


def _make_lines(random: Random) -> str:
    return "".join(_make_sentences(1, random) + end for end in ("\r\n", "\n", "\n\n", ""))


def _draw_day(random: Random) -> str:
    return date.fromordinal(random.randrange(731_581, 739_581)).isoformat()


def _draw(pool: Sequence[str], how_many: int, random: Random) -> tuple[str, ...]:
    """Up to so many different names, mostly of the first in the pool: every collection has favourites."""
    return tuple(dict.fromkeys(pool[int(len(pool) * random.random() ** 2)] for _ in range(how_many)))


def _make_png(number: int, random: Random) -> bytes:
    """Two by two pixels. One of them holds the number, so no two videos share a picture."""
    lines = b"\0" + random.randbytes(6) + b"\0" + number.to_bytes(3, "big") + random.randbytes(3)
    header = struct.pack(">IIBBBBB", 2, 2, 8, 2, 0, 0, 0)
    chunks = (b"IHDR" + header, b"IDAT" + zlib.compress(lines, 0), b"IEND")
    pack = struct.Struct(">I").pack
    framed = (pack(len(chunk) - 4) + chunk + pack(zlib.crc32(chunk)) for chunk in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(framed)


ACCENTS = ("Crème brûlée à la Zoë", "Über den Ångströmfjäll", "Phở & bánh mì bei Trần")
ODD_TITLES: dict[str, tuple[str, ...]] = {
    "composed accents": tuple(unicodedata.normalize("NFC", title) for title in ACCENTS),
    "decomposed accents": tuple(unicodedata.normalize("NFD", title) for title in ACCENTS),
    "ampersand": ("Salt & Pepper & Co", "Rock &amp; Roll Night", "Bread&Butter"),
    "quotes": ('The "Great" Bake-off', "Fish 'n' \"Chips\"", '"\'Tis the season"', "“Curly”, \"straight'"),
    "angle brackets": ("Level <3> of the maze", "<b>Bold</b> bread", "a < b > c", "]]> the end <!-- not -->"),
    "emoji": ("Beach day \U0001f3d6\ufe0f\U0001f60e", "\U0001f955 Carrot week", "Kick-off \u26bd\ufe0f"),
    "joined emoji": ("Picnic \U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466 at the lake",),
    "flags": ("From \U0001f1f3\U0001f1f4 to \U0001f1f5\U0001f1f9 by train", "Final \U0001f1ef\U0001f1f5"),
    "right to left": ("رحلة إلى البحيرة", "טיול לים (part 2)", "شوربة العدس 2019"),
    "chinese, japanese, korean": ("湖のほとりの朝", "四川の家常菜 第3回", "한강 자전거 여행", "春节晚餐"),
    "article": ("The Long Way Home", "A Day at the Dunes", "An Evening of Songs", "Die stille Bucht"),
}
ODD_TAGS: dict[str, tuple[str, ...]] = {
    "ampersand": ("Salt & Pepper", "Field&Forest"),
    "quotes": ('so-called "live"', "rock 'n' roll"),
    "angle brackets": ("<live>", "I <3 trains"),
    "comma in a tag": ("Rock, Paper", "Rock, Paper, Scissors", "slow,steady"),
    "percent in a tag": ("100%20 real", "50% off", "%2C"),
    "emoji": ("\U0001f3d5\ufe0f camping",),
    "right to left": ("موسيقى",),
    "chinese, japanese, korean": ("料理",),
}


def _with_odd_texts(name: str, video: MadeUpVideo, pools: _Pools, random: Random) -> MadeUpVideo:
    """A title goes into the file's name and folder, too, if Windows allows its characters there."""
    file, title = video.files[0], random.choice(ODD_TITLES.get(name, (video.title,)))
    if name in ODD_TITLES and not set(title) & set('<>"'):
        file = replace(file, folder=f"{file.folder}/{title}", basename=f"{title} {video.number}.mp4")
    tags = (*video.tags, *random.sample(ODD_TAGS.get(name, ()), int(name in ODD_TAGS)))
    return replace(video, title=title, files=(file,), tags=tags)


def _with_two_files(video: MadeUpVideo, pools: _Pools, random: Random) -> MadeUpVideo:
    """The second one lies under the other top folder, so in another Plex library, where there are two."""
    first = video.files[0]
    top, _, rest = first.folder.partition("/")
    other = TOP_FOLDERS[1 - TOP_FOLDERS.index(top)]
    second = MadeUpFile(f"{other}/{rest}", f"{first.stem} small.mp4", first.size + 1)
    return replace(video, files=(first, second))


@dataclass(frozen=True)
class _Kind:
    name: str
    change: Callable[[MadeUpVideo, _Pools, Random], MadeUpVideo]
    per_thousand: int = 1
    at_least: int = 1


def _details(write: Callable[[Random], str]) -> Callable[[MadeUpVideo, _Pools, Random], MadeUpVideo]:
    return lambda video, _, random: replace(video, details=write(random))


KINDS = (
    *(_Kind(name, partial(_with_odd_texts, name)) for name in {**ODD_TITLES, **ODD_TAGS}),
    _Kind("long details", _details(lambda random: f"{_make_sentences(500, random)[:19_998]}\U0001f33b.")),
    _Kind("line breaks", _details(_make_lines), per_thousand=20),
    _Kind("control characters", _details(lambda random: f"Part one\u000b{_make_sentences(2, random)}")),
    _Kind("many tags", lambda video, pools, random: replace(video, tags=tuple(pools.tags[:80]))),
    _Kind("year only", lambda video, pools, random: replace(video, date=_draw_day(random)[:4])),
    _Kind("year and month", lambda video, pools, random: replace(video, date=_draw_day(random)[:7])),
    _Kind("nothing", lambda video, pools, random: MadeUpVideo(video.number, video.files), per_thousand=20),
    _Kind("title only", lambda video, pools, random: MadeUpVideo(video.number, video.files, video.title), 10),
    _Kind("two files", _with_two_files, per_thousand=10, at_least=4),
)


def _make_twins(videos: list[MadeUpVideo], random: Random) -> None:
    """Pairs of different videos whose files have one name in two folders, every second one also one size."""
    ordinary = [place for place, video in enumerate(videos) if video.kind == "ordinary"]
    wanted = 4 * max(1, len(videos) // 1000)
    chosen = iter(random.sample(ordinary, min(wanted, len(ordinary))))
    for index, (one, other) in enumerate(zip(chosen, chosen, strict=False)):
        kind = ("same name", "same name and size")[index % 2]
        file = videos[one].files[0]
        size = file.size if kind == "same name and size" else videos[other].files[0].size
        videos[one] = replace(videos[one], kind=kind)
        twin = MadeUpFile(f"{file.folder}/Again", file.basename, size)
        videos[other] = replace(videos[other], kind=kind, files=(twin,))
