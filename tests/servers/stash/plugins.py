"""Plugins as Stash loads them: every .yml below the plugins folder, read strictly."""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

TEXT_KEYS = ("name", "description", "url", "version")
PLUGIN_KEYS = {*TEXT_KEYS, "interface", "exec", "errLog", "tasks", "hooks", "ui", "settings"}
TASK_KEYS = {"name", "description", "execArgs", "defaultArgs"}
HOOK_KEYS = {*TASK_KEYS, "triggeredBy"}
SETTING_KEYS = {"type", "displayName", "description"}
UI_KEYS = {"requires", "csp", "javascript", "css", "assets"}
CSP_KEYS = {"script-src", "style-src", "connect-src"}
SETTING_TYPES = {"STRING", "NUMBER", "BOOLEAN"}
LOG_LEVELS = {"none", "trace", "debug", "info", "warning", "error"}


class PluginLoadError(Exception):
    """Stash would not load this file as a plugin."""


@dataclass(frozen=True)
class Task:
    """A task of a plugin; all its arguments are text."""

    name: str
    description: str = ""
    exec_args: tuple[str, ...] = ()
    default_args: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Hook(Task):
    """A task that Stash starts by itself. A trigger that Stash does not know simply never fires."""

    triggered_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class PluginPage:
    """What a plugin adds to Stash's page: files of its folder, folders by the address they are served at."""

    requires: tuple[str, ...] = ()
    csp: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    javascript: tuple[str, ...] = ()
    css: tuple[str, ...] = ()
    assets: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Plugin:
    """A loaded plugin."""

    id: str
    path: Path
    name: str
    version: str = ""
    description: str = ""
    url: str = ""
    interface: str = "raw"
    exec: tuple[str, ...] = ()
    error_log: str = "error"
    tasks: tuple[Task, ...] = ()
    hooks: tuple[Hook, ...] = ()
    settings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    ui: PluginPage = PluginPage()

    @property
    def directory(self) -> Path:
        return self.path.parent

    def task(self, name: str) -> Task | None:
        return next((task for task in self.tasks if task.name == name), None)


class _StrictLoader(yaml.SafeLoader):
    """Reads scalars as the text they were written as, and refuses a key that is given twice."""


def _construct_strict_mapping(loader: yaml.SafeLoader, node: yaml.Node) -> dict[Any, Any]:
    assert isinstance(node, yaml.MappingNode)
    content: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, Hashable) or not isinstance(key, str):
            raise PluginLoadError(f"line {key_node.start_mark.line + 1}: a key must be text")
        if key in content:
            raise PluginLoadError(f'line {key_node.start_mark.line + 1}: key "{key}" already set in map')
        content[key] = loader.construct_object(value_node, deep=True)
    return content


def _construct_text(loader: yaml.SafeLoader, node: yaml.Node) -> str | None:
    """Every scalar stays the text it is in the file: 1.10 and 0x10 and yes; a blank or ~ is null."""
    assert isinstance(node, yaml.ScalarNode)
    is_null = node.tag == "tag:yaml.org,2002:null"
    return None if is_null else str(node.value)


_StrictLoader.add_constructor("tag:yaml.org,2002:map", _construct_strict_mapping)
for _kind in ("bool", "int", "float", "null", "str", "timestamp"):
    _StrictLoader.add_constructor(f"tag:yaml.org,2002:{_kind}", _construct_text)


def load_plugin(path: Path) -> Plugin:
    """Read one .yml; PluginLoadError says what Stash would have written to its log."""
    try:
        return replace(_plugin_of(path.name, path.read_text(encoding="utf-8")), path=path)
    except (yaml.YAMLError, UnicodeDecodeError, OSError, PluginLoadError) as error:
        raise PluginLoadError(f"{path}: {error}") from error


@lru_cache(maxsize=64)
def _plugin_of(name: str, text: str) -> Plugin:
    """The plugin of a file with this name and text; many tests install the same."""
    return _read_plugin(Path(name), _mapping("plugin", first_document(text), PLUGIN_KEYS))


def first_document(text: str) -> Any:
    """What the text's first document holds."""
    loader = _StrictLoader(text)
    return loader.get_data() if loader.check_data() else None  # type: ignore[no-untyped-call]


