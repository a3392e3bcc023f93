"""The queue of jobs: what is due, what waits and what failed, found without reading all of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any, NamedTuple

from sync_queue.ack_queue import FAILED, NAMES, READY
from sync_queue.job import LONGEST_DELAY, Job, job_of, parse_job
from sync_queue.queue_list import DUE, PENDING, WAITS, QueueList, times
from sync_queue.take_in import take_in
from sync_queue.witness import QUEUE_STEPS, STATE_NAME, STATE_STEPS, read_facts, remember

# SQLite before 3.32 takes no more than 999 values in one statement.
VALUES_PER_STATEMENT = 900
REASONS_SHOWN = 10


class QueuedJob(NamedTuple):
    """A job and the number of its row; rows are numbered in the order they came."""

    row: int
    job: Job


class Work(NamedTuple):
    """One scene's rows in the queue, as a single job."""

    job: Job
    rows: tuple[int, ...]

    @property
    def scene_id(self) -> int:
        """The scene that all the rows are about."""
        return self.job.scene_id


class Due(NamedTuple):
    """What may be taken now: jobs that name an entity, the work on each scene, and the last row so far."""

    entities: list[QueuedJob]
    scenes: list[Work]
    last_row: int


class Counts(NamedTuple):
    """How many scenes wait, are due later and failed; and the most frequent reasons of the last two.

    A job that cannot be read counts as a scene. `others` are the performers, studios, tags and groups that
    changed and wait, but for those that failed, which count as scenes.
    """

    due: int
    later: int
    failed: int
    reasons_later: list[tuple[str, int]]
    reasons_failed: list[tuple[str, int]]
    others: int = 0


