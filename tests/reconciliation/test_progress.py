"""A task's progress moves from its beginning on, never back, and ends at the whole."""

from __future__ import annotations

import pytest

from stash.log import Progress
from tests.builders.entry import Here
from tests.servers.world import World

TASKS = ["reconcile_all", "reconcile_recent", "preview", "find_orphans", "check_setup"]


@pytest.mark.parametrize("mode", TASKS)
@pytest.mark.parametrize("films", [0, 3])
def test_the_progress_of_a_short_task_moves_and_ends_at_the_whole(
    world: World, here: Here, monkeypatch: pytest.MonkeyPatch, mode: str, films: int
) -> None:
    monkeypatch.setattr(Progress, "INTERVAL", 0.0)
    for n in range(films):
        world.add_film(f"film {n}", details=f"Text {n}", plex={})
    shares = [float(text) for text in here.run({"mode": mode}).texts("progress")]
    assert shares == sorted(shares)
    if films:
        assert 0 < shares[0] < 0.2 or mode == "check_setup"
        assert len(set(shares)) >= (2 if mode == "check_setup" else 3)
        assert shares[-1] == 1.0


def test_a_part_of_a_task_stays_within_its_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[float] = []
    monkeypatch.setattr("stashapi.log.progress", told.append)
    monkeypatch.setattr(Progress, "INTERVAL", 0.0)
    part = Progress().part(0.25, 0.75)
    for share in (-1.0, 0.0, 0.5, 1.0, 2.0):
        part(share)
    assert told == [0.25, 0.25, 0.5, 0.75, 0.75]
