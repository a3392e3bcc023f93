"""What was written is read back: what Plex silently drops is told, and its own way of writing is not."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from sync_queue.claims import Outcome
from tests.builders.bench import Bench
from tests.builders.sync import changing_requests, logged
from tests.servers.plex import edits as plex_edits
from tests.servers.plex import routes as plex_routes

Spoil = Callable[[plex_edits.Edit], Any]


def let_plex(monkeypatch: pytest.MonkeyPatch, spoil: Spoil, times: int = 1_000) -> None:
    """Let Plex apply something else than the edit that it was sent, so often."""
    left = [times]

    def spoilt(library: Any, items: Any, edit: plex_edits.Edit, behaviour: Any) -> None:
        if left[0]:
            left[0] -= 1
            edit = deepcopy(edit)
            spoil(edit)
        plex_edits.apply_edit(library, items, edit, behaviour)

    monkeypatch.setattr(plex_routes, "apply_edit", spoilt)


def a_film(bench: Bench, **scene: Any) -> int:
    """The film “one” with values of its own, saved."""
    world = bench.world
    values = {"details": "Text", "studio": world.studio_id("North"), "tags": world.tag_ids("Sea", "Boats")}
    scene_id = world.add_film("one", plex={}, **{**values, **scene})
    bench.save(scene_id)
    return scene_id


def make_anew(bench: Bench, name: str) -> None:
    """Plex takes the file for a new item, as after a restart with a scan."""
    library = bench.world.plex.library
    library.remove_item(bench.world.item(name).rating_key)
    library.add_item(bench.world.section_keys["Films"], ((f"/media/Films/{name}.mp4", 1000),))


DROPPED: list[tuple[str, Spoil]] = [
    ("studio", lambda edit: edit.values.pop("studio")),
    ("summary", lambda edit: edit.values.pop("summary")),
    ("genres", lambda edit: edit.tags["genre"].new.popitem()),
    ("collections", lambda edit: edit.tags.pop("collection")),
]


@pytest.mark.parametrize(("field", "spoil"), DROPPED)
def test_a_field_that_plex_drops_is_written_twice_and_then_fails_with_its_name(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, field: str, spoil: Spoil
) -> None:
    scene_id = a_film(bench)
    let_plex(monkeypatch, lambda edit: _where_there(spoil, edit))
    summary = bench.drain()
    assert (summary.outcomes[Outcome.FAILED], bench.puts()) == (1, 2)
    (job,) = bench.failed()
    assert job.scene_id == scene_id
    assert field in job.problem
    assert [other for other, _ in DROPPED if other != field and other in job.problem] == []
    assert any(f"Scene {scene_id} " in text and field in text for text in logged(caplog, "WARNING"))


def _where_there(spoil: Spoil, edit: plex_edits.Edit) -> None:
    """The second write holds only what did not take."""
    if edit.values or edit.tags:
        spoil(edit)


def test_a_value_that_is_neither_the_old_nor_the_new_one_is_left_and_told(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    scene_id = a_film(bench)
    let_plex(monkeypatch, lambda edit: edit.values.update(summary="By hand"))
    summary = bench.drain()
    assert (summary.outcomes[Outcome.WRITTEN], bench.puts(), bench.failed()) == (1, 1, [])
    (warned,) = logged(caplog, "WARNING")
    assert f"Scene {scene_id}: Plex shows another summary" in warned
    bench.save(scene_id)
    assert bench.drain().outcomes[Outcome.UNCHANGED] == 1
    assert bench.world.item("one").summary == "By hand"


def test_the_debug_log_has_what_was_sent_and_what_is_there(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    scene_id = a_film(bench)
    let_plex(monkeypatch, lambda edit: edit.values.update(studio="Elsewhere"))
    bench.drain()
    lines = [text for text in logged(caplog, "DEBUG") if "“North”" in text and "“Elsewhere”" in text]
    assert lines
    assert all(f"Scene {scene_id}:" in line and "studio" in line for line in lines)


def test_what_takes_at_the_second_try_is_no_failure(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    a_film(bench)
    let_plex(monkeypatch, lambda edit: edit.values.pop("studio"), times=1)
    summary = bench.drain()
    assert (summary.outcomes[Outcome.WRITTEN], bench.puts(), bench.failed()) == (1, 2, [])
    assert bench.world.item("one").studio == "North"


def test_the_other_scenes_of_a_batch_are_written_once_and_do_not_fail(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_film(bench)
    bench.save(bench.world.add_film("two", details="Other", plex={}))
    let_plex(monkeypatch, lambda edit: edit.values.pop("studio", None))
    outcomes = bench.drain().outcomes
    assert (outcomes[Outcome.WRITTEN], outcomes[Outcome.FAILED], bench.puts()) == (1, 1, 3)


def test_a_failed_scene_is_written_after_plex_takes_the_field_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene_id = a_film(bench)
    with pytest.MonkeyPatch.context() as for_a_while:
        let_plex(for_a_while, lambda edit: edit.values.pop("studio"))
        bench.drain()
    bench.save(scene_id)
    bench.drain()
    assert (bench.world.item("one").studio, bench.failed(), bench.waiting()) == ("North", [], [])


@pytest.mark.parametrize("behaviour", ["ignored", "400"])
def test_a_date_that_plex_does_not_take_fails_with_the_scene_and_keeps_the_other_scenes_going(
    bench: Bench, behaviour: Any
) -> None:
    bench.world.plex.behaviour.invalid_date = behaviour
    scene_id = a_film(bench, date="2014-02-31")
    bench.world.item("one").date = None
    bench.save(bench.world.add_film("two", details="Other", plex={}))
    outcomes = bench.drain().outcomes
    assert (outcomes[Outcome.WRITTEN], outcomes[Outcome.FAILED]) == (1, 1)
    (job,) = bench.failed()
    assert job.scene_id == scene_id
    assert "date" in job.problem or behaviour == "400"


def test_a_date_that_plex_empties_is_told_with_the_scene(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    scene_id = a_film(bench, date="2014-02-03")
    let_plex(monkeypatch, lambda edit: edit.values.update(originallyAvailableAt=""))
    bench.drain()
    (warned,) = logged(caplog, "WARNING")
    assert f"Scene {scene_id}: Plex shows another date" in warned


@pytest.mark.parametrize("trims", [False, True])
@pytest.mark.parametrize("replaces", [False, True])
@pytest.mark.parametrize("cases", ["all_words", "first_letter", "off"])
def test_plexs_own_way_of_writing_counts_as_taken(
    bench: Bench, trims: bool, replaces: bool, cases: Any
) -> None:
    behaviour = bench.world.plex.behaviour
    behaviour.trims_text, behaviour.tags_replace, behaviour.title_case_new_tags = trims, replaces, cases
    scene_id = a_film(
        bench,
        title="  Odd  title ",
        details="First line\r\n\tsecond line \n",
        tags=bench.world.tag_ids("sci-fi", "rock 'n' roll", " padded ", "straße", "éclair", "Rock, Paper"),
    )
    bench.world.plex.library.set_fields(bench.world.item("one"), {"genres": ["Old One"]})
    summary = bench.drain()
    assert (summary.outcomes[Outcome.WRITTEN], bench.puts(), bench.failed()) == (1, 1, [])
    assert {name.strip().casefold() for name in bench.world.item("one").genres} == {
        name.casefold() for name in ("sci-fi", "rock 'n' roll", "padded", "straße", "éclair", "Rock, Paper")
    }
    bench.save(scene_id)
    bench.world.clear_requests()
    bench.drain()
    assert changing_requests(bench) == []


def test_an_item_that_got_another_key_after_the_write_does_not_count_as_written(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [a_film(bench), bench.world.add_film("two", details="Other", plex={})]
    bench.save(ids[1])

    def made_anew(served: Any, items: Any, edit: plex_edits.Edit, behaviour: Any) -> None:
        plex_edits.apply_edit(served, items, edit, behaviour)
        if items[0] is bench.world.item("one"):
            make_anew(bench, "one")

    with pytest.MonkeyPatch.context() as for_a_while:
        for_a_while.setattr(plex_routes, "apply_edit", made_anew)
        summary = bench.drain()
    assert (summary.outcomes[Outcome.WRITTEN], summary.left) == (1, 1)
    assert [job.scene_id for job in bench.waiting()] == [ids[0]]
    assert bench.world.item("one").summary == ""
    bench.later += 3600
    assert bench.drain().outcomes[Outcome.WRITTEN] == 1
    assert bench.world.item("one").summary == "Text"


def test_where_all_items_got_other_keys_after_the_writes_every_scene_is_kept_and_it_is_said(
    bench: Bench,
) -> None:
    ids = [a_film(bench), *(bench.world.add_film(name, details="Text", plex={}) for name in ("two", "three"))]
    bench.save(*ids[1:])
    names = ("one", "two", "three")
    written: list[int] = []

    def made_anew_at_the_end(served: Any, items: Any, edit: plex_edits.Edit, behaviour: Any) -> None:
        plex_edits.apply_edit(served, items, edit, behaviour)
        written.append(items[0].rating_key)
        if len(written) == len(names):
            for name in names:
                make_anew(bench, name)

    with pytest.MonkeyPatch.context() as for_a_while:
        for_a_while.setattr(plex_routes, "apply_edit", made_anew_at_the_end)
        summary = bench.drain()
    assert "Plex no longer shows the item" in summary.stopped
    assert (summary.handled, summary.left) == (0, 3)
    assert bench.drain().outcomes[Outcome.WRITTEN] == 3
    assert [bench.world.item(name).summary for name in names] == ["Text"] * 3
