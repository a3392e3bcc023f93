"""The state's database file: opened and brought to this version, or set aside; and whether it is whole.

Losing it costs a slower next run, and what is known of whose edit is whose: without the record of what
was pushed, a value of ours looks like a person's, and a person's tag like one that nobody wants. So a
loss has to be noticed, in whatever form it comes: a missing or empty file, a damaged one, a newer
version's, an older copy.
"""

from __future__ import annotations

import os
import sqlite3
import uuid
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Literal

from sync_queue.data_folder import QUEUE_DATABASE as QUEUE
from sync_queue.data_folder import SET_ASIDE, Unusable, columns_of, examine, open_database, usual_patience
from sync_queue.witness import QUEUE_STEPS, STATE_NAME, STATE_STEPS, Witness, read_witness

DATABASE = "state.db"
# The fact that is there after a loss, and its value once a full reconcile has come after it.
LOST, RECONCILED = "memory lost", "reconciled"
# The fact under which the wish for a full reconcile is kept, with its reason in words.
RECONCILE_WANTED = "full reconcile wanted"
# In place of the time of a record that may be older than what was pushed last.
DOUBTFUL = -1
# What the table `step` says, among the facts.
COUNTED = "counted"
# The fact that names the queue's file that was set aside last, as far as it is known.
KNOWN_ASIDE = "queue set aside"


class _Connection(sqlite3.Connection):
    """A connection of which a `with` within a `with` belongs to the same transaction."""

    _depth = 0

    def __enter__(self) -> _Connection:
        self._depth += 1
        return self

    def __exit__(self, *raised: Any) -> Literal[False]:
        self._depth -= 1
        return super().__exit__(*raised) if not self._depth else False


def is_there(data_dir: str) -> bool:
    """Whether there is a state, which whoever only looks does not make."""
    return os.path.isfile(os.path.join(data_dir, DATABASE))


def open_state_database(
    data_dir: Path, migrations: Sequence[str], is_doubted: bool = False
) -> tuple[sqlite3.Connection, list[str]]:
    """The open database, and a sentence about each loss that was noticed just now.

    One that is doubted is looked at from its first page to its last. Raises OSError or sqlite3.Error.
    """

    def connect(path: str) -> sqlite3.Connection:
        return _connect(path, migrations, is_doubted)

    connection, set_aside = open_database(str(data_dir / DATABASE), connect)
    try:
        return connection, _losses(connection, data_dir, set_aside)
    except BaseException:
        connection.close()
        raise


def _connect(path: str, migrations: Sequence[str], is_doubted: bool) -> sqlite3.Connection:
    # The senders' threads record covers, one at a time; everything else is the worker's.
    connection = sqlite3.connect(path, timeout=usual_patience(), check_same_thread=False, factory=_Connection)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        # A power cut may not take what was recorded: our own value in Plex would pass for a person's edit.
        connection.execute("PRAGMA synchronous=FULL")
        _migrate(connection, migrations)
        if is_doubted:
            examine(connection, _columns(migrations))
    except BaseException:
        connection.close()
        raise
    return connection


def _migrate(connection: sqlite3.Connection, migrations: Sequence[str]) -> None:
    """Bring the tables to this version; of several processes that come at once, one does it."""
    if _version(connection) == len(migrations):
        return
    connection.execute("BEGIN IMMEDIATE")
    with connection:
        version = _version(connection)
        if version > len(migrations):
            raise Unusable("it was written by a newer version of Stash2Plex")
        for script in migrations[version:]:
            _run(connection, script)
        connection.execute(f"PRAGMA user_version = {len(migrations)}")


def _columns(migrations: Sequence[str]) -> dict[str, set[str]]:
    """The columns that this version's tables have, by table."""
    with closing(sqlite3.connect(":memory:")) as model:
        for script in migrations:
            model.executescript(script)
        tables = model.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return {table: columns_of(model, table) for (table,) in tables}


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _run(connection: sqlite3.Connection, script: str) -> None:
    """Run a script inside the open transaction, which executescript would end."""
    statement = ""
    for part in script.split(";"):
        statement += f"{part};"
        if sqlite3.complete_statement(statement):
            connection.execute(statement)
            statement = ""


