"""What a cover's way into Plex promises: once for each image, never at the cost of the texts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

import transport.bounded_answer
from stash import session as stash_session
from sync_queue.claims import Outcome
from sync_queue.pace import Pace
from tests.builders.bench import Bench, a_bench
from tests.builders.sync import (
    a_picture,
    changing_requests,
    image_fetches,
    image_requests,
    let_time_pass,
    logged,
    retried_until_it_fails,
    sha1_of,
    sync,
)
from tests.servers.stash.http import LOGIN_PAGE

pytestmark = pytest.mark.unmeasured

A, B = a_picture("a"), a_picture("b")
LARGEST = 10_480_000


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with a_bench(tmp_path) as bench:
        let_time_pass(bench.world)
        yield bench


def a_film(bench: Bench, cover: bytes | None = A, plex: dict[str, Any] | None = None, **scene: Any) -> int:
    """The film “one”, in Plex without a picture."""
    return bench.world.add_film("one", details="Text", cover=cover, plex=plex or {}, **scene)


def poster(bench: Bench, name: str = "one") -> str | None:
    """The SHA-1 of the poster that Plex shows."""
    shown: str | None = bench.world.item(name).selected_poster
    return shown


def save_and_drain(bench: Bench, scene_id: int, **settings: Any) -> Any:
    """What follows an edit; the requests are those of the drain."""
    bench.save(scene_id)
    bench.world.clear_requests()
    return bench.drain(**settings).outcomes


def test_a_cover_becomes_the_chosen_and_locked_poster(bench: Bench) -> None:
    a_film(bench)
    sync(bench)
    assert (poster(bench), len(bench.world.item("one").posters)) == (sha1_of(A), 1)
    assert "thumb" in bench.world.item("one").locked
    assert (image_fetches(bench), image_requests(bench)) == (1, ["GET", "POST", "PUT"])


def test_a_second_sync_asks_for_no_image_and_sends_none(bench: Bench) -> None:
    scene_id = a_film(bench)
    sync(bench)
    sync(bench)
    assert (image_fetches(bench), image_requests(bench)) == (0, [])
    assert save_and_drain(bench, scene_id)[Outcome.UNCHANGED] == 1
    assert (image_fetches(bench), image_requests(bench)) == (0, [])


def test_after_an_edit_of_something_else_an_unchanged_cover_costs_one_conditional_request(
    bench: Bench,
) -> None:
    scene_id = a_film(bench)
    sync(bench)
    bench.world.stash.library.update_scene(scene_id, details="Other text")
    save_and_drain(bench, scene_id)
    assert (image_fetches(bench), image_requests(bench)) == (1, [])
    save_and_drain(bench, scene_id)
    assert image_fetches(bench) == 0


def test_a_changed_cover_is_uploaded_and_chosen(bench: Bench) -> None:
    scene_id = a_film(bench)
    sync(bench)
    bench.world.stash.library.set_cover(scene_id, B)
    assert save_and_drain(bench, scene_id)[Outcome.WRITTEN] == 1
    assert poster(bench) == sha1_of(B)
    assert (image_fetches(bench), image_requests(bench)) == (1, ["POST", "PUT"])


def test_a_cover_that_returns_is_chosen_again_without_a_second_copy(bench: Bench) -> None:
    scene_id = a_film(bench)
    for cover in (A, B, A):
        bench.world.stash.library.set_cover(scene_id, cover)
        save_and_drain(bench, scene_id)
    assert poster(bench) == sha1_of(A)
    assert bench.world.item("one").posters == [sha1_of(A), sha1_of(B)]


def test_the_cover_becomes_the_background_where_that_is_asked_for(bench: Bench) -> None:
    a_film(bench)
    sync(bench, background_from_cover=True)
    item = bench.world.item("one")
    assert (item.selected_art, item.selected_poster) == (sha1_of(A), sha1_of(A))
    assert image_fetches(bench) == 1
    sync(bench, background_from_cover=True)
    assert changing_requests(bench) == []


def test_without_that_setting_no_background_is_touched(bench: Bench) -> None:
    a_film(bench)
    sync(bench)
    assert bench.world.item("one").arts == []


@pytest.mark.parametrize(
    ("left", "expected"), [("poster", (None, sha1_of(A))), ("background", (sha1_of(A), None))]
)
def test_an_image_that_is_to_be_left_alone_is_left_alone(
    bench: Bench, left: str, expected: tuple[str | None, str | None]
) -> None:
    a_film(bench)
    sync(bench, leave_fields=left, background_from_cover=True)
    item = bench.world.item("one")
    assert (item.selected_poster, item.selected_art) == expected


def test_with_no_image_to_carry_stash_is_asked_for_none(bench: Bench) -> None:
    a_film(bench)
    sync(bench, leave_fields="poster, background")
    assert (image_fetches(bench), bench.world.item("one").summary) == (0, "Text")


def test_the_picture_that_stash_draws_for_a_missing_cover_is_no_cover(bench: Bench) -> None:
    scene_id = a_film(bench, cover=None)
    sync(bench)
    assert (image_fetches(bench), image_requests(bench)) == (1, [])
    assert bench.world.item("one").posters == []
    save_and_drain(bench, scene_id)
    assert image_fetches(bench) == 0


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (LOGIN_PAGE, "text/html; charset=utf-8"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"),
        (LOGIN_PAGE, "image/jpeg"),
        (b"", "image/jpeg"),
    ],
)
def test_what_is_no_picture_never_becomes_a_poster(bench: Bench, content: bytes, kind: str) -> None:
    a_film(bench, cover=content, cover_type=kind)
    sync(bench)
    assert (image_requests(bench), bench.world.item("one").summary) == ([], "Text")


@pytest.mark.parametrize(
    ("code", "body", "kind"),
    [
        (200, LOGIN_PAGE, "text/html; charset=utf-8"),
        (200, b"", "text/plain"),
        (204, b"", "image/jpeg"),
        (404, b"404 page not found", "text/plain"),
        (429, b"", "text/plain"),
        (498, b"", "text/plain"),
    ],
)
def test_covers_that_did_not_come_are_brought_when_stash_delivers_again(
    bench: Bench, code: int, body: bytes, kind: str
) -> None:
    names = [f"film {n}" for n in range(8)]
    for name in names:
        bench.world.add_film(name, details=name, cover=A, plex={})
    bench.world.stash.faults.add("status", "/scene/", code=code, body=body, content_type=kind)
    sync(bench)
    assert {bench.world.item(name).summary for name in names} == set(names)
    assert all(poster(bench, name) is None for name in names)
    bench.world.stash.faults.clear()
    bench.later = 3600
    bench.drain()
    assert {poster(bench, name) for name in names} == {sha1_of(A)}


@pytest.mark.parametrize("code", [401, 404, 500])
def test_a_reconcile_ends_well_where_stash_delivers_no_covers_and_looks_at_them_the_next_time(
    bench: Bench, code: int
) -> None:
    ids = [bench.world.add_film(f"film {n}", details="x", cover=A, plex={}) for n in range(6)]
    sync(bench)
    for scene_id in ids:
        bench.world.stash.library.update_scene(scene_id, cover=B)
    let_time_pass(bench.world)
    fault = bench.world.stash.faults.add("status", "/scene/", code=code)
    assert bench.reconcile().stale_sync_count == 0
    assert fault.used == 3
    bench.world.stash.faults.clear()
    sync(bench)
    assert {poster(bench, f"film {n}") for n in range(6)} == {sha1_of(B)}


def test_the_login_page_that_stash_redirects_to_never_becomes_a_poster(bench: Bench) -> None:
    scene_id = a_film(bench)
    fault = bench.world.stash.faults.add("unauthorized", f"/scene/{scene_id}/screenshot", times=1)
    sync(bench)
    assert (fault.used, bench.world.item("one").posters, bench.world.item("one").summary) == (1, [], "Text")
    assert [one.path for one in bench.world.stash.requests if one.path == "/login"] == []
    bench.later = 3600
    bench.drain()
    assert poster(bench) == sha1_of(A)


@pytest.mark.parametrize(("size", "is_taken"), [(LARGEST, True), (LARGEST + 1, False)])
def test_a_cover_beyond_the_limit_is_refused_with_one_warning_and_the_texts_are_written(
    bench: Bench, caplog: pytest.LogCaptureFixture, size: int, is_taken: bool
) -> None:
    scene_id = a_film(bench, cover=A.ljust(size, b"."))
    sync(bench)
    sync(bench)
    save_and_drain(bench, scene_id)
    warnings = [text for text in logged(caplog, "WARNING") if f"Scene {scene_id}:" in text]
    assert [("10,480,000" in text) for text in warnings] == ([] if is_taken else [True])
    assert len(bench.world.item("one").posters) == is_taken
    assert bench.world.item("one").summary == "Text"
    assert (bench.waiting(), bench.failed()) == ([], [])


@pytest.mark.parametrize("kind", ["refuse", "drop", "status", "hang", "drip"])
def test_a_cover_that_does_not_come_holds_up_no_text_and_is_brought_later(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, kind: Any
) -> None:
    monkeypatch.setattr(stash_session, "READ_TIMEOUT", 0.2)
    monkeypatch.setattr(transport.bounded_answer, "LONGEST_ANSWER", 0.15)
    scene_id = a_film(bench, cover=A * 10)
    other = bench.world.add_film("two", details="Other", cover=B, plex={})
    fault = bench.world.stash.faults.add(kind, f"/scene/{scene_id}/screenshot", pause=0.02)
    bench.save(scene_id, other)
    outcomes = bench.drain().outcomes
    assert (outcomes[Outcome.BUSY], outcomes[Outcome.WRITTEN]) == (1, 1)
    assert (bench.world.item("one").summary, bench.world.item("one").posters) == ("Text", [])
    assert poster(bench, "two") == sha1_of(B)
    assert fault.used
    bench.world.stash.faults.clear()
    bench.later = 3600
    assert bench.drain().outcomes[Outcome.WRITTEN] == 1
    assert poster(bench) == sha1_of(A * 10)


def test_a_cover_that_never_comes_fails_in_the_end_with_the_id_of_its_scene(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    scene_id = a_film(bench)
    bench.world.stash.faults.add("status", f"/scene/{scene_id}/screenshot", code=500)
    bench.save(scene_id)
    drains = retried_until_it_fails(bench)
    (job,) = bench.failed()
    assert (job.scene_id, 1 < drains < 20, "cover" in job.problem) == (scene_id, True, True)
    (warned,) = logged(caplog, "WARNING")
    assert f"Scene {scene_id} " in warned
    assert bench.puts() == 1


def test_a_poster_that_plex_refuses_is_told_once_and_does_not_hold_up_the_texts(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    scene_id = a_film(bench)
    bench.world.plex.faults.add("status", "/library/metadata", method="POST", code=400)
    assert save_and_drain(bench, scene_id)[Outcome.WRITTEN] == 1
    (warned,) = logged(caplog, "WARNING")
    assert f"Scene {scene_id}: its cover" in warned
    assert bench.world.item("one").summary == "Text"
    assert bench.waiting() == []


def test_two_items_of_one_scene_get_the_cover_from_one_fetch(bench: Bench) -> None:
    library = bench.world.plex.library
    scene_id = a_film(bench)
    bench.world.stash.library.add_file(scene_id, "/data/Clips/one.mp4", 5)
    second = library.add_item(bench.world.section_keys["Clips"], (("/media/Clips/one.mp4", 5),))
    sync(bench)
    assert (poster(bench), second.selected_poster, image_fetches(bench)) == (sha1_of(A), sha1_of(A), 1)
    sync(bench)
    assert changing_requests(bench) == []


def test_an_item_that_comes_later_gets_the_cover_and_the_first_is_not_given_it_again(bench: Bench) -> None:
    scene_id = a_film(bench)
    sync(bench)
    bench.world.stash.library.add_file(scene_id, "/data/Clips/one.mp4", 5)
    key = bench.world.section_keys["Clips"]
    second = bench.world.plex.library.add_item(key, (("/media/Clips/one.mp4", 5),))
    sync(bench)
    assert second.selected_poster == sha1_of(A)
    assert [one.rating_key for one in bench.world.plex.uploads] == [second.rating_key]


def test_the_session_that_an_image_brings_is_used_from_then_on(bench: Bench) -> None:
    stash = bench.world.stash
    stash.credentials, stash.max_session_age = True, 60.0
    seconds = iter(range(0, 100_000, 20))
    stash.clock = lambda: next(seconds)
    ids = [
        bench.world.add_film(f"film {n}", details="x", cover=a_picture(str(n)), plex={}) for n in range(12)
    ]
    bench.save(*ids)
    summary = bench.drain()
    assert (summary.stopped, summary.outcomes[Outcome.WRITTEN]) == ("", 12)
    assert {poster(bench, f"film {n}") for n in range(12)} == {sha1_of(a_picture(str(n))) for n in range(12)}


def test_covers_are_fetched_from_the_connection_given_and_not_from_the_public_address(bench: Bench) -> None:
    bench.world.stash.external_host = "https://stash.example.invalid"
    a_film(bench)
    sync(bench)
    assert (poster(bench), image_fetches(bench)) == (sha1_of(A), 1)


def test_the_cover_of_a_new_scene_that_comes_later_is_carried_at_the_next_save(bench: Bench) -> None:
    bench.world.stash.library.now = lambda: datetime.now(timezone.utc) - timedelta(minutes=2)
    scene_id = a_film(bench, cover=None)
    save_and_drain(bench, scene_id)
    assert bench.world.item("one").posters == []
    bench.world.stash.library.scene(scene_id).cover = A
    save_and_drain(bench, scene_id)
    assert poster(bench) == sha1_of(A)


def test_with_edits_preserved_a_poster_that_a_person_chose_before_the_first_sync_stays(bench: Bench) -> None:
    scene_id = a_film(bench, plex={"poster": B, "locked": ["thumb"]})
    sync(bench, preserve_plex_edits=True)
    assert (poster(bench), image_requests(bench)) == (sha1_of(B), [])
    bench.world.stash.library.update_scene(scene_id, details="Edited")
    sync(bench, preserve_plex_edits=True)
    assert poster(bench) == sha1_of(B)


def test_with_edits_preserved_a_poster_that_nobody_chose_is_replaced(bench: Bench) -> None:
    a_film(bench, plex={"poster": B})
    sync(bench, preserve_plex_edits=True)
    assert poster(bench) == sha1_of(A)


@pytest.mark.parametrize(("preserve", "expected"), [(True, "mine"), (False, "b")])
def test_a_poster_chosen_in_plex_after_the_sync_wins_only_where_edits_are_preserved(
    bench: Bench, preserve: bool, expected: str
) -> None:
    scene_id = a_film(bench)
    sync(bench, preserve_plex_edits=preserve)
    bench.world.plex.library.upload_image(bench.world.item("one").rating_key, "poster", a_picture("mine"))
    bench.world.stash.library.update_scene(scene_id, details="Edited")
    sync(bench, preserve_plex_edits=preserve)
    assert poster(bench) == sha1_of(a_picture("mine")), "Stash's cover did not change"
    bench.world.stash.library.set_cover(scene_id, B)
    sync(bench, preserve_plex_edits=preserve)
    assert poster(bench) == sha1_of(a_picture(expected))


def test_a_reconcile_finds_a_cover_that_changed_and_nothing_else_did(bench: Bench) -> None:
    scene_id = a_film(bench)
    sync(bench)
    bench.world.stash.library.set_cover(scene_id, B)
    result = bench.reconcile()
    assert (result.stale_sync_count, result.total_gaps) == (1, 1)
    bench.drain()
    assert poster(bench) == sha1_of(B)
    assert bench.reconcile().total_gaps == 0


def test_a_scene_that_was_saved_without_a_change_is_no_gap_and_its_cover_is_asked_for_once(
    bench: Bench,
) -> None:
    scene_id = a_film(bench)
    sync(bench)
    bench.world.stash.library.update_scene(scene_id)
    sync(bench)
    assert (image_fetches(bench), changing_requests(bench), bench.waiting()) == (1, [], [])
    assert bench.reconcile().total_gaps == 0
    assert image_fetches(bench) == 1


def test_a_reconcile_asks_for_a_bounded_number_of_covers_and_leaves_the_rest_to_the_next(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconciliation.cover_changes.COVERS_PER_RUN", 3)
    ids = [bench.world.add_film(f"film {n}", details="x", cover=a_picture(str(n)), plex={}) for n in range(5)]
    sync(bench)
    for scene_id in ids:
        bench.world.stash.library.set_cover(scene_id, a_picture(f"new {scene_id}"))
    assert bench.reconcile().total_gaps == 3
    bench.drain()
    assert bench.reconcile().total_gaps == 2


def test_a_plex_that_cannot_take_posters_is_not_asked_for_each_and_gets_all_texts(bench: Bench) -> None:
    for n in range(30):
        bench.save(bench.world.add_film(f"film {n}", details="Text", cover=A, plex={}))
    fault = bench.world.plex.faults.add("status", "/library/metadata", method="POST", code=500)
    summary = bench.drain()
    assert (summary.outcomes[Outcome.BUSY], fault.hits) == (30, 3)
    assert {bench.world.item(f"film {n}").summary for n in range(30)} == {"Text"}
    bench.world.plex.faults.clear()
    bench.later += 3600
    assert bench.drain().outcomes[Outcome.WRITTEN] == 30
    assert {poster(bench, f"film {n}") for n in range(30)} == {sha1_of(A)}


def test_posters_wait_as_texts_do_while_plex_has_trouble(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("sync_queue.sending.Pace", lambda: Pace(sleep=pauses.append))
    bench.save(a_film(bench))
    bench.save(bench.world.add_film("two", details="Text", cover=B, plex={}))
    bench.world.plex.faults.add("status", "/library/metadata", method="POST", code=429, times=1)
    bench.drain()
    assert pauses
