"""Who is going to write what waits: what Queue Status says of the next drain."""

from __future__ import annotations

import os

from stash.process_lock import WORKER_LOCK, is_held
from sync_queue.drain_request import OFF_MARK, is_requested


def outlook_lines(data_dir: str, has_due_jobs: bool) -> list[str]:
    """Whether a drain runs, was asked for, or is left to a person, where something is due."""
    if os.path.exists(os.path.join(data_dir, OFF_MARK)):
        return [
            "Nothing is written automatically: the setting “Only drain by hand” (manual_drain) was on when "
            "the settings were last read. If you have switched it off since, run Check Setup or Process "
            "Queue."
        ]
    if is_held(os.path.join(data_dir, WORKER_LOCK)):
        return ["Process Queue is running now."]
    if not has_due_jobs:
        return []
    if is_requested(data_dir):
        return ["Stash was asked to run Process Queue and has not started it yet."]
    return [
        "Process Queue is neither running nor requested, as after a cancelled task or a restart of Stash. "
        "What is waiting will be written after the next edit or task, or when you run Process Queue."
    ]