def _losses(connection: sqlite3.Connection, data_dir: Path, set_aside: str) -> list[str]:
    """Compare what queue and state know of each other, and remember what is missing."""
    witness, facts = read_witness(data_dir), _facts(connection)
    if _agrees(facts, witness) and not set_aside:
        return []
    connection.execute("BEGIN IMMEDIATE")
    with connection:
        # Another process may have seen the same.
        facts = _facts(connection)
        losses = _loss_of_state(facts, witness, data_dir, set_aside)
        changed = {
            STATE_NAME: witness.state_name or facts.get(STATE_NAME) or uuid.uuid4().hex,
            STATE_STEPS: str(max(_number(facts, STATE_STEPS), witness.state_steps)),
            QUEUE_STEPS: str(witness.queue_steps),
        }
        if losses:
            changed[LOST] = ""
            changed[RECONCILE_WANTED] = "It is no longer known what was written to Plex"
            # Of what is still known, it is not known that it was the last.
            connection.execute("UPDATE item SET updated_at = ?", (DOUBTFUL,))
            connection.execute("UPDATE cover SET version = ?", (DOUBTFUL,))
        aside = max((path.name for path in data_dir.glob(f"{QUEUE}{SET_ASIDE}*")), default="")
        is_queue_lost = witness.queue_steps < _number(facts, QUEUE_STEPS)
        if is_queue_lost:
            changed[RECONCILE_WANTED] = "What waited in the queue may be forgotten"
        # Whoever set a damaged queue aside has said so.
        if is_queue_lost and aside == facts.get(KNOWN_ASIDE, ""):
            losses.append(
                f"{QUEUE} is missing or is an older copy: edits that waited there may be forgotten. "
                "Run Reconcile Library (All): it finds what was waiting."
            )
        changed[KNOWN_ASIDE] = aside
        connection.executemany("INSERT OR REPLACE INTO fact VALUES (?, ?)", changed.items())
        counted = f"{changed[STATE_NAME]} {changed[STATE_STEPS]}"
        connection.execute("INSERT OR REPLACE INTO step VALUES (0, ?)", (counted,))
    return losses


def _agrees(facts: dict[str, str], witness: Witness) -> bool:
    name = facts.get(STATE_NAME)
    return (
        name is not None
        and _agrees_with_itself(facts)
        and witness.state_name in ("", name)
        and witness.state_steps <= _number(facts, STATE_STEPS)
        and witness.queue_steps >= _number(facts, QUEUE_STEPS)
    )


def _agrees_with_itself(facts: dict[str, str]) -> bool:
    """Whether database and log are of one time: an older copy may lie beside a log that was left there."""
    steps = _number(facts, STATE_STEPS)
    return facts[COUNTED] == f"{facts.get(STATE_NAME)} {steps}" or (not steps and not facts[COUNTED])


def _loss_of_state(facts: dict[str, str], witness: Witness, data_dir: Path, set_aside: str) -> list[str]:
    name = facts.get(STATE_NAME)
    if set_aside:
        what = f"{set_aside}; a new one is started."
    elif name is None and (witness.state_name or any(data_dir.glob(f"{DATABASE}{SET_ASIDE}*"))):
        what = f"{DATABASE} is missing or empty; a new one is started."
    elif name is not None and witness.state_name not in ("", name):
        what = f"{DATABASE} is not the one that belongs to {QUEUE}."
    elif name is not None and (
        witness.state_steps > _number(facts, STATE_STEPS) or not _agrees_with_itself(facts)
    ):
        what = f"{DATABASE} is an older copy."
    else:
        return []
    return [
        f"{what} Nothing in Stash or Plex is lost, but it is no longer known what was written to Plex: "
        "until Reconcile Library (All) and then Process Queue have finished, values are only added in "
        "Plex, and no locked value is replaced there."
    ]


def _facts(connection: sqlite3.Connection) -> dict[str, str]:
    names = (STATE_NAME, STATE_STEPS, QUEUE_STEPS, KNOWN_ASIDE)
    rows = connection.execute("SELECT name, value FROM fact WHERE name IN (?, ?, ?, ?)", names)
    counted = connection.execute("SELECT counted FROM step").fetchone()
    return {**dict(rows.fetchall()), COUNTED: counted[0] if counted else ""}


def _number(facts: dict[str, str], name: str) -> int:
    text = facts.get(name, "0")
    return int(text) if text.isdecimal() else 0
