"""What the plugin does when it is started, and what its tasks are: the contents of the module Stash2Plex.

They stand in a file of their own because Python keeps the byte code of what is imported, and compiles the
script that it is started with each time, for every hook. Stash2Plex.py runs this file in its own namespace.

A task reads settings, connects and does its work; an operation answers the page. One JSON object goes to
standard output, {"output": …} or {"error": …}; the log goes to standard error. Before the packages are there
only the standard library can be imported, so everything else is imported where it is used.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from stash import log
from validation.exceptions import InvalidInput, Stash2PlexError
from validation.plugin_input import HookContext, PluginInput, ServerConnection, parse_plugin_input

if TYPE_CHECKING:
    from typing import Any, NoReturn

    from stash.client import Stash
    from sync_queue.manager import JobQueue, QueueManager
    from validation.config import Stash2PlexConfig

PLUGIN_DIR = os.path.dirname(os.path.realpath(__file__))

# Set by main for the length of a task.
stash_interface: Stash | None = None
config: Stash2PlexConfig | None = None
queue_manager: QueueManager | None = None

# By how much an automatic drain stands back for other processes.
NICENESS = 10
# Modes that need neither settings nor servers.
LOCAL_MODES = frozenset({"queue_status", "retry_failed", "clear_queue"})
# Modes that can do nothing without a queue.
QUEUE_MODES = LOCAL_MODES | {"process_queue"}
# Modes that return at once and never wait for the queue to be drained.
management_modes = LOCAL_MODES | {"check_setup", "reconcile_all", "reconcile_recent", "find_orphans"}


def get_plugin_data_dir() -> str:
    """Where queue and state are kept: STASH2PLEX_DATA_DIR, or `data` in the plugin's folder."""
    from sync_queue.hook import data_dir_of

    return data_dir_of(PLUGIN_DIR)


def run_as_script(raw: bytes) -> NoReturn:
    """Do what standard input has asked for, and end the process."""
    from stash.packages import complete_python

    complete_python()
    status = main(raw)
    sys.stderr.flush()
    if status or "stashapi.log" in sys.modules:
        from stash.last_lines import let_be_read

        let_be_read(sys.stderr.fileno())
    # Without the interpreter's own clean-up, which may wait for threads that read ahead.
    os._exit(status)


def main(raw: bytes | None = None) -> int:
    """Do what standard input asks for, which may have been read already; returns the exit status."""
    plugin_input = None
    try:
        plugin_input = parse_plugin_input(sys.stdin.buffer.read() if raw is None else raw)
        answer = _run(plugin_input)
    except Exception as problem:  # noqa: BLE001 - the last resort: no fault may end in a bare traceback
        reason = _failed(problem, with_traceback=not isinstance(problem, Stash2PlexError))
        # The page shows what it is told; of all else Stash shows the log.
        is_shown = plugin_input is not None and plugin_input.is_operation
        answer = {"error": log.without_secrets(reason) if is_shown else log.IN_THE_LOG}
    # ASCII, because Windows would write anything else in its own code page.
    sys.stdout.write(json.dumps(answer))
    sys.stdout.flush()
    return 1 if "error" in answer else 0


def _run(plugin_input: PluginInput) -> dict[str, Any]:
    connection, args = plugin_input.connection, plugin_input.args
    if plugin_input.hook is not None:
        handle_hook(plugin_input.hook, connection)
    if connection is None:
        raise InvalidInput("Stash sent no server_connection. Restart Stash and run the task again.")
    if plugin_input.is_operation:
        return {"output": handle_operation(args, connection)}
    error = _run_task(connection, args) if plugin_input.hook is None else None
    return {"error": log.IN_THE_LOG} if error else {"output": "ok"}


def _run_task(connection: ServerConnection, args: Mapping[str, Any]) -> str | None:
    from stash.byte_code import keep_byte_code
    from stash.packages import Packages

    _task_of(args)
    Packages(PLUGIN_DIR, get_plugin_data_dir()).provide()
    keep_byte_code()
    from sync_queue.manager import run_repairing

    return run_repairing(get_plugin_data_dir(), lambda: _run_task_once(connection, args))


