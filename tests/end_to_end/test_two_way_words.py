"""The same months of use with every setting for words, dates and people, against the same model."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.builders.bench import Bench, a_bench
from tests.builders.sync import changing_requests, sync
from tests.end_to_end import test_two_way_edits as story
from tests.end_to_end import two_way_model as model
from tests.servers.plex.items import PlexItem
from tests.servers.stash.library import StashLibrary
from tests.servers.stash.records import Scene

SETTINGS = {
    "date_added": "date",
    "title_template": "[{studio}: ]{title|filename}[ ({year})]",
    "summary_template": r"{details}[\n{rating} of ten]",
    "actor_order": "stash",
    "performer_tags": True,
    "namesakes_everywhere": True,
}
SIZE, EDITS, ROUNDS = 60, 60, 2
IN_STASH, IN_PLEX = model.in_stash, model.in_plex
IS_WORTH_SYNCING, SYNC_TEXT = model.is_worth_syncing, model.Pair._sync_text


def in_stash(library: StashLibrary, scene: Scene) -> dict[str, Any]:
    """What the scene should look like in Plex under the settings."""
    wanted = IN_STASH(library, scene)
    name = model.seen(scene.files[0].path.rpartition("/")[2].rpartition(".")[0])
    studio = f"{wanted['studio']}: " if wanted["studio"] else ""
    year = f" ({scene.date[:4]})" if scene.date else ""
    title = f"{studio}{wanted['title'] or name}{year}"
    first, _, rest = title.partition(" ")
    rated = f"\n{scene.rating100 / 10:g} of ten" if scene.rating100 else ""
    return {
        **wanted,
        "is worth it": IS_WORTH_SYNCING({**wanted, "title_sort": ""}),
        "title": title,
        "title_sort": rest if first.casefold() in ("the", "a", "an") else "",
        "summary": f"{wanted['summary']}{rated}".strip(),
        "added_at": day(wanted["date"]),
    }


def in_plex(item: PlexItem) -> dict[str, Any]:
    """What the item looks like; a sort title that is the title cannot be seen."""
    shown = IN_PLEX(item)
    sort_title = "" if shown["title_sort"] == shown["title"] else shown["title_sort"]
    return {**shown, "title_sort": sort_title, "added_at": str(item.added_at)}


def day(date: str) -> str:
    """The seconds since 1970 of a day at ten."""
    return str(int(datetime.fromisoformat(f"{date}T10:00:00+00:00").timestamp())) if date else ""


def sync_text(pair: model.Pair, name: str, ours: str, plex_wins: bool) -> None:
    """A date added is never taken away: it stays, and is nobody's any more if it was Stash's."""
    if name != "added_at" or ours:
        SYNC_TEXT(pair, name, ours, plex_wins)
    elif pair.last and pair.last[name] == pair.shown[name]:
        pair.a_persons -= {name}


@pytest.fixture(params=[False, True], ids=["stash wins", "plex wins"])
def bench(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """A bench under the settings, and the model too."""
    monkeypatch.setattr(model, "TEXTS", (*model.TEXTS, "added_at"))
    monkeypatch.setitem(model.LOCKS, "addedAt", "added_at")
    monkeypatch.setattr(model, "is_worth_syncing", lambda wanted: wanted["is worth it"])
    monkeypatch.setattr(model.Pair, "_sync_text", sync_text)
    for name, function in (("in_stash", in_stash), ("in_plex", in_plex)):
        monkeypatch.setattr(story, name, function)
    with a_bench(tmp_path) as bench:
        bench.world.settings.update(SETTINGS, preserve_plex_edits=request.param)
        yield bench


def edit(bench: Bench, hands: story.Hands, pair: model.Pair, random: Random) -> None:
    """One edit on either side; now and then of the date added in Plex."""
    world = bench.world
    if random.random() < 0.15:
        some_time = random.randrange(10**9, 2 * 10**9)
        world.plex.library.edit_by_hand(pair.rating_key, added_at=some_time)
    else:
        hands.edit(world.stash.library.scene(pair.scene_id), story._item(world, pair))


def test_whatever_is_edited_on_both_sides_plex_shows_what_the_settings_promise(bench: Bench) -> None:
    world, random = bench.world, Random(20_260_102)
    plex_wins = bool(world.settings["preserve_plex_edits"])
    pairs = story._fill(world, SIZE)
    hands = story.Hands(world, random)
    for number in range(ROUNDS + 1):
        for _ in range(EDITS if number else 0):
            edit(bench, hands, random.choice(pairs), random)
        story._look_at_edits_in_plex(world, pairs)
        story._let_the_model_sync(world, pairs, plex_wins)
        sync(bench)
        assert story._differences(world, pairs) == []
        sync(bench)
        assert changing_requests(bench) == []
        story._let_a_minute_pass_in_plex(world)
