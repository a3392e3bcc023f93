"""Promises about a Plex that redirects writes."""

from pathlib import Path

from tests.builders.bench import a_bench


def test_a_write_that_is_redirected_stops_the_drain_and_keeps_every_job(tmp_path: Path) -> None:
    with a_bench(tmp_path) as bench:
        ids = [bench.world.add_film(f"film {n}", details="Text", plex={}) for n in range(3)]
        bench.save(*ids)
        bench.world.plex.faults.add(
            "status",
            "/library/sections/1/all",
            method="PUT",
            code=302,
            headers={"Location": "http://127.0.0.1:9"},
        )
        summary = bench.drain()
        assert bench.failed() == []
        assert "redirects" in summary.stopped
        assert [job.scene_id for job in bench.waiting()] == ids
