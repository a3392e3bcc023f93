"""A person's edit in Plex during a drain is seen, whenever it falls, and never taken for Stash's own."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from plex.client import Plex, connect
from sync_queue import read_back, sending
from sync_queue.claims import DrainSummary, Outcome
from sync_queue.reading import EachRead, Lane
from sync_queue.sending import Sent
from sync_queue.worker import SyncWorker
from tests.builders.bench import Bench
from tests.builders.sync import logged
from tests.servers.plex.messages import Request, Response

DETAILS = re.compile(r"/library/metadata/([\d,]+)")
FILMS = 6
LONGEST_WAIT = 20


def edited_films(bench: Bench) -> list[int]:
    """Films that were brought to Plex with one text, and have another in Stash now."""
    ids = [bench.world.add_film(f"film {n}", details=f"Before {n}", plex={}) for n in range(FILMS)]
    bench.save(*ids)
    assert bench.drain().outcomes[Outcome.WRITTEN] == FILMS
    for n, scene_id in enumerate(ids):
        bench.world.stash.library.update_scene(scene_id, details=f"After {n}")
    bench.save(*ids)
    bench.world.clear_requests()
    return ids


def drain(bench: Bench, **settings: Any) -> DrainSummary:
    """A drain as Process Queue does it, with connections for threads of its own."""
    config = bench.config(settings)
    stash = bench.stash()

    def open_lane() -> Lane:
        return Lane(stash.another(), connect(config, bench.world.data_dir))

    with bench.state() as state:
        plex = connect(config, bench.world.data_dir)
        return SyncWorker(bench.queue, state, stash, plex, config, open_lane=open_lane).drain()


class Steps:
    """Lets each write wait until its item was looked at so often, and tells of each write."""

    def __init__(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        self._plex = bench.world.plex
        self._changed = threading.Condition()
        self.before_write: Callable[[int], None] = lambda _: None
        self.after_write: Callable[[int], None] = lambda _: None
        # Whatever was read with its batch is too old, and each scene is read for itself.
        monkeypatch.setattr(sending, "AIM", 0.0)
        monkeypatch.setattr(sending, "FRESH_ENOUGH", 0.0)
        monkeypatch.setattr(self._plex, "respond", self._responding(self._plex.respond))
        monkeypatch.setattr(self._plex, "record", self._recording(self._plex.record))

    def wait_for_looks(self, key: int, count: int) -> None:
        """Until an item was read so often since the requests were cleared."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.looks(key) >= count, LONGEST_WAIT)

    def looks(self, key: int) -> int:
        found = (DETAILS.fullmatch(one.path) for one in list(self._plex.requests) if one.method == "GET")
        return sum(str(key) in match[1].split(",") for match in found if match)

    def _recording(self, record: Callable[[Request, int], None]) -> Callable[[Request, int], None]:
        def recorded(request: Request, status: int) -> None:
            record(request, status)
            with self._changed:
                self._changed.notify_all()

        return recorded

    def _responding(self, respond: Callable[..., Response]) -> Callable[..., Response]:
        def responded(request: Request, *fault: Any) -> Response:
            if request.method != "PUT":
                return respond(request, *fault)
            key = int(request.query["id"])
            self.before_write(key)
            response = respond(request, *fault)
            self.after_write(key)
            return response

        return responded


