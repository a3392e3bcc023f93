"""The plugin's single entry: Stash starts it for every task and every hook, with JSON on standard input.

A hook appends a job to the queue and ends; a task reads settings, connects and does its work. One
JSON object goes to standard output, {"output": …} or {"error": …}; the log goes to standard error.
Everything but the standard library is imported where it is used: the hook path waits for nothing.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

PLUGIN_DIR = Path(__file__).resolve().parent
if str(PLUGIN_DIR) not in sys.path:
    sys.path.insert(0, str(PLUGIN_DIR))

from validation.exceptions import InvalidInput, SettingsInvalid, StashError  # noqa: E402
from validation.plugin_input import HookContext, PluginInput, parse_plugin_input  # noqa: E402

if TYPE_CHECKING:
    from plex.client import Plex
    from sync_queue.job import Job
    from sync_queue.manager import QueueManager
    from sync_queue.state import SyncState
    from validation.config import Stash2PlexConfig
    from validation.redaction import Redaction
    from validation.stash import Stash

# Set by main for the length of a task.
stash_interface: Stash | None = None
config: Stash2PlexConfig | None = None
queue_manager: QueueManager | None = None
_redactions: list[Redaction] = []

# What a hook's type says about the job: the entity that changed, empty for a scene.
HOOK_ENTITIES = {"Scene": "", "Performer": "performer", "Studio": "studio", "Tag": "tag", "Group": "group"}
REPORT_A_FAULT = "This is a fault in Stash2Plex: please report it with the debug log."

# Modes that look at the queue or add to it, and return without draining it.
management_modes = frozenset({"reconcile_all", "reconcile_recent"})


def get_plugin_data_dir() -> Path:
    """Where queue and state are kept: STASH2PLEX_DATA_DIR, or `data` in the plugin's folder."""
    return Path(os.environ.get("STASH2PLEX_DATA_DIR") or PLUGIN_DIR / "data")


def main() -> int:
    """Do what standard input asks for; returns the exit status."""
    try:
        error = _run(parse_plugin_input(sys.stdin.buffer.read()))
    except InvalidInput as problem:
        error = _report(str(problem))
    except ModuleNotFoundError as problem:
        error = _report(_missing_package(problem))
    except Exception as problem:  # noqa: BLE001 - the last resort: no fault may end in a bare traceback
        error = _report(f"{type(problem).__name__}: {problem}. {REPORT_A_FAULT}")
        _log("debug", traceback.format_exc())
    # ASCII, because Windows would write anything else in its own code page.
    sys.stdout.write(json.dumps({"error": _without_secrets(error)} if error else {"output": "ok"}))
    sys.stdout.flush()
    return 1 if error else 0


def _run(plugin_input: PluginInput) -> str | None:
    if plugin_input.hook is not None:
        handle_hook(plugin_input.hook)
    if plugin_input.server_connection is None:
        raise InvalidInput("Stash sent no server_connection. Restart Stash and run the task again.")
    if plugin_input.hook is not None:
        return None
    _task_of(plugin_input.args)
    try:
        _prepare_task(plugin_input.server_connection)
        return _run_task(plugin_input.args)
    except StashError as problem:
        return _report(str(problem))
    except SettingsInvalid as problem:
        _log_lines("error", problem.problems)
        return str(problem)
    except _database_errors() as problem:
        return _report(_data_dir_problem(problem))
    finally:
        _close_task()


def _run_task(args: Mapping[str, Any]) -> str | None:
    from plex.exceptions import PlexError

    try:
        return handle_task(args)
    except PlexError as problem:
        return _report(str(problem))


def handle_hook(hook: HookContext) -> None:
    """Queue the scene that changed: no settings, no network, nothing that could lose the change."""
    job = _job_of(hook)
    if job is None:
        return
    from sync_queue.manager import QueueManager

    try:
        manager = QueueManager(get_plugin_data_dir())
        manager.append(job)
    except _database_errors() as problem:
        raise InvalidInput(
            f"{hook.type} of {hook.id} could not be queued: {_data_dir_problem(problem)} "
            "Reconcile Library finds the change later."
        ) from problem
    manager.close()


def _job_of(hook: HookContext) -> Job | None:
    """The job for what a hook tells; None for hooks that do not concern scenes."""
    from sync_queue.job import ALL_SCENES, Job

    kind, _, event = hook.type.partition(".")
    entity = HOOK_ENTITIES.get(kind)
    if entity is None:
        return None
    if not entity:
        return Job(hook.id, hook.type, queued_at=time.time())
    if event.startswith("Destroy"):
        # The links to its scenes are gone with it: what was pushed tells which scenes changed.
        return Job(0, hook.type, queued_at=time.time(), entity=ALL_SCENES)
    return Job(0, hook.type, queued_at=time.time(), entity=entity, entity_id=hook.id)


