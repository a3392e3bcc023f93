"""What the plugin does for a hook: write down what changed, and see to it that a worker takes it.

Stash waits for it, once for each scene of a bulk edit, and starts a Python for it each time. So a hook reads
no settings and imports almost nothing: this module and what it imports need nothing but the standard library,
and little of that.

What changed is one line at the end of a file beside the queue's database. A line costs a tenth of what
loading SQLite does, and it is never kept waiting or refused by a database that is locked, read-only or
damaged. The next task takes the lines into the queue before it looks for work (sync_queue.take_in).
"""

from __future__ import annotations

import errno
import os
import time

from stash.process_lock import try_to_share
from validation.exceptions import InvalidInput, Stash2PlexError
from validation.json_text import quoted
from validation.plugin_input import HookContext, ServerConnection, parse_plugin_input

# Nothing in Plex changes with it: the next task forgets the scene.
NO_DRAIN_AFTER = "Scene.Destroy.Post"
WAITING = "hooks.waiting"
# What shows in the metadata of scenes, by the first word of a hook's type.
ENTITIES = {"Performer": "performer", "Studio": "studio", "Tag": "tag", "Group": "group"}
# After an entity is gone nothing in Stash tells which scenes had it.
ALL_SCENES = "scenes"
# A task that comes between takes the file away; it has then nothing more to take for a while.
_TRIES = 10
# No link is followed: it would write elsewhere.
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


def data_dir_of(plugin_dir: str) -> str:
    """Where queue and state are kept: STASH2PLEX_DATA_DIR, or `data` in the plugin's folder."""
    return os.environ.get("STASH2PLEX_DATA_DIR") or os.path.join(plugin_dir, "data")


def is_answered(raw: bytes, plugin_dir: str) -> bool:
    """Do what standard input asks for, where it is a hook and all goes well; else there is more to do.

    Raises InvalidInput, and whatever else goes wrong.
    """
    plugin_input = parse_plugin_input(raw)
    if plugin_input.hook is None or plugin_input.connection is None:
        return False
    queue_change(data_dir_of(plugin_dir), plugin_input.hook, plugin_input.connection)
    return True


def queue_change(data_dir: str, hook: HookContext, connection: ServerConnection | None) -> None:
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
    if is_kept and connection is not None and hook.type != NO_DRAIN_AFTER:
        _ask_for_drain(data_dir, connection)


def _ask_for_drain(data_dir: str, connection: ServerConnection) -> None:
    from sync_queue.drain_request import ask_for_drain

    try:
        ask_for_drain(data_dir, connection)
    except (Stash2PlexError, OSError) as problem:
        from stash import log

        log.write_line(
            "debug", f"{problem} What is waiting will be written by the next run of Process Queue."
        )


def append_change(data_dir: str, hook_type: str, changed_id: int) -> bool:
    """Write down what a hook such as `Scene.Update.Post` announces of the entity with this id.

    Returns whether there was something to write down; it is on the disk then. Raises OSError.
    """
    kind, _, event = hook_type.partition(".")
    if kind == "Scene":
        append_scene(data_dir, hook_type, changed_id)
        return True
    if kind not in ENTITIES:
        return False
    entity, entity_id = ENTITIES[kind], changed_id
    if event.startswith("Destroy"):
        # The links to its scenes are gone with it: what was pushed tells which scenes changed.
        entity, entity_id = ALL_SCENES, 0
    _append(data_dir, f'"entity":{quoted(entity)},"entity_id":{entity_id}', hook_type)
    return True


def append_scene(data_dir: str, reason: str, scene_id: int) -> None:
    """Write down “bring this scene to Plex”. Raises OSError."""
    _append(data_dir, f'"scene_id":{scene_id}', reason)


def _append(data_dir: str, what: str, reason: str) -> None:
    # A line begins as it ends, so that one that was cut short spoils no other.
    line = f'\n{{{what},"reason":{quoted(reason)},"queued_at":{time.time()!r}}}\n'.encode()
    path = os.path.join(data_dir, name_of_file())
    for _ in range(_TRIES):
        if _is_kept(path, line):
            return
    raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), path)


def name_of_file() -> str:
    """The file that this process writes to.

    Where the system does not append in one step, as Windows does not, each process has its own.
    """
    return WAITING if os.name == "posix" else f"{WAITING}.{os.getpid()}"


def _is_kept(path: str, line: bytes) -> bool:
    """Write the line; False where a task has taken the file away before, or may have."""
    file = _open(path)
    try:
        # While it is shared no task reads it. On a drive without locks the line may be written twice.
        is_shared = try_to_share(file)
        if not _is_there(path, file):
            return False
        if os.write(file, line) < len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)
        os.fsync(file)
        return is_shared or _is_there(path, file)
    finally:
        os.close(file)


def _is_there(path: str, file: int) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(file))
    except FileNotFoundError:
        return False


def _open(path: str) -> int:
    try:
        return os.open(path, _FLAGS, 0o600)
    except FileNotFoundError:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        return os.open(path, _FLAGS, 0o600)
