"""What a drain says is what became of the edits, and its progress is what is done of what there is."""

from __future__ import annotations

import time
from typing import Any

import pytest

from plex.client import connect
from sync_queue.claims import DrainSummary, Outcome
from sync_queue.manager import QueueManager
from sync_queue.reading import Lane
from sync_queue.summary import advice_lines, automatic_lines, caught_up_line, summary_lines
from sync_queue.worker import SyncWorker
from tests.builders.bench import Bench, a_job
from tests.builders.sync import films
from tests.servers.plex import edits as plex_edits
from tests.servers.plex import routes as plex_routes


def drain(bench: Bench, is_automatic: bool = False) -> tuple[DrainSummary, list[float]]:
    """A drain with its progress."""
    config = bench.config({})
    shares: list[float] = []
    with bench.state() as state:
        plex, stash = connect(config, bench.world.data_dir), bench.stash()
        worker = SyncWorker(
            bench.queue,
            state,
            stash,
            plex,
            config,
            shares.append,
            bench.clock,
            is_automatic,
            lambda: Lane(stash.another(), connect(config, bench.world.data_dir)),
        )
        return worker.drain(), shares


def test_a_drain_that_carried_nothing_does_not_say_that_it_did(bench: Bench) -> None:
    bench.save(bench.world.add_film("away", details="Text"))
    (line,) = automatic_lines(drain(bench)[0])
    assert line == "Changes in Stash not carried to Plex, scenes: 1 not in Plex. Queue Status says why."


def test_what_was_found_before_a_drain_is_told_as_scenes_and_as_what_scenes_show() -> None:
    line = caught_up_line(2, 0)
    assert line == "Changed in Stash without telling the plugin, and queued now: 2 scenes."
    line = caught_up_line(0, 1)
    assert "1 performer, studio, tag or group; scenes that show" in line


def test_scenes_that_are_not_in_plex_lead_to_check_setup_whatever_the_path_map(bench: Bench) -> None:
    bench.save(bench.world.add_film("away", details="Text"))
    (advice,) = advice_lines(drain(bench)[0])
    assert "run Check Setup" in advice
    assert "set the path map" not in advice


def test_older_scenes_that_came_due_are_no_news_beside_an_edit(bench: Bench) -> None:
    for n in range(3):
        bench.save(bench.world.add_film(f"away {n}", details="Text"))
    drain(bench)
    bench.later += 86_400
    bench.save(bench.world.add_film("there", details="Text", plex={}))
    summary, _ = drain(bench)
    assert summary.outcomes[Outcome.NOT_IN_PLEX] == 3
    assert automatic_lines(summary) == ["Changes in Stash carried to Plex, scenes: 1 written."]
    bench.later += 2 * 86_400
    assert automatic_lines(drain(bench)[0]) == []


def test_a_cover_that_plex_could_not_take_is_not_called_a_busy_plex(bench: Bench) -> None:
    summary = DrainSummary()
    summary.outcomes[Outcome.BUSY] = 2
    assert "Tried again later: 2 (Queue Status says why)" in summary_lines(summary)
    assert "busy" not in "\n".join(summary_lines(summary))


def test_the_progress_moves_with_every_scene_and_ends_once(bench: Bench) -> None:
    films(bench, 5)
    _, shares = drain(bench)
    assert len(shares) == 6
    assert shares == sorted(shares)
    assert 0 < shares[0] < 0.5
    assert (shares[-2] < 1.0, shares[-1]) == (True, 1.0)


def test_what_is_saved_during_a_drain_belongs_to_its_progress(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a bulk edit, whose first hook starts the drain."""
    first, *others = [bench.world.add_film(f"film {n}", details=f"Text {n}", plex={}) for n in range(20)]
    bench.save(first)
    key = bench.world.item("film 0").rating_key

    def saved_meanwhile(library: Any, items: Any, edit: Any, behaviour: Any) -> None:
        plex_edits.apply_edit(library, items, edit, behaviour)
        if items[0].rating_key == key:
            manager = QueueManager(bench.world.data_dir)
            for scene_id in others:
                manager.append(a_job(scene_id, "Scene.Update.Post"))
            manager.close()

    monkeypatch.setattr(plex_routes, "apply_edit", saved_meanwhile)
    started = time.monotonic()
    summary, shares = drain(bench, is_automatic=True)
    assert summary.outcomes[Outcome.WRITTEN] == 20
    assert time.monotonic() - started < 20
    assert shares[1] < 0.5
    assert [share for share in shares if share >= 1.0] == [1.0]
