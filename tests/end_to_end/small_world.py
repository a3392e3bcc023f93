"""A small collection in which everything is at stake, and what Plex has to show of it in the end.

Some scenes were synced and edited since, in Stash and by a person in Plex; others are new, of which one
is found by its exact path, one by name and size in another library, one is not in Plex, and one is not in
Plex but has the name and size of a file that is another scene's. Two items belong to no scene at all.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from tests.builders.entry import hook
from tests.end_to_end.forked import Run, run_in_this_fork, run_plugin
from tests.servers.plex.items import PlexItem
from tests.servers.plex.library import PlexLibrary
from tests.servers.plex.server import PlexTestServer
from tests.servers.stash.library import StashLibrary
from tests.servers.stash.server import StashServer
from tests.servers.world import PLEX_ROOT, STASH_ROOT, TOKEN

RECONCILE, DRAIN = {"mode": "reconcile_all"}, {"mode": "process_queue"}
OLD, HERS, NEW, MOVED, TWIN = "Films/old", "Films/hers", "Films/new", "Clips/moved", "Films/b/twin"
# Scenes of which Plex has no item: the second has the name and size of TWIN's file.
ABSENT, OTHER_TWIN = "Films/absent", "Films/a/twin"
NOBODYS = ("Films/stranger", "Clips/stranger")
COVERS = [b"\x89PNG\r\n\x1a\n" + text for text in (b"first cover", b"second cover", b"her poster")]
# What a job of Stash's own and one that waits look like to who asks for the queue.
JOBS = [
    {"id": "1", "status": "RUNNING", "description": "Scanning..."},
    {"id": "2", "status": "READY", "description": "Generating..."},
]
_NOT_TAKEN = re.compile(
    r"Scene (\d+): (?:Plex, or a proxy in front of it, does not accept its|its cover is not carried over)"
)
_NOT_TAKEN_OF = re.compile(r"The picture of (\w+ \d+) (?:has .* accepts\.|is not carried over)")
# Seconds after which a run is ended; none waits for that long.
LONGEST = 60.0


@dataclass
class SmallWorld:
    """Both libraries, the data folder that goes with them, and the scenes by where their files lie."""

    stash_library: StashLibrary
    plex_library: PlexLibrary
    data_dir: Path
    settings: dict[str, Any]
    scene_ids: dict[str, int] = field(default_factory=dict)
    # Scenes for which a hook has run and nothing since.
    queued: set[str] = field(default_factory=set)
    # Of all runs, and of the last one.
    cookies: set[str] = field(default_factory=set)
    new_cookies: set[str] = field(default_factory=set)
    before: dict[str, dict[str, Any]] = field(default_factory=dict)
    # The data folder as it was before anything had been written to Plex.
    older: Path = Path()
    first_id: int = 1
    # The scenes of which a warning told that Plex does not accept their image until it changes.
    without_image: set[int] = field(default_factory=set)
    # The groups and studios of which one told the same.
    without_picture: set[str] = field(default_factory=set)
    # Whether read-only files are that for the plugin even where it runs as root.
    obeys_rights: bool = False
    # What Plex has to show otherwise than in every small world; None where that is not known.
    further_expected: dict[str, dict[str, Any]] = field(default_factory=dict)
    plex: PlexTestServer | None = None
    stash: StashServer | None = None

    @contextmanager
    def servers(self, plugins_dir: Path, config_dir: Path) -> Iterator[None]:
        """Let both servers answer for the libraries."""
        with (
            PlexTestServer(self.plex_library, token=TOKEN) as plex,
            StashServer(self.stash_library, plugins_dir=plugins_dir, config_dir=config_dir) as stash,
        ):
            stash.plugin_settings["Stash2Plex"] = {**self.settings, "plex_url": plex.url, "plex_token": TOKEN}
            # What is asked for is noted by the server, and not run beside what is tested.
            stash.plugins.job_queue = lambda: [dict(job) for job in JOBS]  # type: ignore[method-assign]
            stash.plugins.queue_task = lambda *_: "3"  # type: ignore[method-assign]
            self.plex, self.stash = plex, stash
            try:
                yield
            finally:
                self.plex = self.stash = None

    def run(self, args: Mapping[str, Any], longest: float = LONGEST, in_fork: bool = True) -> Run:
        """Run the plugin with these arguments, in a fork or in this process."""
        assert self.stash is not None
        connection = self.stash.server_connection()
        if in_fork or self.obeys_rights:
            run = run_plugin(connection, args, self.data_dir, longest, self.obeys_rights)
        else:
            run = run_in_this_fork(connection, args, self.data_dir, longest)
        self.new_cookies = set(self.stash.sessions._issued) - self.cookies
        self.cookies |= self.new_cookies
        if run.told is not None:
            told = (_NOT_TAKEN.match(line) for line in run.told.texts("warning"))
            self.without_image |= {int(found.group(1)) for found in told if found}
            of_collections = map(_NOT_TAKEN_OF.match, run.told.texts("warning"))
            self.without_picture |= {found.group(1) for found in of_collections if found}
        return run

    def saved(self, *names: str) -> None:
        """Run the hooks of scenes that were saved."""
        for name in names:
            self.run_well(hook(self.scene_ids[name]))
            self.queued.add(name)

    def item(self, name: str) -> PlexItem:
        """The item of a file."""
        item = self.plex_library.item_for_path(f"{PLEX_ROOT}/{name}.mp4")
        assert item is not None
        return item

    def shown(self, name: str) -> dict[str, Any]:
        """What Plex shows of a file's item."""
        item = self.item(name)
        return {
            "title": item.title,
            "summary": item.summary,
            "studio": item.studio,
            "date": item.date,
            "rating": item.user_rating,
            "genres": set(item.genres),
            "roles": set(item.roles),
            "collections": set(item.collections),
            "poster": self.plex_library.images.get(item.selected_poster or "", b""),
            "locked": set(item.locked),
        }

    def is_without_image(self, name: str) -> bool:
        """Whether it was told that Plex does not take the image of the scene of this file."""
        return self.scene_ids["Films/moved" if name == MOVED else name] in self.without_image

    def expected(self, was_undone: bool = False) -> dict[str, dict[str, Any]]:
        """What Plex has to show of this world in the end, by file."""
        all_ = {
            name: {**shown, **self.further_expected.get(name, {})}
            for name, shown in expected(was_undone).items()
        }
        return {
            name: {field: value for field, value in shown.items() if value is not None}
            for name, shown in all_.items()
        }

    def run_well(self, args: Mapping[str, Any]) -> None:
        """Run what has to end well."""
        run = self.run(args)
        assert run.told is not None
        assert run.told.status == 0, run.log


