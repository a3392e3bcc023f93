"""What the queue on disk promises: no job is lost, doubled or held up by another one."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from sync_queue.job import Job
from sync_queue.job_queue import JobQueue, QueuedJob
from sync_queue.manager import QueueManager
from tests.builders.bench import a_job, read_log, texts
from tests.servers.world import ROOT


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[QueueManager]:
    manager = QueueManager(tmp_path)
    yield manager
    manager.close()


@pytest.fixture
def queue(manager: QueueManager) -> JobQueue:
    return manager.get_queue()


def ids(jobs: Iterator[QueuedJob] | JobQueue) -> list[int]:
    found = jobs.jobs() if isinstance(jobs, JobQueue) else jobs
    return [queued.job.scene_id for queued in found]


def rows_of(queue: JobQueue) -> list[int]:
    return [queued.row for queued in queue.jobs()]


def stored_rows(data_dir: Path) -> int:
    with closing(sqlite3.connect(data_dir / "queue.db")) as connection:
        return int(connection.execute("SELECT COUNT(*) FROM ack_queue_default").fetchone()[0])


def reopened(manager: QueueManager, data_dir: Path) -> QueueManager:
    manager.close()
    return QueueManager(data_dir)


def test_jobs_survive_that_the_queue_is_closed_and_opened(tmp_path: Path) -> None:
    jobs = [a_job(1, attempts=3, due_at=5.5, problem="Plex “was” busy"), a_job(2, reason="")]
    first = QueueManager(tmp_path)
    first.get_queue().put_jobs(jobs)
    second = reopened(first, tmp_path)
    assert [queued.job for queued in second.get_queue().jobs()] == jobs
    second.close()


def test_the_queue_lies_in_the_data_folder_which_only_its_owner_may_read(tmp_path: Path) -> None:
    manager = QueueManager(tmp_path / "deep" / "data")
    manager.append(a_job(1, "Scene.Update.Post"))
    manager.close()
    assert (tmp_path / "deep" / "data" / "queue.db").is_file()
    assert not list(tmp_path.rglob("*.yml"))
    if sys.platform != "win32":
        assert (tmp_path / "deep" / "data").stat().st_mode & 0o077 == 0


def test_an_event_is_appended_without_looking_whether_it_waits_already(
    manager: QueueManager, queue: JobQueue
) -> None:
    for scene_id in (7, 7, 3, 7):
        manager.append(a_job(scene_id, "Scene.Update.Post"))
    assert ids(queue) == [7, 7, 3, 7]


def test_a_job_on_disk_holds_no_metadata(manager: QueueManager, tmp_path: Path) -> None:
    manager.append(a_job(7, "Scene.Update.Post"))
    manager.close()
    with closing(sqlite3.connect(tmp_path / "queue.db")) as connection:
        (data,) = connection.execute("SELECT data FROM ack_queue_default").fetchone()
    assert set(json.loads(data)) <= {"scene_id", "reason", "queued_at", "attempts", "due_at", "problem"}
    assert len(data) < 200


def test_claimed_jobs_stay_claimed_until_a_worker_releases_them(
    manager: QueueManager, queue: JobQueue, tmp_path: Path
) -> None:
    queue.put_jobs([a_job(1), a_job(2)])
    queue.claim(rows_of(queue)[:1])
    again = reopened(manager, tmp_path)
    assert ids(again.get_queue()) == [2]
    assert ids(again.get_queue().pending_jobs()) == [1, 2]
    again.get_queue().release_claimed()
    assert ids(again.get_queue()) == [1, 2]
    again.close()


def test_many_jobs_are_put_in_one_go_and_in_order(queue: JobQueue) -> None:
    assert queue.put_jobs(a_job(n) for n in range(1, 5001)) == 5000
    assert ids(queue) == list(range(1, 5001))
    assert queue.put_jobs([]) == 0


def test_finished_jobs_leave_nothing_behind(manager: QueueManager, queue: JobQueue, tmp_path: Path) -> None:
    queue.put_jobs(a_job(n) for n in range(1, 101))
    rows = rows_of(queue)
    queue.claim(rows)
    queue.finish(rows)
    assert stored_rows(tmp_path) == 0
    assert ids(queue.pending_jobs()) == []


def test_a_job_that_comes_after_all_others_were_finished_is_seen_as_a_later_one(queue: JobQueue) -> None:
    queue.put_jobs([a_job(1), a_job(2)])
    last = rows_of(queue)[-1]
    queue.finish(rows_of(queue))
    queue.put_jobs([a_job(3)])
    assert ids(queue.jobs(after_row=last)) == [3]


@pytest.mark.parametrize("ending", ["postpone", "fail"])
def test_several_jobs_of_a_scene_are_given_back_as_exactly_one(
    manager: QueueManager, queue: JobQueue, ending: str, tmp_path: Path
) -> None:
    queue.put_jobs([a_job(1), a_job(2), a_job(1), a_job(1)])
    rows = [queued.row for queued in queue.jobs() if queued.job.scene_id == 1]
    queue.claim(rows)
    job = a_job(1, attempts=4, due_at=9.0, problem="because")
    getattr(queue, ending)(rows, job)
    assert stored_rows(tmp_path) == 2
    kept = queue.failed_jobs() if ending == "fail" else queue.jobs()
    assert [queued.job for queued in kept if queued.job.scene_id == 1] == [job]
    assert ids(queue.failed_jobs()) == ([1] if ending == "fail" else [])
    assert ids(queue.jobs()) == ([2] if ending == "fail" else [1, 2])


def test_a_failed_job_is_not_pending(queue: JobQueue) -> None:
    queue.put_jobs([a_job(1)])
    queue.fail(rows_of(queue), a_job(1, problem="no"))
    queue.release_claimed()
    assert ids(queue.pending_jobs()) == []
    assert ids(queue) == []


@pytest.mark.parametrize(
    "damage", ["{", "null", "[]", "{}", '{"scene_id": "x"}', '{"scene_id": 1, "due_at": []}', "\udcff", ""]
)
def test_a_damaged_job_stops_no_other_and_its_scene_is_known_all_the_same(
    manager: QueueManager, queue: JobQueue, damage: str, tmp_path: Path
) -> None:
    queue.put_jobs([a_job(1), a_job(2, due_at=7.0, problem="no"), a_job(3)])
    with closing(sqlite3.connect(tmp_path / "queue.db")) as connection, connection:
        data = damage.encode("utf-8", "surrogateescape")
        connection.execute("UPDATE ack_queue_default SET data = ? WHERE _id = 2", (data,))
    assert ids(queue) == [1, 2, 3]
    assert [work.scene_id for work in queue.due(10.0).scenes] == [1, 2, 3]
    assert [(one.job.due_at, one.job.problem) for one in queue.jobs() if one.job.scene_id == 2] == [
        (7.0, "no")
    ]
    assert stored_rows(tmp_path) == 3


def append_damaged(data_dir: Path, data: bytes) -> None:
    """A row as a hook writes it, with something else in place of the job."""
    with closing(sqlite3.connect(data_dir / "queue.db")) as connection, connection:
        statement = "INSERT INTO ack_queue_default (data, timestamp, status) VALUES (?, 0, 0)"
        connection.execute(statement, (data,))


@pytest.mark.parametrize(
    "data", [b'{"scene_id":7,"reas', b'\xff\xff"scene_id": 7, "reason": "x"}', b'{"scene_id":7,"due_at":[]}']
)
def test_of_a_damaged_job_of_a_hook_the_scene_is_found_where_it_still_stands_there(
    queue: JobQueue, tmp_path: Path, data: bytes
) -> None:
    append_damaged(tmp_path, data)
    (work,) = queue.due(10.0).scenes
    assert work.scene_id == 7


@pytest.mark.parametrize(
    "data",
    [b"{", b"null", b"[]", b"{}", b'{"scene_id": "x"}', b'{"scene_id": 99999999999999999999}', b"\xff", b""],
)
def test_a_job_that_cannot_be_read_is_told_with_what_to_do_and_counted(
    queue: JobQueue, tmp_path: Path, capsys: pytest.CaptureFixture[str], data: bytes
) -> None:
    log = read_log(capsys)
    queue.put_jobs([a_job(1)])
    append_damaged(tmp_path, data)
    assert ids(queue) == [1]
    (line,) = texts(log(), "warning")
    assert "Reconcile Library (All)" in line
    assert queue.counts(10.0).failed == 1
    assert "Reconcile Library (All)" in queue.counts(10.0).reasons_failed[0][0]
    assert texts(log(), "warning") == []
    assert queue.retry_failed() == 0
    assert queue.clear() == (1, 1)


@pytest.mark.parametrize("due_at", ["NaN", "Infinity", "-Infinity"])
def test_a_time_that_is_none_makes_a_job_due(queue: JobQueue, tmp_path: Path, due_at: str) -> None:
    append_damaged(tmp_path, f'{{"scene_id": 7, "due_at": {due_at}}}'.encode())
    assert [work.scene_id for work in queue.due(10.0).scenes] == [7]


def test_a_reason_with_half_a_character_is_kept(queue: JobQueue, tmp_path: Path) -> None:
    append_damaged(tmp_path, b'{"scene_id": 7, "reason": "\\ud800"}')
    assert [work.scene_id for work in queue.due(10.0).scenes] == [7]


def test_what_other_processes_append_is_seen_at_once(
    manager: QueueManager, queue: JobQueue, tmp_path: Path
) -> None:
    other = QueueManager(tmp_path)
    other.append(a_job(5, "Scene.Update.Post"))
    other.close()
    assert ids(queue) == [5]


APPEND_WHEN_TOLD = """
import sys
from sync_queue.hook import append_scene
from sync_queue.job import Job
from sync_queue.manager import QueueManager
print("ready", flush=True)
sys.stdin.readline()
first = int(sys.argv[2])
for scene_id in range(first, first + 20):
    if first % 40 == 1:
        append_scene(sys.argv[1], "Scene.Update.Post", scene_id)
        continue
    manager = QueueManager(sys.argv[1])
    manager.append(Job(scene_id, "Scene.Update.Post", queued_at=0.0))
    manager.close()
