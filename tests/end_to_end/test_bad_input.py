"""Generated bad inputs: each ends in a clear error or a normal result, and loses no job.

They are drawn from a seed, so a failure comes again: its number is in the message. The daily run takes
the first of them.
"""

from __future__ import annotations

import json
import os
import random
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import plex.session
from stash import session as stash_session
from tests.builders.entry import Here, assert_plain, hook
from tests.servers.stash.process_run import plugin_input
from tests.servers.world import World

INPUTS = int(os.environ.get("STASH2PLEX_BAD_INPUTS", "20"))
ODD_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2**63, 10**400, 1.5, -0.0, 1e308, "", " ", "0", "-5", "1e5", "NaN"),
    *(
        "x" * 5000,
        "\x00",
        "\n\r\t",
        "\u202e",
        "\ud800",
        "é\u0301👩‍👩‍👧",
        "<b>&amp;",
        "'; DROP TABLE",
        "%s{0}",
        "../..",
    ),
    *([], [[]], [None], ["1", 2], {}, {"id": {}}, {"a": {"b": [{}]}}, "127.0.0.1", "::", "[::1]", "a b"),
)
MODES = ("reconcile_all", "reconcile_recent", "process_queue", "queue_status", "preview", "undo_first_sync")
SETTINGS = (
    *("plex_url", "plex_token", "plex_library", "path_map", "leave_fields", "opt_out_label", "tags_as"),
    *("tags_include", "tags_exclude", "tags_rename", "collection_prefix", "content_rating", "odd_key"),
    *(
        "parent_studio_collection",
        "background_from_cover",
        "studio_logo",
        "performer_image_address",
        "preserve_plex_edits",
    ),
)
SETTING_TEXTS = (
    "http://",
    "=>",
    "a=>b;a=>c",
    ";;,",
    "/data=>/media;",
    "ftp://x",
    "http://[::1",
    "title,nothing",
)
PLEX_PATHS = ("/", "/library/sections", "/library/sections/1/all", "/library/metadata/")


