"""Which operations there are, and how one is carried out: its request checked, its errors put into words.

An operation is a function `(request, context) -> result` whose annotations say what it takes and gives: a
`Request` and a `Result`, both of pydantic. Its module is imported only where it is asked for.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, get_type_hints

from pydantic import ValidationError

from operations.context import Context
from operations.exceptions import OperationRefused
from operations.model import Request, Result
from operations.problems import refusal
from operations.sign_in_file import SignInFile
from sync_queue.data_folder import FOLDER_ERRORS, problem_text, waiting_at_most
from sync_queue.manager import run_repairing
from validation.exceptions import SettingsInvalid, Stash2PlexError

# By the name that the page asks for: the function, behind its module.
OPERATIONS: Mapping[str, str] = {
    "version": "operations.about:tell_version",
    "settings": "operations.settings:list_settings",
    "check_settings": "operations.settings:check_settings",
    "save_settings": "operations.settings:save_settings",
    "status": "operations.status:tell_status",
    "gaps": "operations.gaps:list_gaps",
    "preview": "operations.preview:list_preview",
    "queue": "operations.queue:list_queue",
    "orphans": "operations.orphans:list_orphans",
    "scene": "operations.scene:tell_scene",
    "sync_now": "operations.acts:sync_now",
    "retry": "operations.acts:retry",
    "clear": "operations.acts:clear",
    "ignore": "operations.acts:ignore",
    "sign_in_begin": "operations.sign_in:begin",
    "sign_in_wait": "operations.sign_in:wait",
    "check_setup": "operations.setup:check_setup",
    "libraries": "operations.setup:list_libraries",
    "path_map": "operations.setup:help_with_path_map",
    "servers": "operations.servers:tell_servers",
}
# Seconds to wait for a task that writes to a database just now.
PATIENCE = 3.0
RELOAD = "Reload this page, and try again."

Operation = Callable[[Any, Context], Result]


def carry_out(args: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """The result of the operation that these arguments name, as JSON holds it.

    Raises OperationRefused, and whatever is a fault of ours.
    """
    operation = operation_called(args.get("operation"))
    SignInFile(context.data_dir).forget_if_old(context.now)
    request = _request_of(operation, args)
    try:
        with waiting_at_most(PATIENCE):
            result = run_repairing(context.data_dir, lambda: operation(request, context))
        return result.model_dump(mode="json")
    except OperationRefused:
        raise
    except SettingsInvalid as invalid:
        raise refusal(invalid.problems[0]) from invalid
    except Stash2PlexError as problem:
        raise refusal(str(problem)) from problem
    except FOLDER_ERRORS as problem:
        raise OperationRefused(_words_for(problem, context.data_dir)) from problem


def operation_called(name: object) -> Operation:
    """The operation of this name. Raises OperationRefused where there is none."""
    place = OPERATIONS.get(name) if isinstance(name, str) else None
    if place is None:
        raise OperationRefused(f"This version of the plugin has no operation {name!r}. {RELOAD}")
    module, _, function = place.partition(":")
    operation: Operation = getattr(import_module(module), function)
    return operation


def request_type_of(operation: Operation) -> type[Request]:
    """What the operation wants to be told."""
    kind: type[Request] = get_type_hints(operation)["request"]
    return kind


def _request_of(operation: Operation, args: Mapping[str, Any]) -> Request:
    try:
        return request_type_of(operation).model_validate(dict(args))
    except ValidationError as invalid:
        entry = invalid.errors(include_input=False, include_url=False)[0]
        name = ".".join(map(str, entry["loc"]))
        raise OperationRefused(
            f"The page sent “{name}” in a form that the plugin cannot use ({entry['msg']}). {RELOAD}"
        ) from invalid


def _words_for(problem: Exception, data_dir: str) -> str:
    if isinstance(problem, sqlite3.OperationalError) and "locked" in str(problem):
        return "A task is writing to the plugin's data right now. Try again in a moment."
    return problem_text(data_dir, problem)
