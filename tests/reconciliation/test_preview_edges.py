"""Promises about what the preview leaves out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders.bench import Bench, a_bench
from tests.reconciliation.test_preview import preview


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with a_bench(tmp_path) as bench:
        yield bench


def test_a_bare_scene_that_waits_in_the_queue_is_not_shown_where_the_drain_would_not_write_it(
    bench: Bench,
) -> None:
    """Worker: is_bare and never pushed → nothing to carry over. Preview plans it all the same."""
    bench.save(bench.world.add_film("one", plex={}))
    html = preview(bench, content_rating="XXX")
    bench.world.clear_requests()
    bench.drain(content_rating="XXX")
    assert html.count("<h2>") == len(bench.world.plex.writes)
