"""What holds for the tests of this room."""

from __future__ import annotations

from collections.abc import Iterator

import coverage
import pytest


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
