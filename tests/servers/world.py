"""A Stash with the plugin installed and a Plex beside it: what tests and the demo act in."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.servers.made_up_collection import GapPlan, MadeUpVideo, load_into_plex, load_into_stash
from tests.servers.plex.library import PlexLibrary
from tests.servers.plex.server import PlexTestServer
from tests.servers.stash.library import StashLibrary
from tests.servers.stash.process_run import PluginResult
from tests.servers.stash.server import StashServer

ROOT = Path(__file__).resolve().parents[2]
# The plugin's own packages: all that lie in the project's folder, but for what tests and measures them.
PACKAGES = tuple(
    sorted(
        path.parent.name
        for path in ROOT.glob("*/__init__.py")
        if path.parent.name not in ("tests", "benchmarks")
    )
)
MODULES = ("Stash2Plex", "tasks")
SHIPPED = (*(f"{name}.py" for name in MODULES), "Stash2Plex.yml", *PACKAGES)
# Of the page in Stash; beside it lies what checks it, with a folder of thousands of files.
PAGE = tuple(sorted(f"ui/{path.name}" for path in (ROOT / "ui").iterdir() if path.suffix in (".js", ".css")))
STASH_ROOT, PLEX_ROOT = "/data", "/media"
TOKEN = "made-up-plex-token"


@dataclass
class World:
    """Both servers, the ids under which a made-up video is known in each, and the plugin's data folder."""

    stash: StashServer
    plex: PlexTestServer
    data_dir: Path
    section_keys: Mapping[str, int]
    scene_ids: dict[int, int]
    rating_keys: dict[int, list[int]]

    @property
    def settings(self) -> dict[str, Any]:
        """The plugin's settings as Stash stores them."""
        return self.stash.plugin_settings["Stash2Plex"]

    @property
    def reports(self) -> Path:
        """The folder of the plugin's reports, of which Stash serves the files."""
        return Path(self.stash.server_connection()["PluginDir"]) / "reports"

    def clear_requests(self) -> None:
        """Count from here."""
        self.stash.clear_requests()
        self.plex.clear_requests()

    def add_film(
        self, name: str, size: int = 1000, *, plex: Mapping[str, Any] | None = None, **scene: Any
    ) -> int:
        """A scene with one file, and its item in Plex with these fields; returns the scene's id."""
        path = f"Films/{name}.mp4"
        record = self.stash.library.add_scene(files=((f"{STASH_ROOT}/{path}", size),), **scene)
        if plex is not None:
            key = self.section_keys["Films"]
            self.plex.library.add_item(key, files=((f"{PLEX_ROOT}/{path}", size),), **plex)
        return int(record.id)

    def item(self, name: str) -> Any:
        """The Plex item of a film that `add_film` added."""
        return self.plex.library.item_for_path(f"{PLEX_ROOT}/Films/{name}.mp4")

    def tag_ids(self, *names: str) -> list[int]:
        """Tags of these names in Stash, made where they do not exist."""
        return [self._id("tag", name) for name in names]

    def performer_ids(self, *names: str) -> list[int]:
        """Performers of these names in Stash, made where they do not exist."""
        return [self._id("performer", name) for name in names]

    def studio_id(self, name: str) -> int:
        """The studio of this name in Stash, made where it does not exist."""
        return self._id("studio", name)

    def _id(self, kind: str, name: str) -> int:
        library = self.stash.library
        for entity in library.entities(kind).values():
            if entity.name == name:
                return int(entity.id)
        return int(getattr(library, f"add_{kind}")(name).id)


@contextmanager
def a_world(
    folder: Path,
    videos: Sequence[MadeUpVideo] = (),
    plan: GapPlan | None = None,
    environment: Mapping[str, str] | None = None,
    **stash_options: Any,
) -> Iterator[World]:
    """Stash's files lie under /data, Plex's under /media; `folder` takes the plugin and its data."""
    plugins_dir = install_plugin(folder / "plugins")
    data_dir = folder / "data"
    stash_library, plex_library = StashLibrary(), PlexLibrary()
    keys = {
        title: plex_library.add_section(title, locations=(f"{PLEX_ROOT}/{title}",)).key
        for title in ("Films", "Clips")
    }
    scene_ids = load_into_stash(stash_library, videos, STASH_ROOT)
    rating_keys = load_into_plex(plex_library, keys, videos, plan, PLEX_ROOT) if plan else {}
    environment = {"STASH2PLEX_DATA_DIR": str(data_dir), **(environment or {})}
    with (
        PlexTestServer(plex_library, token=TOKEN) as plex,
        StashServer(
            stash_library, plugins_dir=plugins_dir, environment=environment, **stash_options
        ) as stash,
    ):
        stash.plugin_settings["Stash2Plex"] = {
            "plex_url": plex.url,
            "plex_token": TOKEN,
            "path_map": f"{STASH_ROOT}=>{PLEX_ROOT}",
            # A test that is about something else sees no task but its own.
            "reconcile_every": "never",
        }
        yield World(stash, plex, data_dir, keys, scene_ids, rating_keys)


def install_plugin(plugins_dir: Path) -> Path:
    """Put the plugin, as links to its files, where Stash looks for plugins."""
    target = plugins_dir / "Stash2Plex"
    target.mkdir(parents=True)
    for name in SHIPPED:
        os.symlink(f"{ROOT}/{name}", f"{target}/{name}", target_is_directory=name in PACKAGES)
    os.symlink(_folder_of_the_page(), f"{target}/ui", target_is_directory=True)
    return plugins_dir


@cache
def _folder_of_the_page() -> str:
    """One folder for all worlds of this process, with links to what of `ui` is shipped."""
    folder = tempfile.mkdtemp(prefix="stash2plex-page-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for name in PAGE:
        os.symlink(ROOT / name, f"{folder}/{name.rpartition('/')[2]}")
    return folder


def log_text(result: PluginResult, *levels: str) -> str:
    """The log of a task, a line each, of these levels (all where none is named)."""
    return "\n".join(line.text for line in result.log if not levels or line.level in levels)
