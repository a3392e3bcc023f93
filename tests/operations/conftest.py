"""What holds for the tests of the operations."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders.entry import Here
from tests.builders.operation import Operations
from tests.servers.world import World, a_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Both servers; at the end, that neither has failed."""
    with a_world(tmp_path) as world:
        yield world
        assert not world.plex.failures
        assert not world.stash.crashes


@pytest.fixture
def operations(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Operations:
    """The operations in this process."""
    return Operations(Here(world, monkeypatch, capsys))


@pytest.fixture
def here(operations: Operations) -> Here:
    """The entry in this process."""
    return operations.here
