"""What the plugin does for a hook: write down what changed, and see to it that a worker takes it.

Stash waits for it, once for each scene of a bulk edit, and starts a Python for it each time. So a hook reads
no settings and imports almost nothing: this module and what it imports need nothing but the standard library,
and little of that.
"""

from __future__ import annotations

import os

from sync_queue.append import append_change
from validation.exceptions import AskingFailed, InvalidInput
from validation.plugin_input import HookContext, parse_plugin_input

# As mypy knows it; importing typing takes a hook as long as writing down its change.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

# Nothing in Plex changes with it: the next task forgets the scene.
NO_DRAIN_AFTER = "Scene.Destroy.Post"


def data_dir_of(plugin_dir: str) -> str:
    """Where queue and state are kept: STASH2PLEX_DATA_DIR, or `data` in the plugin's folder."""
    return os.environ.get("STASH2PLEX_DATA_DIR") or os.path.join(plugin_dir, "data")


def is_answered(raw: bytes, plugin_dir: str) -> bool:
    """Do what standard input asks for, where it is a hook and all goes well; else there is more to do.

    Raises InvalidInput, and whatever else goes wrong.
    """
    plugin_input = parse_plugin_input(raw)
    if plugin_input.hook is None or plugin_input.server_connection is None:
        return False
    queue_change(data_dir_of(plugin_dir), plugin_input.hook, plugin_input.server_connection)
    return True


def queue_change(data_dir: str, hook: HookContext, server_connection: Mapping[str, Any] | None) -> None:
    """Write down what changed, and ask for a drain where nobody has; nothing of that loses the change.

    Raises InvalidInput where the change cannot be kept.
    """
    try:
        is_kept = append_change(data_dir, hook.type, hook.id)
    except OSError as problem:
        from sync_queue.data_folder import problem_text

        raise InvalidInput(
            f"{hook.type} of {hook.id} could not be queued: {problem_text(data_dir, problem)} "
            "Reconcile Library finds the change later."
        ) from problem
    if is_kept and server_connection is not None and hook.type != NO_DRAIN_AFTER:
        _ask_for_drain(data_dir, server_connection)


def _ask_for_drain(data_dir: str, server_connection: Mapping[str, Any]) -> None:
    from sync_queue.drain_request import ask_for_drain

    try:
        ask_for_drain(data_dir, server_connection)
    except (AskingFailed, OSError) as problem:
        from stash import log

        log.write_line(
            "debug", f"{problem} What is waiting will be written by the next run of Process Queue."
        )