"""


@pytest.mark.parametrize("is_first", [False, True], ids=["a queue is there", "the first ever"])
def test_of_events_that_many_processes_append_at_once_none_is_lost(tmp_path: Path, is_first: bool) -> None:
    if not is_first:
        QueueManager(tmp_path / "new").close()
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", APPEND_WHEN_TOLD, str(tmp_path / "new"), str(first)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for first in range(1, 81, 20)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        process.communicate(timeout=60)
    assert [process.returncode for process in processes] == [0] * 4
    manager = QueueManager(tmp_path / "new")
    kept = ids(manager.get_queue())
    manager.close()
    assert sorted(kept) == list(range(1, 81))
    for first in range(1, 81, 20):
        assert [one for one in kept if first <= one < first + 20] == list(range(first, first + 20))


def test_a_whole_persistqueue_that_is_loaded_already_is_used() -> None:
    code = (
        "import persistqueue, sync_queue.manager;"
        "assert issubclass(sync_queue.manager.JobQueue, persistqueue.SQLiteAckQueue)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert (run.returncode, run.stderr) == (0, "")


class QueueLaws(RuleBasedStateMachine):
    """The queue does as a plain list of [job, status] does, whatever happens in whatever order."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.manager = QueueManager(self.folder.name)
        self.model: dict[int, tuple[Job, str]] = {}
        self.last_row = 0

    @property
    def queue(self) -> JobQueue:
        return self.manager.get_queue()

    def teardown(self) -> None:
        self.manager.close()
        self.folder.cleanup()

    @rule(scenes=st.lists(st.integers(1, 5), max_size=4))
    def put(self, scenes: list[int]) -> None:
        self.queue.put_jobs([a_job(scene_id) for scene_id in scenes])
        for scene_id in scenes:
            self.last_row += 1
            self.model[self.last_row] = (a_job(scene_id), "ready")

    @rule(scene_id=st.integers(1, 5))
    def claim(self, scene_id: int) -> None:
        rows = self._rows(scene_id, "ready")
        self.queue.claim(rows)
        self._mark(rows, "claimed")

    @precondition(lambda self: any(status == "claimed" for _, status in self.model.values()))
    @rule(scene_id=st.integers(1, 5), ending=st.sampled_from(["release", "finish", "postpone", "fail"]))
    def end(self, scene_id: int, ending: str) -> None:
        rows = self._rows(scene_id, "claimed")
        if not rows:
            return
        if ending == "release":
            self.queue.release(rows)
            self._mark(rows, "ready")
            return
        if ending == "finish":
            self.queue.finish(rows)
        else:
            job = self.model[rows[0]][0]._replace(attempts=self.model[rows[0]][0].attempts + 1)
            getattr(self.queue, ending)(rows, job)
            self.model[rows.pop(0)] = (job, "ready" if ending == "postpone" else "failed")
        for row in rows:
            del self.model[row]

    @rule(is_worker=st.booleans())
    def end_the_process(self, is_worker: bool) -> None:
        self.manager = reopened(self.manager, Path(self.folder.name))
        if is_worker:
            self.queue.release_claimed()
            self._mark([row for row, (_, status) in self.model.items() if status == "claimed"], "ready")

    @invariant()
    def holds_what_the_list_holds_in_its_order(self) -> None:
        assert [(queued.row, queued.job) for queued in self.queue.jobs()] == self._of("ready")
        assert [(queued.row, queued.job) for queued in self.queue.failed_jobs()] == self._of("failed")
        pending = [(queued.row, queued.job) for queued in self.queue.pending_jobs()]
        assert pending == self._of("ready", "claimed")
        assert stored_rows(Path(self.folder.name)) == len(self.model)

    def _of(self, *statuses: str) -> list[tuple[int, Job]]:
        return [(row, job) for row, (job, status) in sorted(self.model.items()) if status in statuses]

    def _rows(self, scene_id: int, status: str) -> list[int]:
        return [row for row, job in self._of(status) if job.scene_id == scene_id]

    def _mark(self, rows: list[int], status: str) -> None:
        for row in rows:
            self.model[row] = (self.model[row][0], status)


TestQueueLaws = QueueLaws.TestCase
TestQueueLaws.settings = settings(max_examples=30, stateful_step_count=20, deadline=None)


def test_many_scenes_are_queued_as_each_of_them_would_be(tmp_path: Path) -> None:
    with closing(QueueManager(tmp_path)) as manager:
        queue = manager.get_queue()
        assert queue.put_scenes([5, 2**40], "stale sync") == 2
        at_once = [one.job for one in queue.jobs()]
        queue.clear()
        queue.put_jobs(at_once)
        assert [one.job for one in queue.jobs()] == at_once
        assert [(job.scene_id, job.reason, job.due_at) for job in at_once] == [
            (5, "stale sync", 0.0),
            (2**40, "stale sync", 0.0),
        ]
        assert queue.due_scene_ids() == {5, 2**40}