@pytest.fixture(autouse=True)
def without_waiting(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for client in (plex.session, stash_session):
        monkeypatch.setattr(client, "CONNECT_TIMEOUT", 0.3)
        monkeypatch.setattr(client, "READ_TIMEOUT", 2.0)
    monkeypatch.setattr(stash_session, "LOCKED_RETRIES", 1)
    world.settings.update(manual_drain=True, leave_fields="poster, background")


@pytest.fixture
def witness(world: World, here: Here) -> Callable[[int], None]:
    """A job that must never be lost, and an item that must never change; looked at after each input."""
    waiting = world.add_film("not in Plex yet", details="Text")
    world.add_film("bystander", plex={"summary": "Of the bystander", "studio": "Hers"})
    assert here.run(hook(waiting)).status == 0
    assert here.drain().status == 0

    def look(number: int) -> None:
        assert waiting in here.kept(), f"input {number} lost a job"
        item = world.item("bystander")
        assert (item.summary, item.studio) == ("Of the bystander", "Hers"), f"input {number}"

    return look


def spoilt(value: Any, chance: random.Random) -> Any:
    """A copy of a JSON document with something in it replaced, dropped or added."""
    if not isinstance(value, (dict, list)) or not value or chance.random() < 0.15:
        return chance.choice(ODD_VALUES)
    copy = dict(value) if isinstance(value, dict) else list(value)
    key = chance.choice(list(copy) if isinstance(copy, dict) else range(len(copy)))
    action = chance.random()
    if action < 0.15:
        del copy[key]
    elif action < 0.25 and isinstance(copy, dict):
        copy[str(chance.choice(ODD_VALUES))] = chance.choice(ODD_VALUES)
    else:
        copy[key] = spoilt(copy[key], chance)
    return copy


def spoilt_alike(seed: float) -> Callable[[Any], Any]:
    """Spoils a document in the same way whenever it is asked for."""
    return lambda value: spoilt(value, random.Random(seed))


def spoilt_bytes(content: bytes, chance: random.Random) -> bytes:
    """The same for a document as bytes: cut, doubled, or with some bytes changed."""
    where = chance.randrange(len(content) + 1)
    kind = chance.randrange(4)
    if kind == 0:
        return content[:where]
    if kind == 1:
        return content[:where] + content[max(0, where - 20) :]
    if kind == 2:
        return content[:where] + bytes(chance.randrange(256) for _ in range(8)) + content[where:]
    changed = bytearray(content)
    for _ in range(3):
        changed[chance.randrange(len(changed))] = chance.choice(b'"<>{}[]\x00\xff=/ 0')
    return bytes(changed)


def documents(world: World, chance: random.Random) -> Iterator[bytes]:
    """Documents for standard input, without end."""
    while True:
        args = chance.choice(
            [hook(1), hook("2", "Tag.Update.Post"), *({"mode": mode} for mode in MODES), {"mode": "?"}]
        )
        document = json.loads(plugin_input(world.stash.server_connection(), args))
        if chance.random() < 0.3:
            yield spoilt_bytes(json.dumps(document).encode(), chance)
            continue
        for _ in range(chance.randint(1, 3)):
            document = spoilt(document, chance)
        yield json.dumps(document).encode()


def test_bad_documents_on_standard_input_lose_no_job(
    world: World, here: Here, witness: Callable[[int], None]
) -> None:
    chance = random.Random(1)
    for number, document in zip(range(INPUTS), documents(world, chance), strict=False):
        told = here.run(raw=document)
        assert_plain(told, rough=("Traceback", 'File "', "fault in Stash2Plex"))
        witness(number)


def test_bad_settings_lose_no_job(world: World, here: Here, witness: Callable[[int], None]) -> None:
    chance, good = random.Random(2), dict(world.settings)
    for number in range(INPUTS):
        keys = chance.sample(SETTINGS, chance.randint(1, 4))
        # Addresses of other hosts would be looked up in the network.
        odd = {
            key: chance.choice([*ODD_VALUES, *SETTING_TEXTS] if key != "plex_url" else SETTING_TEXTS)
            for key in keys
        }
        world.stash.plugin_settings["Stash2Plex"] = {**good, **odd}
        told = here.run({"mode": chance.choice(("process_queue", "reconcile_all", "preview"))})
        assert_plain(told)
        if told.error and "Setting" in told.error:
            assert any(f"({key})" in told.error for key in keys), f"input {number} names no setting"
        witness(number)


def test_bad_scenes_from_stash_are_told_by_their_id_and_lose_no_job(
    world: World, here: Here, witness: Callable[[int], None]
) -> None:
    chance = random.Random(3)
    tags, performers = world.tag_ids("Autumn", "Boat"), world.performer_ids("Somebody")
    bad = world.add_film("bad", title="Bad", tags=tags, performers=performers, plex={})
    for number in range(INPUTS):
        world.stash.malformed_scenes[bad] = spoilt_alike(chance.random())
        here.run(hook(bad))
        for mode in chance.sample(("process_queue", "reconcile_all", "reconcile_recent"), 1):
            told = here.run({"mode": mode})
            assert_plain(told)
            # “Recent” asks for the newest scene, and that may be the bad one.
            is_ended = told.error and mode != "reconcile_recent"
            assert not is_ended, f"input {number}: one bad scene ended the whole run: {told.error}"
        witness(number)
    world.stash.malformed_scenes.clear()
    assert here.reconcile().status == here.drain().status == 0
    assert world.item("bad").title == "Bad"


def plex_answers(world: World) -> dict[str, bytes]:
    """What Plex answers when it is well, by path."""
    key = world.item("film").rating_key
    answers = {}
    for path in PLEX_PATHS:
        address = f"{world.plex.url}{path}{key if path.endswith('metadata/') else ''}"
        request = urllib.request.Request(address, headers={"X-Plex-Token": world.plex.token})
        with urllib.request.urlopen(request, timeout=10) as answer:
            answers[path] = answer.read()
    return answers


def test_bad_answers_of_plex_lose_no_job_and_clear_nothing(
    world: World, here: Here, witness: Callable[[int], None]
) -> None:
    chance = random.Random(4)
    film = world.add_film("film", details="Text", plex={"summary": "Before", "genres": ("Hers",)})
    answers = plex_answers(world)
    for number in range(INPUTS):
        path = chance.choice(PLEX_PATHS)
        world.stash.library.update_scene(film, details=f"Text {number}")
        here.run(hook(film))
        body = spoilt_bytes(answers[path], chance)
        world.plex.faults.add("status", path, method="GET", code=200, body=body)
        told = here.run({"mode": chance.choice(("process_queue", "process_queue", "reconcile_all"))})
        assert_plain(told)
        world.plex.faults.clear()
        witness(number)
        item = world.item("film")
        assert item.summary, f"input {number}"
        assert "Hers" in item.genres or item.summary.startswith("Text"), f"input {number}"
        assert film in here.kept() or item.summary == f"Text {number}", f"input {number} lost a job"
    assert here.reconcile().status == here.drain().status == 0
    assert world.item("film").summary == f"Text {INPUTS - 1}"
