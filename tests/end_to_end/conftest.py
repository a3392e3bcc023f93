"""What holds for the tests of this room."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import coverage
import pytest

from tests.builders.entry import Here
from tests.servers.world import World, a_world


@pytest.fixture(autouse=True, scope="module")
def _whole_stories_are_not_measured(request: pytest.FixtureRequest) -> Iterator[None]:
    """The tests of the parts cover the lines; measured, these here would take twice as long.

    Where a module has the mark `measured`, its processes are.
    """
    measured = coverage.Coverage.current()
    if measured is None or request.node.get_closest_marker("measured"):
        yield
    else:
        measured.stop()
        yield
        measured.start()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Both servers; at the end, that neither has failed and Plex was never edited as a whole."""
    with a_world(tmp_path) as world:
        yield world
        assert not world.plex.failures
        assert not world.stash.crashes
        assert not world.plex.whole_library_edits


@pytest.fixture
def here(world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Here:
    """The entry in this process."""
    return Here(world, monkeypatch, capsys)