def a_small_world(
    folder: Path, plugins_dir: Path, config_dir: Path, first_id: int = 1, **settings: Any
) -> SmallWorld:
    """The collection after a first sync, with edits since: what their hooks told is in the queue."""
    world = SmallWorld(
        StashLibrary(),
        PlexLibrary(),
        folder / "data",
        {"path_map": f"{STASH_ROOT}=>{PLEX_ROOT}", "plex_scan_missing": True, **settings},
        older=folder / "older",
        first_id=first_id,
    )
    for _ in range(first_id - 1):
        world.stash_library.destroy_scene(world.stash_library.add_scene().id)
    for title in ("Films", "Clips"):
        world.plex_library.add_section(title, locations=(f"{PLEX_ROOT}/{title}",))
    _add_what_was_synced(world)
    with world.servers(plugins_dir, config_dir):
        world.run_well(RECONCILE)
        shutil.copytree(world.data_dir, world.older)
        world.run_well(DRAIN)
        _edit(world)
    world.before = {name: world.shown(name) for name in (OLD, HERS, NEW, MOVED, TWIN, *NOBODYS)}
    return world


def _add(world: SmallWorld, name: str, plex: str | None = "", **scene: Any) -> None:
    """A scene, and an item of the same file where `plex` says where it lies (None: nowhere)."""
    size = 5000 if "twin" in name else 1000 + len(world.scene_ids)
    # Another Stash's scenes were made at other times.
    long_ago = datetime.now(timezone.utc) - timedelta(hours=5, days=world.first_id - 1)
    files = ((f"{STASH_ROOT}/{name}.mp4", size),)
    title = f"Title of {name}"
    world.scene_ids[name] = world.stash_library.add_scene(
        **{"title": title, "details": f"Words of {name}", "files": files, "updated_at": long_ago, **scene}
    ).id
    if plex is not None:
        _add_item(world, plex or name, size)


