"""What queue and state know of each other, so that the loss of one, or an older copy of it, is noticed.

Both count how often a drain began or ended, and each keeps what the other had counted. The one that is
counted is always written before the one that is told of it: a kill in between looks like no loss.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

from sync_queue.data_folder import QUEUE_DATABASE, usual_patience

if TYPE_CHECKING:
    from sync_queue.manager import JobQueue
    from sync_queue.state import SyncState

_CREATE = "CREATE TABLE IF NOT EXISTS folder_fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID"
# Names of facts, in the queue as in the state.
QUEUE_STEPS, STATE_STEPS, STATE_NAME = "queue steps", "state steps", "state name"


class Witness(NamedTuple):
    """What the queue knows: how often it counted, and the state's name and count when it last did."""

    queue_steps: int = 0
    state_name: str = ""
    state_steps: int = 0


def read_witness(data_dir: str | os.PathLike[str]) -> Witness:
    """What the queue in this folder knows; nothing where there is none, or none that can be read."""
    path = os.path.join(os.fspath(data_dir), QUEUE_DATABASE)
    if not os.path.isfile(path):
        return Witness()
    try:
        with closing(sqlite3.connect(path, timeout=usual_patience())) as connection:
            facts = read_facts(connection)
            return Witness(
                int(facts.get(QUEUE_STEPS, 0)), facts.get(STATE_NAME, ""), int(facts.get(STATE_STEPS, 0))
            )
    except (sqlite3.Error, ValueError):
        # Older than this table, or damaged: whoever opens the queue says so.
        return Witness()


def count_step(state: SyncState, queue: JobQueue) -> None:
    """Count the begin or the end of a drain in both."""
    name, steps = state.fact(STATE_NAME) or "", int(state.fact(STATE_STEPS) or 0) + 1
    state.count_step(name, steps)
    state.set_fact(QUEUE_STEPS, str(queue.count_step(name, steps)))


def read_facts(connection: sqlite3.Connection) -> dict[str, str]:
    """The facts that the queue's database keeps; none in one that never saw a drain."""
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'folder_fact'").fetchone():
        return {}
    return dict(connection.execute("SELECT name, value FROM folder_fact").fetchall())


def remember(transaction: sqlite3.Connection, facts: Mapping[str, str]) -> None:
    """Write facts into the queue's database."""
    transaction.execute(_CREATE)
    transaction.executemany("INSERT OR REPLACE INTO folder_fact VALUES (?, ?)", facts.items())
