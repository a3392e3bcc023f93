"""What the queue costs: many gaps at once, and taking jobs with many others in it."""

from __future__ import annotations

import sys
import tempfile
import time

from benchmarks.arena import heading, show
from sync_queue.job import Job
from sync_queue.manager import QueueManager

BATCH = 50


def main(count: int) -> None:
    """Enqueue so many jobs; take and finish some of them, beside many failed ones."""
    heading("Queue", "step", "jobs", "seconds", "µs a job")
    with tempfile.TemporaryDirectory() as folder:
        queue = QueueManager(folder).get_queue()
        started = time.perf_counter()
        queue.put_jobs(Job(number, "stale sync", 1.0) for number in range(1, count + 1))
        tell("enqueue in one transaction", count, started)
        started = time.perf_counter()
        queued = list(queue.jobs())
        tell("read all that wait", count, started)
        for row in queued[: count // 2]:
            queue.fail([row.row], row.job)
        started = time.perf_counter()
        taken = [row.row for row in queued[count // 2 : count // 2 + 2_000]]
        for start in range(0, len(taken), BATCH):
            queue.claim(taken[start : start + BATCH])
            queue.finish(taken[start : start + BATCH])
        tell(f"take and finish, {count // 2:,} failed behind", len(taken), started)


def tell(step: str, jobs: int, started: float) -> None:
    """Print one step's row."""
    seconds = time.perf_counter() - started
    show(step, f"{jobs:,}", f"{seconds:.3f}", f"{seconds / jobs * 1e6:.0f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
