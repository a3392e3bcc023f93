"""The answer to an operation: {"version", "result"}, or {"version", "problem"} in words for a person.

The page asks before any task may have run, so this needs nothing but the standard library until it is
known that the packages are there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from operations.exceptions import OperationRefused
from stash import log
from stash.packages import Packages, PackagesMissing

if TYPE_CHECKING:
    from typing import Any

    from validation.plugin_input import ServerConnection

# Of the shapes of requests and answers; the page names the one that it was written for.
VERSION = 1
# The task that installs the packages, as every other does, and that has nothing else to do at first.
INSTALLS_PACKAGES = "Check Setup"


def answer(
    args: Mapping[str, Any], connection: ServerConnection, plugin_dir: str, data_dir: str
) -> dict[str, Any]:
    """What the page gets for these arguments; no secret is in it. Raises what is a fault of ours."""
    try:
        return {"version": VERSION, "result": _cleaned(_result(args, connection, plugin_dir, data_dir))}
    except OperationRefused as refused:
        problem = {
            "text": str(refused),
            "setting": refused.setting,
            "scene_id": refused.scene_id,
            "task": refused.task,
        }
        return {"version": VERSION, "problem": _cleaned(problem)}


def _result(args: Mapping[str, Any], connection: ServerConnection, plugin_dir: str, data_dir: str) -> Any:
    version = args.get("version")
    if type(version) is not int or version != VERSION:
        raise OperationRefused("Reload this page: the plugin was updated.")
    _find_packages(Packages(plugin_dir, data_dir))
    from operations.context import Context
    from operations.registry import carry_out

    return carry_out(args, Context(connection, plugin_dir, data_dir))


def _find_packages(packages: Packages) -> None:
    """Only a task may install them: that takes minutes, and nobody would see how far it is."""
    try:
        if packages.find():
            return
    except PackagesMissing as missing:
        raise OperationRefused(str(missing)) from missing
    if obstacle := packages.obstacle():
        raise OperationRefused(obstacle)
    if packages.is_being_installed():
        raise OperationRefused(
            "The Python packages that Stash2Plex needs are being installed. Try again in a minute."
        )
    raise OperationRefused(
        "Stash2Plex first has to install the Python packages that it needs. Run the task Check Setup once, "
        "which does that and takes up to some minutes.",
        task=INSTALLS_PACKAGES,
    )


def _cleaned(value: Any) -> Any:
    """The same without a secret in any of its texts."""
    if isinstance(value, str):
        return log.without_secrets(value)
    if isinstance(value, Mapping):
        return {key: _cleaned(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_cleaned(one) for one in value]
    return value
