"""Promises about a Stash whose database stays locked for a while."""

from pathlib import Path

import pytest

from stash import session as stash_session
from tests.builders.bench import a_bench


def test_a_database_of_stash_that_stays_locked_stops_the_drain_and_no_job_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stash_session, "LOCKED_RETRIES", 2)
    with a_bench(tmp_path) as bench:
        ids = [bench.world.add_film(f"film {n}", details="Text", plex={}) for n in range(4)]
        bench.save(*ids)
        bench.world.stash.faults.add("graphql_error", "findScene", message="database is locked")
        summary = bench.drain()
        assert bench.failed() == []
        assert "locked" in summary.stopped
        assert [job.scene_id for job in bench.waiting()] == ids
