"""Copies of one small world: each cell of a matrix gets its own, and in the end all has to be right in it."""

from __future__ import annotations

import copyreg
import os
import pickle
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.end_to_end.forked import nothing_is_installed_meanwhile, set_limits, warm_up
from tests.end_to_end.promises import broken_in_the_end
from tests.end_to_end.small_world import DRAIN, RECONCILE, SmallWorld, a_small_world, copy_of_folder
from tests.servers.world import install_plugin

# So that nobody waits for what comes next.
LIMITS: Mapping[str, float] = {"LOCKED_RETRIES": 2, "LINGER": 0.05}
# So that a list of a few has several pages, and a batch is not everything.
SMALL_PAGES: Mapping[str, float] = {
    "PAGE_SIZE": 3,
    "ITEMS_PER_READ": 3,
    "SCENES_PER_REQUEST": 3,
    "SCENES_PER_BATCH": 3,
}
# Where an answer does not come: a busy machine is no fault, so elsewhere there is time enough.
SHORT_TIMES: Mapping[str, float] = {"READ_TIMEOUT": 0.4, "LONGEST_ANSWER": 0.6, "TIMEOUT": 0.3}
# A task may wait for a few answers that do not come, and then it has to end.
LONGEST_RUN = 10.0


# A copy of a library has a lock of its own.
for make in (threading.Lock, threading.RLock):
    copyreg.pickle(type(make()), lambda lock, make=make: (make, ()))  # type: ignore[misc]


class Copies:
    """A small world, and copies of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._plugins = install_plugin(folder / "plugins")
        self.original = self.new_world("first")
        self._others: dict[str, SmallWorld] = {}

    def new_world(self, name: str, first_id: int = 1) -> SmallWorld:
        """A small world with a Stash of its own, in which the scenes have ids from this one on."""
        folder = self.folder / name
        folder.mkdir()
        return a_small_world(folder, self._plugins, folder, first_id)

    @contextmanager
    def servers(self) -> Iterator[None]:
        """The servers of the world that is copied."""
        with self.original.servers(self._plugins, self.folder / "first"):
            yield

    def prepare(self, name: str, act: Callable[[SmallWorld], None], **settings: Any) -> None:
        """Make another world to copy: the first one with these settings, in which something was done."""
        with self.world(**settings) as world:
            act(world)
            world.plex = world.stash = None
            copy_of_folder(world, self.folder / name / "data")
            self._others[name] = world

    @contextmanager
    def world(self, name: str = "", **settings: Any) -> Iterator[SmallWorld]:
        """A copy of the first world, or of the one of this name, with its servers and these settings."""
        world = pickle.loads(pickle.dumps(self._others.get(name, self.original)))
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        copy_of_folder(world, folder / "data")
        world.settings.update(settings)
        try:
            with world.servers(self._plugins, self.folder / "first"):
                yield world
        finally:
            shutil.rmtree(folder)


@contextmanager
def copies() -> Iterator[Copies]:
    """Copies in a folder in memory where the system has one: the disk's speed is not what is tested."""
    memory = Path("/dev/shm")
    place = memory if os.access(memory, os.W_OK) else None
    warm_up()
    put_back = set_limits(LIMITS)
    try:
        with (
            tempfile.TemporaryDirectory(prefix="small-world-", dir=place) as folder,
            nothing_is_installed_meanwhile(),
        ):
            yield Copies(Path(folder))
    finally:
        put_back()


def recover(
    world: SmallWorld,
    was_undone: bool = False,
    is_state_lost: bool = False,
    further: Sequence[Mapping[str, Any]] = (),
) -> list[str]:
    """Run the reconcile, the drain and what else has to make everything right; what is not right then."""
    problems = []
    for args in (RECONCILE, DRAIN, *further):
        run = world.run(args, in_fork=False)
        if run.told is None or run.told.texts("error"):
            lines = run.told.texts("error") if run.told else ["it did not end"]
            problems.append(f"{args['mode']} when the fault is over: {lines}")
    return problems + broken_in_the_end(world, was_undone, is_state_lost)