def handle_task(task_args: Mapping[str, Any], stash: Stash | None = None) -> str | None:
    """Run the task that `mode` names; returns the error that it ended with, already logged.

    Raises InvalidInput for a mode that does not exist.
    """
    global stash_interface
    if stash is not None:
        stash_interface = stash
    return _task_of(task_args)()


def handle_reconcile(scope: str) -> str | None:
    """Find gaps in `all` scenes or the `recent` ones, queue them and log a summary."""
    if stash_interface is None:
        return _report("No Stash connection available for reconciliation")
    if config is None:
        return _report("No config available for reconciliation")
    queue = queue_manager.get_queue() if queue_manager is not None else None
    if queue is None:
        _log("warning", "No queue available - running in detection-only mode")
    _log("info", f"Comparing {'all' if scope == 'all' else 'recently updated'} scenes with Plex…")
    from reconciliation import engine, report

    try:
        result = engine.GapDetectionEngine(
            stash=stash_interface, config=config, data_dir=get_plugin_data_dir(), queue=queue
        ).run(scope=scope)
    except Exception as problem:  # noqa: BLE001 - whatever ends a reconcile, the user reads one plain line
        return _report_failure("Reconciliation failed", problem)
    _log_lines("info", report.summary_lines(result, is_queued=queue is not None))
    _log_lines("warning", (f"Error during reconciliation: {problem}" for problem in result.errors))
    _log_lines("info", report.advice_lines(result))
    return None


def handle_process_queue() -> str | None:
    """Drain the queue into Plex and log a summary."""
    from sync_queue.exclusive import AlreadyRunning, exclusive

    stash, settings = _stash_and_config()
    if queue_manager is None:
        return _report("No queue available: nothing was written to Plex")
    try:
        with exclusive(Path(get_plugin_data_dir()) / "worker.lock"):
            return _drain(stash, settings, queue_manager)
    except AlreadyRunning:
        _log("info", "Process Queue is already running elsewhere; what waits is written by that run.")
    return None


def _drain(stash: Stash, settings: Stash2PlexConfig, manager: QueueManager) -> str | None:
    from sync_queue import report
    from sync_queue.progress import Progress
    from sync_queue.worker import SyncWorker

    queue = manager.get_queue()
    queue.release_claimed()
    waiting = sum(1 for _ in queue.jobs())
    if not waiting:
        _log("info", "The queue is empty: nothing to write to Plex.")
        return None
    with _plex_and_state(settings) as (plex, state):
        summary = SyncWorker(queue, state, stash, plex, settings, report_progress=Progress()).drain()
    _log_lines("info", report.summary_lines(summary))
    if summary.stopped:
        return _report(f"Stopped early: {summary.stopped}")
    _log_lines("info", report.advice_lines(summary))
    return None


def handle_preview() -> str | None:
    """Show what a sync of everything that differs would write, in the log and as a report."""
    from reconciliation import engine, preview

    stash, settings = _stash_and_config()
    data_dir = Path(get_plugin_data_dir())
    detection = engine.GapDetectionEngine(stash=stash, config=settings, data_dir=data_dir, queue=None)
    result = detection.run(scope="all")
    _log_lines("warning", (f"Error during reconciliation: {problem}" for problem in result.errors))
    waiting = [one.job.scene_id for one in queue_manager.get_queue().jobs()] if queue_manager else []
    scene_ids = sorted({*detection.gaps, *waiting} - {0})
    with _plex_and_state(settings) as (plex, state):
        shown = preview.Preview(stash, plex, state, settings, data_dir).run(scene_ids)
    _log_lines("info", preview.summary_lines(shown))
    return None


def handle_undo_first_sync() -> str | None:
    """Put back the values locked in Plex that the first sync replaced."""
    from sync_queue.undo import undo_first_sync

    _, settings = _stash_and_config()
    with _plex_and_state(settings) as (plex, state):
        state.use_server(plex.machine_identifier, str(settings.path_map))
        summary = undo_first_sync(plex, state)
    _log("info", f"Put back {summary.fields} fields of {summary.restored} items.")
    if summary.changed_since:
        _log("info", f"Left alone: {summary.changed_since} items that were changed since the first sync.")
    if summary.gone:
        _log("info", f"Not in Plex any more: {summary.gone} items.")
    if summary.failed:
        return _report(f"Plex refused to put back {summary.failed} items; run the task again.")
    return None


