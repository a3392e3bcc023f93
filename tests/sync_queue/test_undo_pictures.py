"""Undo First Sync gives back the pictures that Plex showed before ours, and leaves what came after."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sync_queue import undo_pictures
from sync_queue.pictures_before import PicturesBefore
from sync_queue.undo import summary_lines
from tests.builders.bench import Bench, a_bench
from tests.builders.killed import Killed, die, then_die
from tests.builders.sync import a_picture, changing_requests, let_time_pass, sha1_of, sync
from tests.servers.plex.items import PlexItem
from tests.sync_queue.test_undo import undo

pytestmark = pytest.mark.unmeasured

COVER, MINE, OWN, NEXT = (a_picture(name) for name in ("cover", "mine", "own", "next"))
OLD = "1.42.2.10156-f737b826c"
# The kind of picture, the names that an item of the test server has for the chosen one and the list,
# and the settings that bring it.
POSTER: tuple[Any, ...] = ("poster", "selected_poster", "thumb", {})
BACKGROUND: tuple[Any, ...] = (
    "art",
    "selected_art",
    "art",
    {"background_from_cover": True, "leave_fields": "poster"},
)
LOGO: tuple[Any, ...] = (
    "clearLogo",
    "selected_logo",
    "clearLogo",
    {"studio_logo": True, "leave_fields": "poster"},
)
KINDS = pytest.mark.parametrize(("kind", "selected", "lock", "settings"), [POSTER, BACKGROUND, LOGO])


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with a_bench(tmp_path) as bench:
        let_time_pass(bench.world)
        yield bench


def a_film(bench: Bench, **plex: Any) -> PlexItem:
    studio = bench.world.stash.library.add_studio("North", image=COVER).id
    if "clearLogo" in plex:
        plex["clear_logo"] = plex.pop("clearLogo")
    bench.world.add_film("one", details="Text", cover=COVER, studio=studio, plex=plex)
    item: PlexItem = bench.world.item("one")
    return item


@KINDS
def test_a_picture_that_somebody_had_chosen_comes_back_locked_without_an_upload(
    bench: Bench, kind: str, selected: str, lock: str, settings: dict[str, Any]
) -> None:
    item = a_film(bench, automatic={kind: OWN}, locked=[lock], **{kind: MINE})
    sync(bench, **settings)
    assert getattr(item, selected) == sha1_of(COVER)
    summary = undo(bench)
    assert (getattr(item, selected), lock in item.locked) == (sha1_of(MINE), True)
    assert (summary.fields, summary.restored, len(changing_requests(bench))) == (1, 1, 1)
    sync(bench, **settings)
    assert changing_requests(bench) == []


@KINDS
@pytest.mark.parametrize("version", [None, OLD])
def test_a_picture_of_plexs_own_comes_back_by_its_name_and_unlocked(
    bench: Bench, kind: str, selected: str, lock: str, settings: dict[str, Any], version: str | None
) -> None:
    bench.world.plex.library.version = version or bench.world.plex.library.version
    item = a_film(bench, automatic={kind: OWN})
    sync(bench, **settings)
    assert (getattr(item, selected), lock in item.locked) == (sha1_of(COVER), True)
    summary = undo(bench)
    assert (getattr(item, selected), lock in item.locked) == (sha1_of(OWN), False)
    assert (summary.fields, summary.restored) == (1, 1)
    sync(bench, **settings)
    bench.save(1)
    bench.drain(**settings)
    assert changing_requests(bench) == []
    assert getattr(item, selected) == sha1_of(OWN)


@KINDS
@pytest.mark.parametrize("at_once", [True, False])
def test_where_plex_had_none_ours_is_taken_away_and_plex_may_make_its_own(
    bench: Bench, kind: str, selected: str, lock: str, settings: dict[str, Any], at_once: bool
) -> None:
    bench.world.plex.behaviour.automatic_image_returns_at_once = at_once
    item = a_film(bench)
    sync(bench, **settings)
    assert undo(bench).restored == 1
    assert (getattr(item, selected), lock in item.locked) == (None, False)
    sync(bench, **settings)
    bench.save(1)
    bench.drain(**settings)
    assert changing_requests(bench) == []


def test_a_plex_that_cannot_take_pictures_away_keeps_ours_and_gives_it_up_after_an_update(
    bench: Bench,
) -> None:
    library = bench.world.plex.library
    new, library.version = library.version, OLD
    item = a_film(bench)
    sync(bench)
    summary = undo(bench)
    assert (summary.not_taken_away, summary.restored, summary.changed_since) == (1, 0, 0)
    assert changing_requests(bench) == []
    assert any("1.43" in line and OLD in line for line in summary_lines(summary, OLD))
    assert item.selected_poster == sha1_of(COVER)
    library.version = new
    assert undo(bench).restored == 1
    assert item.selected_poster is None


def test_a_picture_that_was_chosen_since_stays(bench: Bench) -> None:
    item = a_film(bench, poster=MINE, locked=["thumb"])
    sync(bench)
    bench.world.plex.library.upload_image(item.rating_key, "poster", NEXT)
    summary = undo(bench)
    assert (summary.changed_since, summary.restored, changing_requests(bench)) == (1, 0, [])
    assert item.selected_poster == sha1_of(NEXT)


def test_a_cover_that_changes_in_stash_afterwards_is_carried_again(bench: Bench) -> None:
    item = a_film(bench, automatic={"poster": OWN})
    sync(bench)
    undo(bench)
    bench.world.stash.library.update_scene(1, cover=NEXT)
    sync(bench)
    assert item.selected_poster == sha1_of(NEXT)
    assert undo(bench).restored == 1
    assert item.selected_poster == sha1_of(OWN)


def test_the_first_picture_comes_back_however_many_covers_there_were(bench: Bench) -> None:
    item = a_film(bench, automatic={"poster": OWN})
    for cover in (COVER, NEXT):
        bench.world.stash.library.update_scene(1, cover=cover)
        sync(bench)
    undo(bench)
    assert item.selected_poster == sha1_of(OWN)


def test_a_chosen_picture_that_plex_does_not_have_any_more_is_told_and_ours_stays(bench: Bench) -> None:
    item = a_film(bench, poster=MINE, locked=["thumb"])
    sync(bench)
    item.posters.remove(sha1_of(MINE))
    summary = undo(bench)
    assert (summary.not_there, changing_requests(bench)) == (1, [])
    assert item.selected_poster == sha1_of(COVER)
    assert "Not given back: 1 picture" in "\n".join(summary_lines(summary, OLD))


def test_a_server_that_goes_on_showing_ours_is_told_of(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    item = a_film(bench)
    sync(bench)
    monkeypatch.setattr(undo_pictures, "take_away", lambda *_: None)
    assert undo(bench).not_taken_away == 1
    assert (item.selected_poster, "thumb" in item.locked) == (sha1_of(COVER), True)


# Where the undo is killed: (module or class, name of what it is doing then, whether that still happens)
POINTS = {
    "before it is noted": (PicturesBefore, "begin_to_give_back", False),
    "before the choice": (undo_pictures, "choose", False),
    "after the choice": (undo_pictures, "choose", True),
    "before it is taken away": (undo_pictures, "take_away", False),
    "after it was taken away": (undo_pictures, "take_away", True),
    "after the lock is gone": (undo_pictures, "unlock", True),
    "before the record": (PicturesBefore, "record_given_back", False),
    "after the record": (PicturesBefore, "record_given_back", True),
}


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("own", [{"poster": OWN}, {}], ids=["Plex had its own", "Plex had none"])
def test_an_undo_that_is_killed_is_finished_by_the_next(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, point: str, own: dict[str, bytes]
) -> None:
    item = a_film(bench, automatic=own)
    sync(bench)
    place, name, happens = POINTS[point]
    with monkeypatch.context() as patch:
        patch.setattr(place, name, then_die(getattr(place, name)) if happens else die)
        try:
            undo(bench)
        except Killed:
            undo_was_killed = True
        else:
            undo_was_killed = False
    assert undo_was_killed == (name not in ("choose", "take_away") or (name == "choose") == bool(own))
    undo(bench)
    assert (item.selected_poster, item.locked & {"thumb"}) == (sha1_of(OWN) if own else None, set())
    sync(bench)
    assert changing_requests(bench) == []


def test_what_an_undo_took_away_of_a_killed_upload_stays_away_until_it_changes(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = a_film(bench, automatic={"poster": OWN})
    with monkeypatch.context() as patch:
        patch.setattr(PicturesBefore, "record_artwork", die)
        with pytest.raises(Killed):
            sync(bench)
    assert item.selected_poster == sha1_of(COVER)
    undo(bench)
    bench.drain()
    sync(bench)
    assert (item.selected_poster, "thumb" in item.locked) == (sha1_of(OWN), False)
    bench.world.stash.library.update_scene(1, cover=NEXT)
    sync(bench)
    assert item.selected_poster == sha1_of(NEXT)


def test_a_sync_that_was_killed_amid_its_first_upload_still_knows_what_was_before(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = a_film(bench, automatic={"poster": OWN})
    for _ in range(2):
        with monkeypatch.context() as patch:
            patch.setattr(PicturesBefore, "record_artwork", die)
            with pytest.raises(Killed):
                sync(bench)
    sync(bench)
    undo(bench)
    assert (item.selected_poster, "thumb" in item.locked) == (sha1_of(OWN), False)