def _run_task_once(connection: ServerConnection, args: Mapping[str, Any]) -> str | None:
    """Run a task whose packages are there. Raises Stash2PlexError, OSError or sqlite3.Error."""
    global queue_manager
    from sync_queue.manager import open_queue

    try:
        if args["mode"] == "check_setup":
            return handle_check_setup(connection)
        queue_manager = open_queue(get_plugin_data_dir(), is_needed=args["mode"] in QUEUE_MODES)
        if args["mode"] not in LOCAL_MODES:
            _connect(connection, args["mode"])
        error = handle_task(args)
        if not error:
            _follow_up(args)
        return error
    finally:
        if queue_manager is not None:
            queue_manager.close()


def handle_hook(hook: HookContext, connection: ServerConnection | None = None) -> None:
    """Queue what changed, and see to it that a worker takes it: no settings, nothing that loses the change.

    Raises InvalidInput where the change cannot be queued.
    """
    from sync_queue.hook import queue_change

    queue_change(get_plugin_data_dir(), hook, connection)


def handle_operation(args: Mapping[str, Any], connection: ServerConnection) -> dict[str, Any]:
    """What the page gets for an operation: its result, or the problem in words."""
    from operations.answer import answer

    return answer(args, connection, PLUGIN_DIR, get_plugin_data_dir())


def handle_task(task_args: Mapping[str, Any], stash: Stash | None = None) -> str | None:
    """Run the task that `mode` names; returns the error that it ended with, already logged.

    Raises InvalidInput for a mode that does not exist.
    """
    global stash_interface
    if stash is not None:
        stash_interface = stash
    return _task_of(task_args)(task_args)


def handle_reconcile(scope: str, is_scheduled: bool = False) -> str | None:
    """Find gaps in `all` scenes or the `recent` ones, queue them and log a summary.

    `is_scheduled` says that no person asked for it.
    """
    if stash_interface is None:
        return log.failed("No Stash connection available for reconciliation")
    if config is None:
        return log.failed("No config available for reconciliation")
    queue = queue_manager.get_queue() if queue_manager is not None else None
    if queue is None:
        log.warning("No queue available - running in detection-only mode")
    from reconciliation import engine
    from reconciliation.summary import tell
    from sync_queue.data_folder import is_damage

    scheduled: dict[str, Any] = {"is_scheduled": True} if is_scheduled else {}
    try:
        result = engine.GapDetectionEngine(
            stash=stash_interface, config=config, data_dir=get_plugin_data_dir(), queue=queue, **scheduled
        ).run(scope=scope)
    except Exception as problem:
        # Whatever ends a reconcile, the user reads one plain line.
        if is_damage(problem):
            raise  # The damaged file is set aside, and the task run again.
        return _failed(problem, "Reconciliation failed: ", with_traceback=True)
    tell(result, is_queued=queue is not None, is_drained=is_scheduled and not config.manual_drain)
    return None


def handle_process_queue(is_automatic: bool = False) -> str | None:
    """Drain the queue into Plex and log a summary; where a hook asked for it, only what was carried over."""
    # Hooks of a bulk edit have the processor first: a person waits for them, and nobody for this.
    if is_automatic and __name__ == "__main__" and hasattr(os, "nice"):
        os.nice(NICENESS)
    from sync_queue.process_queue import ProcessQueue

    stash, settings = _stash_and_config()
    if queue_manager is None:
        return log.failed("No queue available: nothing was written to Plex")
    queue = queue_manager.get_queue()
    return ProcessQueue(queue, stash, settings, get_plugin_data_dir(), is_automatic).run()


def handle_preview() -> str | None:
    """Show what a sync of everything that differs would write, in the log and as a report."""
    from reconciliation.preview import run_preview

    stash, settings = _stash_and_config()
    queue = queue_manager.get_queue() if queue_manager is not None else None
    run_preview(stash, settings, get_plugin_data_dir(), queue)
    return None


def handle_check_setup(connection: ServerConnection | None = None) -> str | None:
    """Log what is right in the set-up, what is wrong and what to do; changes nothing in Plex."""
    from reconciliation.setup_check import check_setup

    return check_setup(lambda: _stash_and_settings(connection), get_plugin_data_dir())


def handle_find_orphans() -> str | None:
    """Find the Plex items that no scene owns, and tell them in the log and as a report."""
    from reconciliation.orphans import find_orphans

    return find_orphans(*_stash_and_config(), get_plugin_data_dir())


def handle_bring_back() -> str | None:
    """Bring ratings, plays and resume times from Plex to Stash, as the settings want them."""
    from back_to_stash.run import bring_back

    return bring_back(*_stash_and_config(), get_plugin_data_dir())