def _stash_and_config() -> tuple[Stash, Stash2PlexConfig]:
    if stash_interface is None:
        raise InvalidInput("No Stash connection available for this task")
    if config is None:
        raise InvalidInput("No config available for this task")
    return stash_interface, config


@contextmanager
def _plex_and_state(settings: Stash2PlexConfig) -> Iterator[tuple[Plex, SyncState]]:
    from plex.client import Plex, client_identifier
    from sync_queue.state import SyncState

    data_dir = Path(get_plugin_data_dir())
    state = SyncState(data_dir)
    try:
        token = settings.plex_token.get_secret_value()
        yield Plex(settings.plex_url, token, client_identifier(data_dir)), state
    finally:
        state.close()


TASKS: Mapping[str, Callable[[], str | None]] = {
    "reconcile_all": lambda: handle_reconcile("all"),
    "reconcile_recent": lambda: handle_reconcile("recent"),
    "process_queue": lambda: handle_process_queue(),
    "preview": lambda: handle_preview(),
    "undo_first_sync": lambda: handle_undo_first_sync(),
}


def _task_of(task_args: Mapping[str, Any]) -> Callable[[], str | None]:
    mode = task_args.get("mode")
    task = TASKS.get(mode) if isinstance(mode, str) else None
    if task is None:
        raise InvalidInput(f"Unknown task mode {mode!r}. This version knows: {', '.join(TASKS)}.")
    return task


def _prepare_task(server_connection: Mapping[str, Any]) -> None:
    """Connect to Stash, read the settings and open the queue."""
    global stash_interface, config, queue_manager
    from sync_queue.manager import QueueManager
    from validation.config import read_settings
    from validation.stash import Stash

    cookie = server_connection.get("SessionCookie")
    _redact(cookie.get("Value") if isinstance(cookie, Mapping) else None)
    stash_interface = Stash(server_connection)
    stored = stash_interface.plugin_settings()
    _redact(stored.get("plex_token"))
    settings = read_settings(stored)
    _log_lines("warning", settings.warnings)
    config = settings.config
    stash_interface.reads_performer_pictures = bool(config.performer_image_address)
    try:
        queue_manager = QueueManager(get_plugin_data_dir())
    except _database_errors() as problem:
        _log("error", _data_dir_problem(problem))


def _close_task() -> None:
    if queue_manager is not None:
        queue_manager.close()


def _database_errors() -> tuple[type[Exception], ...]:
    import sqlite3

    return (OSError, sqlite3.Error)


def _data_dir_problem(problem: BaseException) -> str:
    return (
        f"The data folder {get_plugin_data_dir()} cannot be used ({problem}). "
        "Stash must be able to write there; set STASH2PLEX_DATA_DIR to use another folder."
    )


def _missing_package(problem: ModuleNotFoundError) -> str:
    return (
        f"The Python package “{problem.name}” is missing. Install what the plugin needs with: "
        f"{sys.executable} -m pip install -r {PLUGIN_DIR / 'requirements.txt'}"
    )


def _redact(secret: object) -> None:
    """Keep this secret out of every line that is written from now on."""
    if isinstance(secret, str) and secret:
        from stashapi import log

        from validation.redaction import Redaction

        redaction = Redaction(secret)
        _redactions.append(redaction)
        log.sl.addFilter(redaction)


def _without_secrets(text: str) -> str:
    for redaction in _redactions:
        text = redaction.clean(text)
    return text


def _report_failure(what: str, problem: Exception) -> str:
    """Log why something ended: one plain line, and the traceback for the debug log."""
    from plex.exceptions import PlexError

    is_known = isinstance(problem, (StashError, PlexError))
    detail = str(problem) if is_known else f"{type(problem).__name__}: {problem}. {REPORT_A_FAULT}"
    error = _report(f"{what}: {detail}")
    _log_lines("debug", "".join(traceback.format_exception(problem)).splitlines())
    return error


def _report(error: str) -> str:
    _log("error", error)
    return error


def _log_lines(level: str, lines: Iterable[str]) -> None:
    for line in lines:
        _log(level, line)


def _log(level: str, text: str) -> None:
    try:
        from stashapi import log
    except ModuleNotFoundError:
        # Without stashapp-tools the user still has to read what is missing.
        for line in text.splitlines():
            sys.stderr.write(f"\x01{level[0]}\x02{line}\n")
        return
    for handler in log.sl.handlers:
        handler.stream = sys.stderr
    getattr(log, level)(text)


if __name__ == "__main__":
    sys.exit(main())
