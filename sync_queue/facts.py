"""Facts about last runs: whether all that was pushed is known, and how large Plex's libraries were."""

from __future__ import annotations

import sqlite3

from stash import log
from sync_queue.state_database import LOST, RECONCILED
from sync_queue.witness import STATE_STEPS

# How many items a library had when a reconcile last believed their number.
_SIZE = "items in section "
# The facts that say, in seconds since 1970, when scenes were counted by a full reconcile, when what would be
# written was previewed, and when orphans were searched.
COUNTED_AT, PREVIEWED_AT, ORPHANS_AT = "scenes counted at", "previewed at", "orphans found at"
# The fact that has what the last preview said beside its lists, by list, in JSON.
PREVIEW_SAID = "preview said"
# The fact of a state that is whole again for the scenes alone that were to be carried.
_IN_PART = "known again in part"
# The fact that says under which settings all collections were looked at since the last full reconcile.
COLLECTIONS_UPDATED = "collections updated"
# The fact that says at which address Plex was reached when the libraries were last compared.
PLEX_ADDRESS = "plex address"


class Facts:
    """The table of facts: texts by name."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def fact(self, name: str) -> str | None:
        """A remembered fact; None where there is none."""
        row = self._connection.execute("SELECT value FROM fact WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def time(self, name: str) -> float | None:
        """A fact that is a time, in seconds since 1970; None where there is none that can be read."""
        try:
            return float(self.fact(name) or "")
        except ValueError:
            return None

    def facts_beginning(self, start: str) -> dict[str, str]:
        """All remembered facts whose names begin like this, by name."""
        statement = "SELECT name, value FROM fact WHERE substr(name, 1, ?) = ?"
        return dict(self._connection.execute(statement, (len(start), start)))

    def set_fact(self, name: str, value: str) -> None:
        """Remember a fact."""
        with self._connection:
            self._connection.execute("INSERT OR REPLACE INTO fact VALUES (?, ?)", (name, value))

    def forget_fact(self, name: str) -> None:
        """Forget a fact."""
        with self._connection:
            self._connection.execute("DELETE FROM fact WHERE name = ?", (name,))

    def count_step(self, state_name: str, steps: int) -> None:
        """Remember that a drain began or ended.

        It is written in two places and brought out of the log, which keeps one of them at most from then
        on: an older copy of the database beside a log that was left there does not agree with itself.
        """
        with self._connection:
            self._connection.execute("INSERT OR REPLACE INTO fact VALUES (?, ?)", (STATE_STEPS, str(steps)))
            counted = f"{state_name} {steps}"
            self._connection.execute("INSERT OR REPLACE INTO step VALUES (0, ?)", (counted,))
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    @property
    def is_whole(self) -> bool:
        """Whether what was pushed is known as far as anything was pushed.

        False after a loss, until a full reconcile and a drain after it are through: a missing record
        does then not mean that nothing was pushed.
        """
        return self.fact(LOST) is None

    @property
    def is_reconciled(self) -> bool:
        """Whether a full reconcile came after a loss, and the drain that makes up for it is still to come."""
        return self.fact(LOST) == RECONCILED

    def mark_lost(self) -> None:
        """Remember that some of what was pushed may not be known."""
        self.set_fact(LOST, "")

    @property
    def is_whole_in_part(self) -> bool:
        """Whether a whole state is that for the scenes alone that were to be carried when it became so.

        Then of an item of which nothing is known it is not known either whether something was pushed.
        """
        return self.fact(_IN_PART) is not None

    @property
    def is_whole_for_all(self) -> bool:
        """Whether what was pushed is known for every scene, chosen or not."""
        return self.is_whole and not self.is_whole_in_part

    def mark_reconciled(self, of_all_scenes: bool = True) -> None:
        """Remember that a full reconcile has queued whatever is not known to be in Plex.

        One that read the scenes to carry alone makes up for them alone. Collections are looked at in the
        drain that comes then.
        """
        self.forget_fact(COLLECTIONS_UPDATED)
        if self.is_whole and not (of_all_scenes and self.is_whole_in_part):
            return
        self.set_fact(LOST, RECONCILED)
        if of_all_scenes:
            self.forget_fact(_IN_PART)
        else:
            self.set_fact(_IN_PART, "")

    def mark_drained(self) -> None:
        """Remember that everything that was due is in Plex, which makes a reconciled state whole again."""
        if self.is_reconciled:
            self.forget_fact(LOST)
            log.info("It is known again what was written to Plex: values are replaced and removed as usual.")


def size_fact(server: str, section_key: int) -> str:
    """The name under which the number of a library's items is remembered."""
    return f"{_SIZE}{section_key} of {server}"


def known_sizes(facts: Facts, server: str) -> dict[int, int]:
    """The numbers that are remembered for this server's libraries, by their keys."""
    ending = f" of {server}"
    return {
        int(name.removeprefix(_SIZE).removesuffix(ending)): int(value)
        for name, value in facts.facts_beginning(_SIZE).items()
        if name.endswith(ending)
    }
