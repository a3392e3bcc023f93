"""What holds for the tests of the operations."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from tests.builders.bench import Bench
from tests.builders.entry import Here
from tests.builders.operation import Operations
from tests.servers.world import World


@pytest.fixture
def operations(here: Here) -> Operations:
    """The operations in this process."""
    return Operations(here)


@pytest.fixture
def bench(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """The plugin at work beside a Stash whose queue takes tasks and runs none."""
    held = threading.Event()
    monkeypatch.setattr(world.stash.plugins, "_run_job", lambda _: held.wait(60))
    bench = Bench(world)
    yield bench
    bench.manager.close()
    held.set()