def handle_undo_first_sync() -> str | None:
    """Put back what the first sync replaced in Plex, and what came from there into Stash."""
    from back_to_stash.undo import run_undo_on_both_sides

    return run_undo_on_both_sides(*_stash_and_config(), get_plugin_data_dir())


def handle_queue_status() -> str | None:
    """Log what waits, what failed and why, when what ran last, and when a reconcile is due."""
    from reconciliation.schedule import next_line
    from sync_queue.status import tell_status

    tell_status(_queue(), get_plugin_data_dir(), lambda state: next_line(state, time.time()))
    return None


def handle_retry_failed() -> str | None:
    """Queue everything again that had failed for good."""
    from sync_queue.status import retried_line

    log.info(retried_line(_queue().retry_failed()))
    return None


def handle_clear_queue() -> str | None:
    """Forget what waits and what failed; a reconcile finds again what differs."""
    from sync_queue.status import cleared_lines

    log.lines("info", cleared_lines(*_queue().clear()))
    return None


TASKS: Mapping[str, Callable[[Mapping[str, Any]], str | None]] = {
    "reconcile_all": lambda args: handle_reconcile("all", bool(args.get("scheduled"))),
    "reconcile_recent": lambda args: handle_reconcile("recent", bool(args.get("scheduled"))),
    "process_queue": lambda args: (
        handle_process_queue(is_automatic=True) if args.get("automatic") else handle_process_queue()
    ),
    "preview": lambda _: handle_preview(),
    "check_setup": lambda _: handle_check_setup(),
    "find_orphans": lambda _: handle_find_orphans(),
    "bring_back": lambda _: handle_bring_back(),
    "undo_first_sync": lambda _: handle_undo_first_sync(),
    "queue_status": lambda _: handle_queue_status(),
    "retry_failed": lambda _: handle_retry_failed(),
    "clear_queue": lambda _: handle_clear_queue(),
}


def _task_of(task_args: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], str | None]:
    mode = task_args.get("mode")
    task = TASKS.get(mode) if isinstance(mode, str) else None
    if task is None:
        raise InvalidInput(f"Unknown task mode {mode!r}. This version knows: {', '.join(TASKS)}.")
    return task


def _connect(connection: ServerConnection, mode: str) -> None:
    """Connect to Stash and read the settings."""
    global config, queue_manager, stash_interface
    from stash.chosen_scenes import as_set
    from sync_queue.drain_request import switch_automatic
    from sync_queue.one_stash import hold_to_one_stash
    from validation.config import read_settings

    stash, stored = _stash_and_settings(connection)
    settings = read_settings(stored)
    log.lines("warning", settings.warnings)
    config = settings.config
    stash = stash_interface = as_set(stash, config, mode)
    if queue_manager is not None:
        queue_manager = hold_to_one_stash(stash, queue_manager, get_plugin_data_dir())
        switch_automatic(get_plugin_data_dir(), is_on=not config.manual_drain)


def _follow_up(args: Mapping[str, Any]) -> None:
    """Ask for what the schedule wants after a task that ended well."""
    if stash_interface is None or config is None:
        return
    from reconciliation.schedule import follow_up

    queue = queue_manager.get_queue() if queue_manager is not None else None
    follow_up(args, stash_interface, config, queue, get_plugin_data_dir(), time.time())


def _stash_and_settings(connection: ServerConnection | None) -> tuple[Stash, Mapping[str, Any]]:
    """Connect to Stash, where it is told how, and read what it stored of the settings. Raises StashError."""
    global stash_interface
    from stash.client import Stash

    if connection is not None:
        stash_interface = Stash(connection)
    if stash_interface is None:
        raise InvalidInput("No Stash connection available for this task")
    return stash_interface, stash_interface.plugin_settings()


def _queue() -> JobQueue:
    if queue_manager is None:
        raise InvalidInput("No queue available")
    return queue_manager.get_queue()


def _stash_and_config() -> tuple[Stash, Stash2PlexConfig]:
    if stash_interface is None:
        raise InvalidInput("No Stash connection available for this task")
    if config is None:
        raise InvalidInput("No config available for this task")
    return stash_interface, config


def _failed(problem: Exception, what: str = "", with_traceback: bool = False) -> str:
    """Log why something ended; what a task ended with."""
    from sync_queue.ending import failed

    return failed(problem, PLUGIN_DIR, get_plugin_data_dir(), what, with_traceback)
