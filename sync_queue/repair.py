"""Setting a database aside whose damage shows only in use, after an error that nothing else explains."""

from __future__ import annotations

from pathlib import Path

from stash import log
from sync_queue.manager import QueueManager
from sync_queue.state import SyncState


def set_damaged_aside(data_dir: str | Path) -> None:
    """Look at both databases from their first page to their last; a damaged one is set aside, and told.

    Nobody in this process may have them open. Raises OSError or sqlite3.Error.
    """
    manager = QueueManager(data_dir, is_doubted=True)
    manager.close()
    if manager.notice:
        log.warning(manager.notice)
    SyncState(data_dir, is_doubted=True).close()
