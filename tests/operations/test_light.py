"""What the page asks for often is answered without loading what only the servers need."""

from __future__ import annotations

import subprocess
import sys

from operations.registry import OPERATIONS
from tests.servers.world import ROOT

# They ask neither server, or Stash only where something is to be done.
OF_THE_STATE = ("status", "gaps", "preview", "queue", "orphans", "sync_now", "retry", "clear", "ignore")
HEAVY = ("plexapi", "requests", "stashapi")


def test_lists_and_acts_load_no_client_of_a_server() -> None:
    modules = sorted({OPERATIONS[name].partition(":")[0] for name in OF_THE_STATE})
    code = f"import sys, {', '.join(modules)}; print(*sorted(set({HEAVY}) & set(sys.modules)))"
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert run.stdout == "\n"