@pytest.fixture
def steps(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Steps:
    return Steps(bench, monkeypatch)


def key_of(bench: Bench, number: int) -> int:
    return int(bench.world.item(f"film {number}").rating_key)


def edit(bench: Bench, number: int, **fields: Any) -> None:
    bench.world.plex.library.edit_by_hand(key_of(bench, number), **fields)


@pytest.mark.parametrize("preserve", [False, True])
def test_an_edit_made_in_plex_after_the_batch_was_read_is_merged_as_any_other(
    bench: Bench, steps: Steps, caplog: pytest.LogCaptureFixture, preserve: bool
) -> None:
    ids = edited_films(bench)
    first = key_of(bench, 0)

    def edit_the_last(key: int) -> None:
        if key == first:
            edit(bench, FILMS - 1, summary="By hand", title="By hand")

    steps.before_write = edit_the_last
    drain(bench, preserve_plex_edits=preserve)
    item = bench.world.item(f"film {FILMS - 1}")
    assert item.title == "By hand"
    assert item.summary == ("By hand" if preserve else f"After {FILMS - 1}")
    outcome = "Plex keeps its own" if preserve else "Stash wins"
    assert f"Scene {ids[-1]}: summary changed in Plex and in Stash; {outcome}." in logged(caplog, "INFO")


def test_an_edit_made_while_plex_holds_up_the_writes_is_seen_by_the_writer_itself(
    bench: Bench, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    edited_films(bench)
    first = key_of(bench, 0)

    def edit_the_last(key: int) -> None:
        if key == first:
            edit(bench, FILMS - 1, summary="By hand")

    steps.before_write = edit_the_last
    monkeypatch.setattr(sending, "AIM", 1e9)
    monkeypatch.setattr(sending, "FRESH_ENOUGH", 1e9)
    monkeypatch.setattr(sending, "TOO_OLD", 0.0)
    drain(bench, preserve_plex_edits=True)
    assert bench.world.item(f"film {FILMS - 1}").summary == "By hand"
    assert bench.world.item("film 1").summary == "After 1"


def test_without_connections_of_its_own_a_drain_sees_edits_as_well(bench: Bench, steps: Steps) -> None:
    edited_films(bench)
    first = key_of(bench, 0)

    def edit_the_last(key: int) -> None:
        if key == first:
            edit(bench, FILMS - 1, summary="By hand")

    steps.before_write = edit_the_last
    bench.drain(preserve_plex_edits=True)
    assert bench.world.item(f"film {FILMS - 1}").summary == "By hand"


@pytest.mark.parametrize("parallel_writes", [2, 4])
def test_several_writers_see_edits_as_one_does(bench: Bench, steps: Steps, parallel_writes: int) -> None:
    edited_films(bench)
    first = key_of(bench, 0)

    def edit_the_last(key: int) -> None:
        if key == first:
            edit(bench, FILMS - 1, summary="By hand")

    steps.before_write = edit_the_last
    drain(bench, preserve_plex_edits=True, parallel_writes=parallel_writes)
    assert bench.world.item(f"film {FILMS - 1}").summary == "By hand"
    assert bench.world.item("film 1").summary == "After 1"


def test_an_item_that_is_opted_out_during_the_drain_is_left(bench: Bench, steps: Steps) -> None:
    ids = edited_films(bench)
    first = key_of(bench, 0)

    def opt_out_the_last(key: int) -> None:
        if key == first:
            edit(bench, FILMS - 1, labels=["Hands off"])

    steps.before_write = opt_out_the_last
    summary = drain(bench, opt_out_label="hands off")
    assert (summary.outcomes[Outcome.WRITTEN], summary.outcomes[Outcome.OPTED_OUT]) == (len(ids) - 1, 1)
    assert bench.world.item(f"film {FILMS - 1}").summary == f"Before {FILMS - 1}"


@pytest.mark.parametrize("preserve", [False, True])
def test_an_edit_made_between_the_last_look_and_the_write_is_seen_and_decided_as_any_other(
    bench: Bench, steps: Steps, caplog: pytest.LogCaptureFixture, preserve: bool
) -> None:
    ids = edited_films(bench)
    second, third = key_of(bench, 2), key_of(bench, 3)

    def in_step(key: int) -> None:
        if key == second:
            # With its batch, and right before its write.
            steps.wait_for_looks(third, 2)
            edit(bench, 3, summary="By hand")
        if key == third:
            steps.wait_for_looks(third, 3)

    steps.before_write = in_step
    summary = drain(bench, preserve_plex_edits=preserve)
    assert summary.outcomes[Outcome.WRITTEN] == FILMS
    outcome = "Plex keeps its own" if preserve else "Stash wins"
    assert f"Scene {ids[3]}: summary changed in Plex and in Stash; {outcome}." in logged(caplog, "INFO")
    assert bench.world.item("film 3").summary == ("By hand" if preserve else "After 3")
    bench.save(ids[3])
    drain(bench, preserve_plex_edits=preserve)
    assert bench.world.item("film 3").summary == ("By hand" if preserve else "After 3")


@pytest.mark.parametrize("parallel_writes", [1, 4])
def test_an_edit_made_after_the_write_and_before_the_read_back_stays_and_is_told(
    bench: Bench, steps: Steps, caplog: pytest.LogCaptureFixture, parallel_writes: int
) -> None:
    ids = edited_films(bench)
    third = key_of(bench, 3)

    def edit_it(key: int) -> None:
        if key == third:
            edit(bench, 3, summary="By hand")

    steps.after_write = edit_it
    summary = drain(bench, parallel_writes=parallel_writes)
    assert (summary.outcomes[Outcome.WRITTEN], summary.outcomes[Outcome.FAILED]) == (FILMS, 0)
    assert bench.world.item("film 3").summary == "By hand"
    (warned,) = logged(caplog, "WARNING")
    assert f"Scene {ids[3]}: Plex shows another summary" in warned
    bench.save(ids[3])
    drain(bench)
    assert bench.world.item("film 3").summary == "By hand"


def test_while_a_batch_is_read_back_beside_the_next_one_a_persons_edit_is_not_written_over(
    bench: Bench, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first write of the first film does not take; before it is written once more, somebody edits it."""
    monkeypatch.setattr("sync_queue.worker.SCENES_PER_BATCH", 2)
    edited_films(bench)
    first = key_of(bench, 0)
    taken: list[int] = []
    edits: list[str] = []
    look_again = read_back._again_where_unclear

    def lose_the_first(key: int) -> None:
        if key == first and not taken:
            taken.append(key)
            bench.world.plex.library.set_fields(bench.world.item("film 0"), {"summary": "Before 0"})

    def edit_before_another_look(plex: Plex, all_sent: Sequence[Sent], read: EachRead) -> EachRead:
        if first in read.items and "edited" not in edits:
            edits.append("edited")
            edit(bench, 0, summary="By hand")
        return look_again(plex, all_sent, read)

    steps.after_write = lose_the_first
    monkeypatch.setattr(read_back, "_again_where_unclear", edit_before_another_look)
    assert drain(bench).outcomes[Outcome.FAILED] == 0
    assert edits == ["edited"]
    assert bench.world.item("film 0").summary == "By hand"


def test_a_field_that_a_person_changes_in_the_moment_of_the_write_is_kept_and_told(
    bench: Bench, steps: Steps, caplog: pytest.LogCaptureFixture
) -> None:
    ids = edited_films(bench)
    third = key_of(bench, 3)

    def edit_beside(key: int) -> None:
        if key == third:
            edit(bench, 3, studio="By hand")

    steps.before_write = edit_beside
    drain(bench)
    assert bench.world.item("film 3").studio == "By hand"
    assert any(f"Scene {ids[3]}: studio changed in Plex" in text for text in logged(caplog, "INFO"))


def test_a_tag_that_a_person_takes_away_while_the_item_is_written_stays_away(
    bench: Bench, steps: Steps
) -> None:
    ids = edited_films(bench)
    third = key_of(bench, 3)
    bench.world.plex.library.edit_by_hand(third, genres=["By hand", "Too"])
    bench.world.stash.library.update_scene(ids[3], tags=tuple(bench.world.tag_ids("Sea")))

    def in_step(key: int) -> None:
        if key == key_of(bench, 2):
            steps.wait_for_looks(third, 2)
            edit(bench, 3, genres=["By hand"])
        if key == third:
            steps.wait_for_looks(third, 3)

    steps.before_write = in_step
    drain(bench)
    assert sorted(bench.world.item("film 3").genres) == ["By hand", "Sea"]


@pytest.mark.parametrize("parallel_writes", [1, 4])
def test_no_write_is_sent_before_it_is_recorded(bench: Bench, steps: Steps, parallel_writes: int) -> None:
    edited_films(bench)
    server = bench.world.plex.library
    recorded: list[bool] = []

    def look(key: int) -> None:
        with bench.state() as state:
            state.use_server(server.machine_identifier, str(bench.config({}).path_map))
            recorded.append(state.begun(key).base is not None)

    steps.before_write = look
    assert drain(bench, parallel_writes=parallel_writes).outcomes[Outcome.WRITTEN] == FILMS
    assert recorded == [True] * FILMS