def _add_item(world: SmallWorld, name: str, size: int, **fields: Any) -> None:
    key = 1 if name.startswith("Films") else 2
    world.plex_library.add_item(key, ((f"{PLEX_ROOT}/{name}.mp4", size),), **fields)


def _add_what_was_synced(world: SmallWorld) -> None:
    stash = world.stash_library
    for name in ("Harbour", "Boat", "Rope"):
        stash.add_tag(name)
    for name in ("Ada Heath", "Bo Lind"):
        stash.add_performer(name)
    stash.add_studio("Quay", image=COVERS[2])
    both: dict[str, Any] = {"studio": 1, "date": "2020-01-01", "cover": COVERS[0]}
    _add(world, OLD, tags=(1, 2), performers=(1, 2), **both)
    _add(world, HERS, tags=(1,), performers=(1,), rating100=60, **both)
    hers = world.item(HERS)
    world.plex_library.edit_by_hand(hers.rating_key, studio="Her studio")
    for name in NOBODYS:
        _add_item(world, name, 77, title="A stranger", summary="Nobody's", genres=("Strange",))


def _edit(world: SmallWorld) -> None:
    stash, plex = world.stash_library, world.plex_library
    hers = world.item(HERS)
    plex.edit_by_hand(hers.rating_key, title="Her title", genres=[*hers.genres, "Hers"])
    plex.upload_image(hers.rating_key, "poster", COVERS[2])
    stash.update_scene(world.scene_ids[OLD], title="New title", tags=(1, 3), cover=COVERS[1])
    stash.update_scene(world.scene_ids[HERS], details="New words")
    stash.rename_tag(1, "Pier")
    stash.destroy_performer(2)
    new: dict[str, Any] = {"studio": 1, "tags": (3,), "performers": (1,), "cover": COVERS[0]}
    _add(world, NEW, **new)
    _add(world, "Films/moved", MOVED, **new)
    for name in (ABSENT, OTHER_TWIN):
        _add(world, name, None, **new)
    _add(world, TWIN, **new)
    world.saved(OLD, HERS, NEW, "Films/moved", ABSENT, OTHER_TWIN)
    world.run_well(hook(1, "Tag.Update.Post"))
    world.run_well(hook(2, "Performer.Destroy.Post"))


def expected(was_undone: bool = False) -> dict[str, dict[str, Any]]:
    """What Plex has to show in the end, by file."""
    new: dict[str, Any] = {
        "studio": "Quay",
        "genres": {"Rope"},
        "roles": {"Ada Heath"},
        "collections": {"Quay"},
        "poster": COVERS[0],
    }
    shown = {
        name: {"title": f"Title of {scene}", "summary": f"Words of {scene}", **new}
        for name, scene in ((NEW, NEW), (MOVED, "Films/moved"), (TWIN, TWIN))
    }
    shown[OLD] = {**new, "title": "New title", "summary": f"Words of {OLD}", "date": "2020-01-01"}
    shown[OLD] |= {"genres": {"Pier", "Rope"}, "poster": COVERS[1]}
    shown[HERS] = {**new, **HER_OWN, "summary": "New words", "rating": 6.0, "date": "2020-01-01"}
    shown[HERS]["genres"] = {"Pier", "Hers"}
    if was_undone:
        del shown[HERS]["studio"]
    return shown


# What a person made in Plex: nothing may change it.
HER_OWN: dict[str, Any] = {"title": "Her title", "poster": COVERS[2]}


def copy_of_folder(world: SmallWorld, folder: Path) -> None:
    """Go on with a copy of the data folder."""
    shutil.copytree(world.data_dir, folder)
    world.data_dir = folder
