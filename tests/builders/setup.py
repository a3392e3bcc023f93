"""Short words for tests of Check Setup: films that both servers have, the button, and what it told."""

from __future__ import annotations

import re
from collections import Counter

from tests.builders.entry import Here, Told, assert_plain
from tests.servers.world import World

NEXT = "Run Reconcile Library (All), then Process Queue."


def add_films(world: World, count: int = 6) -> None:
    """Films that Stash has below /data and Plex, in its library of films, below /media."""
    for n in range(count):
        add_film(world, f"/data/Films/film {n}.mp4", f"/media/Films/film {n}.mp4", 1000 + n)


def add_film(world: World, in_stash: str, in_plex: str = "", size: int = 9) -> int:
    """A scene with this file, and where a path in Plex is given its item; returns the scene's id."""
    if in_plex:
        world.plex.library.add_item(world.section_keys["Films"], ((in_plex, size),))
    return int(world.stash.library.add_scene(details="x", files=((in_stash, size),)).id)


def check(here: Here) -> Told:
    """Press the button: Plex is only read, and nothing is queued or remembered."""
    world = here.world
    token = str(world.stash.plugin_settings.get("Stash2Plex", {}).get("plex_token", ""))
    before = files_in(world)
    world.clear_requests()
    told = here.run({"mode": "check_setup"})
    assert_plain(told)
    assert {request.method for request in world.plex.requests} <= {"GET"}
    assert files_in(world) == before
    assert not token or token not in "\n".join(told.texts("debug", "info", "warning", "error"))
    return told


def files_in(world: World) -> dict[str, bytes]:
    """What is in the data folder."""
    return {path.name: path.read_bytes() for path in world.data_dir.glob("*")}


def assert_right(told: Told) -> None:
    """Nothing to complain of, and what to press next."""
    assert told.texts("warning", "error") == []
    assert (told.status, told.answer) == (0, {"output": "ok"})
    assert told.texts()[-1] == f"Everything is right. {NEXT}"


def the_problem(told: Told) -> str:
    """The only thing that is wrong."""
    (problem,) = told.texts("error")
    assert told.status == 1
    last = "1 problem found. Fix what the error lines name, then run Check Setup again."
    assert told.texts()[-1] == last
    return problem


def the_warning(told: Told) -> str:
    """The only thing to look at, where nothing is wrong."""
    (warning,) = told.texts("warning")
    assert told.status == 0
    assert told.texts()[-1] == f"Nothing is wrong; the warnings say what could be better. {NEXT}"
    return warning


def counts(told: Told) -> dict[str, int]:
    """The numbers of the sample by what they count; what is not told is none."""
    form = r"Of \d+ scenes from all over Stash, (?:found )?(.+): (\d+)"
    found = (re.fullmatch(form, line) for line in told.texts("info"))
    return Counter({one[1]: int(one[2]) for one in found if one})
