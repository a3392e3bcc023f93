"""Short words for tests of what comes from Plex to Stash."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from back_to_stash.brought import Brought
from back_to_stash.look import look
from back_to_stash.undo import UndoSummary, undo_back_to_stash
from plex.client import Plex, client_identifier
from sync_queue.drain_request import switch_automatic
from tests.builders.bench import Bench, a_bench
from tests.builders.sync import let_time_pass, sync


@contextmanager
def a_quiet_bench(folder: Path, wanted: str) -> Iterator[Bench]:
    """A bench where these kinds are wanted back, and no hook for what comes starts a drain beside it."""
    with a_bench(folder) as bench:
        let_time_pass(bench.world)
        bench.world.data_dir.mkdir(exist_ok=True)
        switch_automatic(str(bench.world.data_dir), False)
        bench.world.settings["back_to_stash"] = wanted
        yield bench


def take_a_look(bench: Bench, everything: bool = False, is_dry: bool = False, **settings: Any) -> Brought:
    """A look over connections of its own; the settings are the world's but for these."""
    config = bench.config(settings)
    with bench.state() as state:
        token = config.plex_token.get_secret_value()
        plex = Plex(config.plex_url, token, client_identifier(bench.world.data_dir))
        return look(bench.stash(settings), plex, state, config, everything, is_dry)


def undo(bench: Bench) -> UndoSummary:
    """Put back in Stash what came from Plex."""
    with bench.state() as state:
        return undo_back_to_stash(bench.stash(), state)


def changes_in_stash(bench: Bench) -> list[str]:
    """The mutations that Stash was sent."""
    return [one.query for one in list(bench.world.stash.requests) if one.query.startswith("mutation")]


def settle(bench: Bench, **settings: Any) -> None:
    """Drain what waits and look, twice: whatever comes or goes has come and gone."""
    for _ in range(2):
        sync(bench, **settings)
        take_a_look(bench, everything=True, **settings)