def load_plugins(directory: Path) -> tuple[list[Plugin], list[str]]:
    """Every file ending in exactly .yml below the folder, links followed; the plugins and the errors.

    Of two plugins with the same id (in any case) the first is loaded.
    """
    plugins: dict[str, Plugin] = {}
    errors: list[str] = []
    for folder, folders, names in os.walk(directory, followlinks=True):
        # Nobody puts a plugin among byte code, and there it takes longest to look.
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for name in sorted(names):
            if not name.endswith(".yml"):
                continue
            try:
                plugin = load_plugin(Path(folder, name))
            except PluginLoadError as error:
                errors.append(f"Error loading plugin {error}")
                continue
            if plugin.id.lower() in plugins:
                errors.append(f"Error loading plugin {plugin.path}: plugin ID {plugin.id} already exists")
            else:
                plugins[plugin.id.lower()] = plugin
    return list(plugins.values()), errors


def _read_plugin(path: Path, content: dict[str, Any]) -> Plugin:
    texts = {key: _text(key, content.get(key)) for key in (*TEXT_KEYS, "interface", "errLog")}
    interface = texts["interface"] or "raw"
    if interface not in ("rpc", "raw", "js"):
        raise PluginLoadError(f"invalid interface type {interface}")
    if texts["errLog"] and texts["errLog"] not in LOG_LEVELS:
        raise PluginLoadError(f"invalid errLog {texts['errLog']}")
    return Plugin(
        id=path.stem,
        path=path,
        name=texts["name"] or path.stem,
        version=texts["version"],
        description=texts["description"],
        url=texts["url"],
        interface=interface,
        exec=_texts("exec", content.get("exec")),
        error_log=texts["errLog"] or "error",
        tasks=tuple(_list("tasks", content.get("tasks"), _read_task)),
        hooks=tuple(_list("hooks", content.get("hooks"), _read_hook)),
        settings=_read_settings(content.get("settings")),
        ui=_read_page(_mapping("ui", content.get("ui"), UI_KEYS)),
    )


def _read_page(content: dict[str, Any]) -> PluginPage:
    csp, assets = (
        _mapping("csp", content.get("csp"), CSP_KEYS),
        _mapping("assets", content.get("assets"), None),
    )
    return PluginPage(
        requires=_texts("requires", content.get("requires")),
        csp={key: _texts(key, sources) for key, sources in csp.items()},
        javascript=_texts("javascript", content.get("javascript")),
        css=_texts("css", content.get("css")),
        assets={key: _text(f"assets {key}", folder) for key, folder in assets.items()},
    )


def _read_task(content: Any) -> Task:
    return Task(**_task_fields("task", _mapping("task", content, TASK_KEYS)))


def _read_hook(content: Any) -> Hook:
    given = _mapping("hook", content, HOOK_KEYS)
    return Hook(**_task_fields("hook", given), triggered_by=_texts("triggeredBy", given.get("triggeredBy")))


def _task_fields(what: str, given: dict[str, Any]) -> dict[str, Any]:
    arguments = _mapping("defaultArgs", given.get("defaultArgs"), None)
    return {
        "name": _text(f"{what} name", given.get("name")),
        "description": _text(f"{what} description", given.get("description")),
        "exec_args": _texts("execArgs", given.get("execArgs")),
        "default_args": {key: _text(f"defaultArgs {key}", value) for key, value in arguments.items()},
    }


def _read_settings(content: Any) -> dict[str, dict[str, str]]:
    settings = {}
    for key, value in _mapping("settings", content, None).items():
        given = _mapping(f"setting {key}", value, SETTING_KEYS)
        setting = {name: _text(f"setting {key} {name}", text) for name, text in given.items()}
        if setting.setdefault("type", "STRING") not in SETTING_TYPES:
            raise PluginLoadError(f"setting {key}: invalid type {setting['type']}")
        settings[key] = setting
    return settings


def _mapping(what: str, content: Any, known: set[str] | None) -> dict[str, Any]:
    if content is None and what != "plugin":
        return {}
    if not isinstance(content, dict):
        raise PluginLoadError(f"{what}: cannot unmarshal {type(content).__name__} into a map")
    if known is not None and (unknown := sorted(set(content) - known)):
        raise PluginLoadError(f"field {', '.join(unknown)} not found in {what}")
    return content


def _list(what: str, content: Any, read: Callable[[Any], Any]) -> list[Any]:
    if content is None:
        return []
    if not isinstance(content, list):
        raise PluginLoadError(f"{what}: cannot unmarshal {type(content).__name__} into a list")
    return [read(one) for one in content]


def _text(what: str, content: Any) -> str:
    if content is None:
        return ""
    if not isinstance(content, str):
        raise PluginLoadError(f"{what}: cannot unmarshal {type(content).__name__} into text")
    return content


def _texts(what: str, content: Any) -> tuple[str, ...]:
    return tuple(_list(what, content, lambda one: _text(what, one)))
