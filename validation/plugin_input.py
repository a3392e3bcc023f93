"""What Stash writes to the plugin's standard input, as typed values.

The hook path imports this module, so it needs nothing but the standard library.
"""

from __future__ import annotations

from validation.exceptions import InvalidInput
from validation.json_text import decoded

# As mypy knows it; importing typing takes a hook as long as writing its job.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

# The plugin's name in Stash: its manifest's, without the ending.
PLUGIN_ID = "Stash2Plex"


class HookContext:
    """What changed in Stash: the id of the scene and the hook's type, such as `Scene.Update.Post`.

    Everything else in Stash's hook context differs with the origin of the change and is not kept.
    """

    __slots__ = ("id", "type")

    def __init__(self, id: int, type: str) -> None:
        self.id = id
        self.type = type

    def __eq__(self, other: object) -> bool:
        return isinstance(other, HookContext) and (self.id, self.type) == (other.id, other.type)

    def __hash__(self) -> int:
        return hash((self.id, self.type))


class ServerConnection:
    """How the Stash that started the plugin is reached, and the session that it gave to the plugin.

    `host` is one to connect to, IPv6 in brackets; `cookie` is empty where Stash wants no login.
    `plugin_dir` is the folder of which Stash serves files, which may be relative to Stash's own folder, in
    which it starts the plugin; empty where Stash does not say.
    """

    __slots__ = ("cookie", "host", "plugin_dir", "port", "scheme")

    def __init__(self, scheme: str, host: str, port: int, cookie: str, plugin_dir: str = "") -> None:
        self.scheme = scheme
        self.host = host
        self.port = port
        self.cookie = cookie
        self.plugin_dir = plugin_dir

    @property
    def address(self) -> str:
        """Where Stash is, as a browser on this machine would write it."""
        return f"{self.scheme}://{self.host}:{self.port}"

    def with_cookie(self, cookie: str) -> ServerConnection:
        """The same with a newer session."""
        return ServerConnection(self.scheme, self.host, self.port, cookie, self.plugin_dir)


class PluginInput:
    """One call of the plugin by Stash.

    `connection` is None where Stash sent none: a hook can still be queued without it.
    """

    __slots__ = ("args", "connection", "hook")

    def __init__(
        self, connection: ServerConnection | None, args: Mapping[str, Any], hook: HookContext | None
    ) -> None:
        self.connection = connection
        self.args = args
        self.hook = hook

    @property
    def is_operation(self) -> bool:
        """Whether the page asks for something that is answered at once (docs/operations.md)."""
        return self.hook is None and self.args.get("mode") == "operation"


def parse_plugin_input(raw: bytes) -> PluginInput:
    """Read the JSON document that Stash writes to standard input (UTF-8, one object).

    Raises InvalidInput with a sentence for the user.
    """
    if not raw.strip():
        raise InvalidInput(
            "Standard input was empty. Stash2Plex is started by Stash: run its tasks from Stash's Tasks page."
        )
    try:
        document = decoded(raw)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(
            f"Standard input is not JSON ({type(error).__name__}). Stash2Plex is started by Stash."
        ) from error
    if not isinstance(document, dict):
        raise InvalidInput("Standard input is JSON but not an object. Stash2Plex is started by Stash.")
    args = document.get("args")
    if not isinstance(args, dict):
        raise InvalidInput("Stash sent no args. Reload the plugins in Stash and run the task again.")
    connection = document.get("server_connection")
    return PluginInput(
        connection=parse_connection(connection) if isinstance(connection, dict) and connection else None,
        args=args,
        hook=_parse_hook_context(args.get("hookContext")),
    )


def parse_connection(document: Mapping[str, Any]) -> ServerConnection:
    """What Stash tells of itself.

    What is odd in it shows when Stash is asked and not before: a hook is written down first.
    """
    cookie = document.get("SessionCookie")
    value = cookie.get("Value") if isinstance(cookie, dict) else None
    plugin_dir = document.get("PluginDir")
    return ServerConnection(
        scheme="https" if document.get("Scheme") == "https" else "http",
        host=_connectable(document.get("Host")),
        port=_parse_port(document.get("Port") or 9999),
        cookie=value if isinstance(value, str) else "",
        plugin_dir=plugin_dir if isinstance(plugin_dir, str) else "",
    )


def _parse_port(value: Any) -> int:
    """The port; one that nobody listens on where Stash sent no number."""
    try:
        return int(value)
    except (ValueError, TypeError, OverflowError):
        return 0


def _connectable(host: object) -> str:
    """The host to connect to for the one Stash listens on ("0.0.0.0" means all of them); IPv6 in brackets."""
    text = str(host or "").strip("[] ")
    if text in ("", "0.0.0.0"):
        return "127.0.0.1"
    if text == "::":
        return "[::1]"
    return f"[{text}]" if ":" in text else text


def _parse_hook_context(context: object) -> HookContext | None:
    if context is None:
        return None
    if not isinstance(context, dict):
        raise InvalidInput("Stash sent a hook whose hookContext is not an object; the change is not queued.")
    hook_type = context.get("type")
    if not isinstance(hook_type, str) or not hook_type:
        raise InvalidInput("Stash sent a hook without a type; the change is not queued.")
    return HookContext(id=_parse_id(context.get("id"), hook_type), type=hook_type)


def _parse_id(value: object, hook_type: str) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**63:
        raise InvalidInput(f"Stash sent the hook {hook_type} without a usable id; the change is not queued.")
    return value
