"""The picture of a studio becomes the logo of its scenes' items, where Plex knows logos."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from plexapi.server import PlexServer

import plex.artwork
from reconciliation.preview import run_preview
from sync_queue import logos, pictures
from sync_queue.claims import Outcome
from sync_queue.state import SyncState
from tests.builders.bench import Bench, a_bench, a_job
from tests.builders.entry import Here
from tests.builders.killed import Killed, die, then_die
from tests.builders.sync import a_picture, changing_requests, let_time_pass, logged, sha1_of, sync
from tests.servers.plex.items import PlexItem
from tests.servers.world import TOKEN

A, B, MINE, OWN = (a_picture(name) for name in ("a", "b", "mine", "own"))
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"></svg>'


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with a_bench(tmp_path) as bench:
        let_time_pass(bench.world)
        bench.world.settings["studio_logo"] = True
        yield bench


def a_studio(bench: Bench, name: str = "North", image: bytes | None = A) -> int:
    return int(bench.world.stash.library.add_studio(name, image=image).id)


def a_film(bench: Bench, studio: int | None, name: str = "one", **plex: Any) -> PlexItem:
    bench.world.add_film(name, details="Text", studio=studio, plex=plex)
    item: PlexItem = bench.world.item(name)
    return item


def new_image(bench: Bench, studio: int, image: bytes | None) -> None:
    library = bench.world.stash.library
    library.studios[studio].image = image
    library.rename("studio", studio, library.studios[studio].name)


def about_logos(bench: Bench) -> list[str]:
    """The methods of all requests to Plex about logos, in order."""
    asked = list(bench.world.plex.requests)
    return [one.method for one in asked if "clearLogo" in one.path]


def fetched(bench: Bench) -> int:
    """How often Stash was asked for the picture of a studio."""
    return sum(one.path.startswith("/studio/") for one in list(bench.world.stash.requests))


def test_the_studios_picture_becomes_the_chosen_and_locked_logo(bench: Bench) -> None:
    item = a_film(bench, a_studio(bench))
    sync(bench)
    assert (item.selected_logo, item.logos, "clearLogo" in item.locked) == (sha1_of(A), [sha1_of(A)], True)
    film = PlexServer(bench.world.plex.url, TOKEN).fetchItem(item.rating_key)
    (logo,) = film.logos()
    assert logo.selected
    assert film.logo
    sync(bench)
    bench.save(1)
    bench.drain()
    assert (changing_requests(bench), about_logos(bench), fetched(bench)) == ([], [], 0)


def test_without_the_setting_nothing_is_asked_for(bench: Bench) -> None:
    item = a_film(bench, a_studio(bench))
    for settings in ({"studio_logo": False}, {"leave_fields": "logo"}):
        sync(bench, **settings)
        assert (about_logos(bench), fetched(bench), item.logos) == ([], 0, [])


def test_one_picture_is_fetched_once_for_all_scenes_of_a_studio(bench: Bench) -> None:
    studio = a_studio(bench)
    items = [a_film(bench, studio, f"film {n}") for n in range(5)]
    sync(bench)
    assert ({item.selected_logo for item in items}, fetched(bench)) == ({sha1_of(A)}, 1)
    new_image(bench, studio, B)
    sync(bench)
    assert ({item.selected_logo for item in items}, fetched(bench)) == ({sha1_of(B)}, 1)
    assert [len(item.logos) for item in items] == [2] * 5


def test_pictures_are_fetched_again_where_they_are_too_many_to_be_kept(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logos, "KEPT", 0)
    studio = a_studio(bench)
    items = [a_film(bench, studio, f"film {n}") for n in range(3)]
    sync(bench)
    assert ({item.selected_logo for item in items}, fetched(bench)) == ({sha1_of(A)}, 3)


@pytest.mark.parametrize("image", [None, SVG, b"BM a bitmap"])
def test_a_placeholder_and_what_is_no_picture_are_never_carried(bench: Bench, image: bytes | None) -> None:
    item = a_film(bench, a_studio(bench, image=image))
    sync(bench)
    assert (item.logos, [one for one in about_logos(bench) if one != "GET"]) == ([], [])
    sync(bench)
    assert (about_logos(bench), fetched(bench)) == ([], 0)
    assert bench.reconcile().total_gaps == 0


def test_a_studio_that_changes_its_picture_changes_the_logos_at_the_next_catch_up(bench: Bench) -> None:
    studio = a_studio(bench)
    item = a_film(bench, studio)
    sync(bench)
    new_image(bench, studio, B)
    assert bench.reconcile().stale_sync_count == 1
    bench.drain()
    assert item.selected_logo == sha1_of(B)
    assert bench.reconcile().total_gaps == 0


def test_a_scene_that_changes_its_studio_gets_the_other_logo(bench: Bench) -> None:
    item = a_film(bench, a_studio(bench))
    sync(bench)
    bench.world.stash.library.update_scene(1, studio=a_studio(bench, "South", B))
    sync(bench)
    assert item.selected_logo == sha1_of(B)


def test_a_studio_that_changes_without_its_picture_costs_one_question_and_no_write(bench: Bench) -> None:
    studio = a_studio(bench)
    a_film(bench, studio)
    sync(bench)
    new_image(bench, studio, A)
    sync(bench)
    assert (fetched(bench), changing_requests(bench)) == (1, [])
    sync(bench)
    assert fetched(bench) == 0


def test_a_logo_that_a_person_chose_stays(bench: Bench) -> None:
    studio = a_studio(bench)
    item = a_film(bench, studio)
    sync(bench)
    bench.world.plex.library.upload_image(item.rating_key, "clearLogo", MINE)
    sync(bench)
    assert item.selected_logo == sha1_of(MINE)
    new_image(bench, studio, B)
    sync(bench, preserve_plex_edits=True)
    assert item.selected_logo == sha1_of(MINE)


def test_with_edits_preserved_a_logo_that_was_there_first_stays(bench: Bench) -> None:
    item = a_film(bench, a_studio(bench), clear_logo=MINE, locked=["clearLogo"])
    sync(bench, preserve_plex_edits=True)
    assert item.selected_logo == sha1_of(MINE)


def test_a_logo_that_plex_lost_is_chosen_again(bench: Bench) -> None:
    item = a_film(bench, a_studio(bench))
    sync(bench)
    bench.world.plex.library.select_image(item.rating_key, "clearLogo", None)
    item.locked.discard("clearLogo")
    bench.save(1)
    bench.drain()
    assert (item.selected_logo, item.logos) == (sha1_of(A), [sha1_of(A)])


def test_a_logo_that_plex_lost_for_good_is_brought_again(bench: Bench) -> None:
    item = a_film(bench, a_studio(bench))
    sync(bench)
    bench.world.plex.library.select_image(item.rating_key, "clearLogo", None)
    item.locked.discard("clearLogo")
    item.logos.clear()
    bench.save(1)
    bench.drain()
    assert item.selected_logo == sha1_of(A)


@pytest.mark.parametrize("upload_selects", [True, False])
@pytest.mark.parametrize("logo_folder", ["clearLogos", "clearLogo"])
def test_the_logo_is_right_whatever_an_upload_selects_and_its_name_is(
    bench: Bench, upload_selects: bool, logo_folder: str
) -> None:
    bench.world.plex.behaviour.upload_selects = upload_selects
    bench.world.plex.behaviour.logo_folder = logo_folder
    item = a_film(bench, a_studio(bench))
    sync(bench)
    assert (item.selected_logo, "clearLogo" in item.locked) == (sha1_of(A), True)
    sync(bench)
    assert changing_requests(bench) == []


@pytest.mark.parametrize("says", ["404", "400", "nothing", "ignored"])
def test_an_older_plex_is_asked_once_and_again_when_it_is_a_newer_one(
    bench: Bench, says: Any, caplog: pytest.LogCaptureFixture
) -> None:
    bench.world.plex.behaviour.logos = says
    studio = a_studio(bench)
    items = [a_film(bench, studio, f"film {n}") for n in range(2)]
    with caplog.at_level(logging.INFO):
        sync(bench)
    assert sum("does not know logos" in line for line in logged(caplog, "INFO")) == 1
    assert bench.failed() == bench.waiting() == []
    assert [item.logos for item in items] == [[], []]
    sync(bench)
    bench.save(1, 2)
    assert bench.drain().outcomes[Outcome.UNCHANGED] == 2
    assert (about_logos(bench), bench.reconcile().total_gaps) == ([], 0)
    bench.world.plex.library.version = "1.50.0.1"
    bench.world.plex.behaviour.logos = "known"
    sync(bench)
    assert [item.selected_logo for item in items] == [sha1_of(A)] * 2


@pytest.mark.parametrize(
    ("kind", "options"), [("status", {"code": 500}), ("status", {"code": 503}), ("drop", {})]
)
def test_trouble_is_not_taken_for_an_older_plex(bench: Bench, kind: Any, options: dict[str, Any]) -> None:
    item = a_film(bench, a_studio(bench))
    bench.reconcile()
    fault = bench.world.plex.faults.add(kind, f"/library/metadata/{item.rating_key}/clearLogos", **options)
    bench.drain()
    assert len(bench.waiting()) == 1
    bench.world.plex.faults.remove(fault)
    bench.later = 86_400
    bench.drain()
    assert item.selected_logo == sha1_of(A)


def test_a_missing_item_is_not_taken_for_an_older_plex(bench: Bench) -> None:
    studio = a_studio(bench)
    item = a_film(bench, studio)
    bench.reconcile()
    where = f"/library/metadata/{item.rating_key}/"
    fault = bench.world.plex.faults.add("status", where, code=404)
    bench.drain()
    assert len(bench.waiting()) == 1
    bench.world.plex.faults.remove(fault)
    bench.later = 86_400
    bench.drain()
    assert item.selected_logo == sha1_of(A)


def test_a_picture_that_plex_refuses_is_told_once_and_not_tried_again(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    studio = a_studio(bench)
    for n in range(3):
        a_film(bench, studio, f"film {n}")
    fault = bench.world.plex.faults.add("status", "/library/metadata/", method="POST", code=400)
    with caplog.at_level(logging.WARNING):
        sync(bench)
    assert (len(logged(caplog, "WARNING")), fault.hits) == (1, 1)
    assert bench.failed() == bench.waiting() == []
    sync(bench)
    assert fault.hits == 1


def test_a_stash_that_delivers_no_picture_is_asked_again_later(bench: Bench) -> None:
    item = a_film(bench, a_studio(bench))
    bench.world.stash.faults.add("status", "/studio/", code=500, times=1)
    bench.reconcile()
    bench.drain()
    assert (item.summary, item.logos, len(bench.waiting())) == ("Text", [], 1)
    bench.later = 86_400
    bench.drain()
    assert item.selected_logo == sha1_of(A)


@pytest.mark.parametrize("own", [OWN, None], ids=["Plex had its own", "Plex had none"])
@pytest.mark.parametrize("change", ["another studio", "no studio", "no picture"])
def test_a_logo_goes_with_the_picture_or_the_studio_that_it_came_from(
    bench: Bench, own: bytes | None, change: str
) -> None:
    studio = a_studio(bench)
    item = a_film(bench, studio, automatic={"clearLogo": own} if own else {})
    sync(bench)
    assert item.selected_logo == sha1_of(A)
    if change == "no picture":
        new_image(bench, studio, None)
    else:
        other = a_studio(bench, "South", None) if change == "another studio" else None
        bench.world.stash.library.update_scene(1, studio=other)
    bench.save(1)
    bench.drain()
    assert (item.selected_logo, "clearLogo" in item.locked) == (sha1_of(own) if own else None, False)
    sync(bench)
    bench.save(1)
    bench.drain()
    assert about_logos(bench) == []
    new_image(bench, studio, A)
    bench.world.stash.library.update_scene(1, studio=studio)
    sync(bench)
    assert item.selected_logo == sha1_of(A)


def test_a_logo_that_a_person_chose_stays_when_the_studio_goes(bench: Bench) -> None:
    item = a_film(bench, a_studio(bench))
    sync(bench)
    bench.world.plex.library.upload_image(item.rating_key, "clearLogo", MINE)
    bench.world.stash.library.update_scene(1, studio=None)
    bench.save(1)
    bench.drain()
    assert (item.selected_logo, "clearLogo" in item.locked) == (sha1_of(MINE), True)


def test_an_older_plex_keeps_a_logo_whose_studio_goes(bench: Bench) -> None:
    bench.world.plex.library.version = "1.42.2.10156"
    item = a_film(bench, a_studio(bench))
    sync(bench)
    bench.world.stash.library.update_scene(1, studio=None)
    sync(bench)
    assert item.selected_logo == sha1_of(A)


# Where it is killed: (module or class, name of what it is doing then, whether that still happens)
POINTS: dict[str, tuple[Any, str, bool]] = {
    "before the upload is noted": (SyncState, "record_begun_artwork", False),
    "before the upload": (pictures, "upload_and_choose", False),
    "after the upload": (plex.artwork, "upload", True),
    "before the lock": (pictures, "lock", False),
    "before the record": (SyncState, "record_artwork", False),
    "before the texts are recorded": (SyncState, "record_pushed", False),
}


@pytest.mark.parametrize("point", POINTS)
def test_a_logo_that_was_interrupted_arrives_once_and_so_does_the_next(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    place, name, happens = POINTS[point]
    studio = a_studio(bench)
    item = a_film(bench, studio)
    real: Callable[..., Any] = getattr(place, name)
    bench.reconcile()
    with monkeypatch.context() as patch:
        patch.setattr(place, name, then_die(real) if happens else die)
        with pytest.raises(Killed):
            bench.drain()
    bench.drain()
    assert (item.selected_logo, item.logos, "clearLogo" in item.locked) == (sha1_of(A), [sha1_of(A)], True)
    new_image(bench, studio, B)
    sync(bench)
    assert (item.selected_logo, len(item.logos)) == (sha1_of(B), 2)


def test_a_logo_goes_with_a_studio_that_is_deleted_though_its_name_is_left_alone(bench: Bench) -> None:
    """Once it has gone, it is not looked at again."""
    bench.world.plex.library.version = "1.43.0.1"
    bench.world.settings["leave_fields"] = "studio, collections"
    item, stash = a_film(bench, a_studio(bench)), bench.world.stash.library
    sync(bench)
    assert item.selected_logo == sha1_of(A)
    stash.destroy_studio(1)
    bench.queue.put_jobs([a_job(0, "Studio.Destroy.Post", entity="scenes")])
    bench.drain()
    assert item.selected_logo is None
    bench.queue.put_jobs([a_job(0, "Tag.Destroy.Post", entity="scenes")])
    bench.world.clear_requests()
    bench.drain()
    assert about_logos(bench) == []


def test_a_logo_that_arrived_and_was_never_recorded_goes_with_the_studios_picture(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.world.plex.library.version = "1.43.0.1"
    studio = a_studio(bench)
    item = a_film(bench, studio)
    bench.reconcile()
    with monkeypatch.context() as patch:
        patch.setattr(pictures, "lock", die)
        with pytest.raises(Killed):
            bench.drain()
    assert item.selected_logo == sha1_of(A)
    bench.world.stash.library.update_scene(1, studio=None)
    bench.save(1)
    bench.drain()
    assert item.selected_logo is None
    bench.save(1)
    bench.world.clear_requests()
    bench.drain()
    assert about_logos(bench) == []


def test_several_writers_share_what_was_fetched(here: Here) -> None:
    here.world.settings.update(studio_logo=True, parallel_writes=4, manual_drain=True)
    studio = here.world.stash.library.add_studio("North", image=A).id
    for n in range(12):
        here.world.add_film(f"film {n}", details="Text", studio=studio, plex={})
    assert (here.reconcile().status, here.drain().status) == (0, 0)
    assert {here.world.item(f"film {n}").selected_logo for n in range(12)} == {sha1_of(A)}
    assert sum(one.path.startswith("/studio/") for one in list(here.world.stash.requests)) == 1


def test_the_preview_counts_logos_where_they_are_carried(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    a_film(bench, a_studio(bench))
    a_film(bench, None, "two")

    def previewed(**settings: Any) -> str:
        caplog.clear()
        with caplog.at_level(logging.INFO):
            config = bench.config(settings)
            run_preview(bench.stash(settings), config, str(bench.world.data_dir), bench.queue)
        return "\n".join(logged(caplog, "INFO"))

    assert "Logos that would be compared: 1" in previewed()
    assert "Logos" not in previewed(studio_logo=False)
    sync(bench)
    bench.save(1, 2)
    assert "Logos that would be compared: 0" in previewed()