class JobQueue(QueueList):
    """The jobs, and what is asked of them."""

    def take_in_changes(self) -> None:
        """Put into the queue what hooks wrote down beside it. Raises OSError or sqlite3.Error."""
        take_in(self.path, self.put_jobs)

    def due(self, now: float, after_row: int = 0) -> Due:
        """What came after a row and may be taken at `now`, in the order it came.

        With a scene come all its rows that wait or have failed: a fresh edit makes a scene due at once,
        whatever an older job of it is waiting for, and takes its failed jobs along.
        """
        self.take_in_changes()
        self._take_in()
        table, values = self._table_name, {"now": now, "far": now + LONGEST_DELAY, "after": after_row}
        last_row = self._getter.execute(f"SELECT MAX(_id) FROM {table}").fetchone()[0] or after_row
        condition = f"{WAITS} AND {DUE} AND _id > :after"
        entities = self._read(f"entity != '' AND {condition}", values)
        statement = (
            f"SELECT row._id, row.data, row.status, {NAMES}"
            f" FROM (SELECT scene_id AS scene, MIN(_id) AS first FROM {table}"
            f" WHERE {condition} AND entity = '' GROUP BY scene_id) AS due"
            f" JOIN {table} AS row ON row.scene_id = due.scene AND row.entity = ''"
            f" AND (row.{WAITS} OR row.status = {FAILED}) ORDER BY due.first, row._id"
        )
        return Due(list(entities), _works(self._getter.execute(statement, values)), last_row)

    def has_due_jobs(self, now: float | None = None) -> bool:
        """Whether a job may be taken now."""
        self.take_in_changes()
        self._take_in()
        values = times(now)
        statement = f"SELECT 1 FROM {self._table_name} WHERE {WAITS} AND {DUE} LIMIT 1"
        return self._getter.execute(statement, values).fetchone() is not None

    def jobs(self, after_row: int = 0) -> Iterator[QueuedJob]:
        """The ready jobs that came after `after_row`, oldest first."""
        self.take_in_changes()
        self._take_in()
        return self._read(f"{WAITS} AND _id > :after", {"after": after_row})

    def failed_jobs(self) -> Iterator[QueuedJob]:
        """The jobs that failed for good."""
        self._take_in()
        return self._read(f"status = {FAILED}", {})

    def pending_jobs(self) -> Iterator[QueuedJob]:
        """The jobs that wait or are being written, oldest first."""
        self.take_in_changes()
        self._take_in()
        return self._read(PENDING, {})

    def scene_ids(self) -> set[int]:
        """The scenes that have a job that waits or is being written."""
        return self._scene_ids(PENDING, {})

    def due_scene_ids(self, now: float | None = None) -> set[int]:
        """Those of them whose job may be taken now."""
        return self._scene_ids(f"{PENDING} AND {DUE}", times(now))

    def untried_scene_ids(self, hook: str) -> set[int]:
        """The scenes that a hook of this kind told of, such as `Scene.Destroy`, and nobody has tried yet."""
        return self._scene_ids(f"{PENDING} AND due_at = 0 AND reason LIKE :hook", {"hook": f"{hook}.%"})

    def entity_jobs(self) -> list[Job]:
        """The jobs that wait, or are being written, and name an entity."""
        self.take_in_changes()
        self._take_in()
        return [queued.job for queued in self._read(f"entity != '' AND {PENDING}", {})]

    def ready_scenes(self, scene_ids: Iterable[int]) -> set[int]:
        """Those of these scenes that have a job that waits."""
        self._take_in()
        wanted, found = list(set(scene_ids)), set[int]()
        for start in range(0, len(wanted), VALUES_PER_STATEMENT):
            some = wanted[start : start + VALUES_PER_STATEMENT]
            statement = (
                f"SELECT scene_id FROM {self._table_name} WHERE entity = '' AND {WAITS}"
                f" AND scene_id IN ({','.join('?' * len(some))})"
            )
            found.update(scene_id for (scene_id,) in self._getter.execute(statement, some))
        return found

    def is_waiting_for(self, reasons: Collection[str]) -> bool:
        """Whether a job waits that ended for one of these reasons, as `waits_for` has them."""
        self._take_in()
        marks = ",".join("?" * len(reasons))
        statement = f"SELECT 1 FROM {self._table_name} WHERE {WAITS} AND waits_for IN ({marks}) LIMIT 1"
        return self._getter.execute(statement, list(reasons)).fetchone() is not None

    def count_ready(self) -> int:
        """How many scenes wait, by a fresh look at the database (other processes append too)."""
        self._take_in()
        return self._count_scenes(WAITS, {})

    def count_waiting(self) -> tuple[int, int]:
        """How many scenes wait, and how many performers, studios, tags and groups that changed."""
        others = self._count_scenes(f"{WAITS} AND entity != ''", {})
        return self.count_ready() - others, others

    def count_after(self, row: int) -> int:
        """How many rows wait that came after this one."""
        self.take_in_changes()
        self._take_in()
        statement = f"SELECT COUNT(*) FROM {self._table_name} WHERE _id > ? AND {WAITS}"
        return int(self._getter.execute(statement, (row,)).fetchone()[0])

    def counts(self, now: float | None = None) -> Counts:
        """What waits, what is due later, what failed, and why."""
        self.take_in_changes()
        self._take_in()
        values = times(now)
        due = self._count_scenes(f"{PENDING} AND {DUE} AND entity = ''", values)
        pending = self._count_scenes(f"{PENDING} AND entity = ''", {})
        return Counts(
            due,
            pending - due,
            self._count_scenes(f"status = {FAILED}", {}),
            self._reasons(f"{PENDING} AND NOT {DUE}", values),
            self._reasons(f"status = {FAILED}", {}),
            self._count_scenes(f"{PENDING} AND entity != ''", {}),
        )

    def retry_failed(self, keys: Collection[int] | None = None) -> int:
        """Make the failed jobs ready as if they were new, all or those of these keys; of how many scenes.

        A key is a scene's id, or the negative number of a row that is about no scene.
        """
        failed: dict[tuple[int, str, int], list[QueuedJob]] = {}
        for queued in self.failed_jobs():
            job = queued.job
            is_meant = keys is None or (job.scene_id or -queued.row) in keys
            if is_meant and (job.scene_id or job.entity):
                failed.setdefault((job.scene_id, job.entity, job.entity_id), []).append(queued)
        with self.tran_lock, self._putter as transaction:
            for first, *others in failed.values():
                fresh = first.job._replace(attempts=0, due_at=0.0, waits_for="", problem="")
                self._rewrite(transaction, first.row, fresh, READY)
                self._delete_rows(transaction, [other.row for other in others])
        return len(failed)

    def clear(self) -> tuple[int, int]:
        """Remove the jobs that wait and those that failed; returns of how many scenes each."""
        waiting = self.count_ready()
        failed = self._count_scenes(f"status = {FAILED}", {})
        table, condition = self._table_name, f"{WAITS} OR status = {FAILED}"
        with self.tran_lock, self._putter as transaction:
            transaction.execute("BEGIN IMMEDIATE")
            others = transaction.execute(f"SELECT 1 FROM {table} WHERE NOT ({condition}) LIMIT 1").fetchone()
            # Without a condition SQLite empties a table at once, however much there is in it.
            transaction.execute(f"DELETE FROM {table}" + (f" WHERE {condition}" if others else ""))
        return waiting, failed

    def count_step(self, state_name: str, state_steps: int) -> int:
        """Count a drain's begin or end, and keep what the state had counted; returns the queue's count."""
        with self.tran_lock, self._putter as transaction:
            steps = int(read_facts(transaction).get(QUEUE_STEPS, "0")) + 1
            facts = {STATE_NAME: state_name, STATE_STEPS: str(state_steps), QUEUE_STEPS: str(steps)}
            remember(transaction, facts)
        return steps

    def fact(self, name: str) -> str | None:
        """A fact that is kept with the queue; None where there is none."""
        return read_facts(self._getter).get(name)

    def set_fact(self, name: str, value: str) -> None:
        """Keep a fact with the queue."""
        with self.tran_lock, self._putter as transaction:
            remember(transaction, {name: value})

    def _read(self, condition: str, values: dict[str, Any]) -> Iterator[QueuedJob]:
        statement = f"SELECT _id, data, {NAMES} FROM {self._table_name} WHERE {condition} ORDER BY _id"
        for row, data, *columns in self._getter.execute(statement, values).fetchall():
            yield QueuedJob(row, parse_job(data) or job_of(columns))

    def _scene_ids(self, condition: str, values: dict[str, Any]) -> set[int]:
        self.take_in_changes()
        self._take_in()
        statement = f"SELECT scene_id FROM {self._table_name} WHERE entity = '' AND {condition}"
        return {scene_id for (scene_id,) in self._getter.execute(statement, values)}

    def _count_scenes(self, condition: str, values: dict[str, Any]) -> int:
        """How many scenes have such rows; each row without a scene counts."""
        statement = (
            "SELECT COUNT(DISTINCT CASE scene_id WHEN 0 THEN -_id ELSE scene_id END)"
            f" FROM {self._table_name} WHERE {condition}"
        )
        return int(self._getter.execute(statement, values).fetchone()[0])

    def _reasons(self, condition: str, values: dict[str, Any]) -> list[tuple[str, int]]:
        statement = (
            "SELECT problem, COUNT(DISTINCT CASE scene_id WHEN 0 THEN -_id ELSE scene_id END) AS scenes"
            f" FROM {self._table_name} WHERE {condition}"
            f" GROUP BY problem ORDER BY scenes DESC, problem LIMIT {REASONS_SHOWN}"
        )
        return [(str(problem), scenes) for problem, scenes in self._getter.execute(statement, values)]


def _works(rows: Iterable[tuple[Any, ...]]) -> list[Work]:
    """The rows of each scene as one piece of work; the job that is due first stands for them."""
    found: dict[int, list[int]] = {}
    jobs: dict[int, Job] = {}
    for row, data, status, *columns in rows:
        job = parse_job(data) or job_of(columns)
        scene_id = job.scene_id
        found.setdefault(scene_id, []).append(row)
        if status != FAILED and (scene_id not in jobs or job.due_at < jobs[scene_id].due_at):
            jobs[scene_id] = job
    return [Work(job, tuple(found[scene_id])) for scene_id, job in jobs.items()]
