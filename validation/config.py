"""The plugin's settings, read from whatever Stash stored and checked all at once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError

from validation.exceptions import SettingsInvalid
from validation.path_map import PathMap

DISPLAY_NAMES = {
    "background_from_cover": "Cover as background",
    "collection_prefix": "Collection prefix",
    "content_rating": "Content rating",
    "leave_fields": "Fields to leave alone",
    "manual_drain": "Only drain by hand",
    "opt_out_label": "Opt-out label",
    "parallel_writes": "Parallel writes",
    "parent_studio_collection": "Collection of the parent studio",
    "path_map": "Path map",
    "performer_image_address": "Stash address for performer pictures",
    "plex_accept_any_certificate": "Accept any certificate of Plex",
    "plex_holds_a_part": "Plex holds a part",
    "plex_library": "Plex libraries",
    "plex_scan_missing": "Scan for missing files",
    "plex_token": "Plex token",
    "plex_url": "Plex URL",
    "preserve_plex_edits": "Preserve Plex edits",
    "tags_as": "Tags as",
    "tags_exclude": "Tags to leave out",
    "tags_include": "Tags to carry",
    "tags_rename": "Tags to rename",
}
# What the setting “Fields to leave alone” may name, in the words of Plex's edit dialog.
FIELD_NAMES = (
    "title",
    "sort title",
    "summary",
    "date",
    "studio",
    "content rating",
    "rating",
    "actors",
    "directors",
    "genres",
    "labels",
    "collections",
    "poster",
    "background",
)
TAG_TARGETS = ("genres", "labels", "collections")


def _read_url(value: object) -> str:
    text = _read_text(value)
    if not text:
        raise ValueError(
            "is not set. Give the address of your Plex server, such as http://192.168.1.10:32400."
        )
    if "://" not in text:
        text = "http://" + text
    wrong = f"is not a web address ({_without_query(text)}). Give one such as http://192.168.1.10:32400."
    try:
        parts = urlsplit(text)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        raise ValueError(wrong) from None
    if parts.scheme.lower() not in ("http", "https") or not parts.hostname or re.search(r"\s", text):
        raise ValueError(wrong)
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    # A person pastes what the browser shows: the web app's path and fragment are no part of the server.
    path = re.split(r"/web(?:/|$)", parts.path, maxsplit=1)[0].rstrip("/")
    return f"{parts.scheme.lower()}://{host}{port}{path}"


def _without_query(text: str) -> str:
    """The address without what may hold a password or a token."""
    return re.split(r"[?#]", re.sub(r"//.*@", "//", text, flags=re.DOTALL))[0]


def _read_token(value: object) -> str:
    text = _read_text(value.get_secret_value() if isinstance(value, SecretStr) else value)
    if not text:
        raise ValueError("is not set. README.md says where to find your Plex token.")
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("holds characters that no Plex token has. Copy it again, without spaces around it.")
    return text


def _read_names(value: object) -> tuple[str, ...]:
    """Names between commas, each once, in the order given."""
    if isinstance(value, tuple):
        return value
    names = (name.strip() for name in _read_text(value).split(","))
    return tuple(dict.fromkeys(name for name in names if name))


def _read_path_map(value: object) -> PathMap:
    return value if isinstance(value, PathMap) else PathMap.parse(_read_text(value))


def _read_switch(value: object) -> bool:
    """Stash stores nothing for a switch that was never touched."""
    if isinstance(value, bool):
        return value
    text = _read_text(value).casefold()
    if text in ("", "0", "false", "off", "no"):
        return False
    if text in ("1", "true", "on", "yes"):
        return True
    raise ValueError("is neither on nor off.")


def _read_field_names(value: object) -> tuple[str, ...]:
    names = tuple(name.casefold() for name in _read_names(value))
    wrong = [name for name in names if name not in FIELD_NAMES]
    if wrong:
        raise ValueError(f"names {_quoted(wrong)}. The fields are: {', '.join(FIELD_NAMES)}.")
    return names


def _read_tag_target(value: object) -> str:
    text = _read_text(value).casefold() or TAG_TARGETS[0]
    if text not in TAG_TARGETS:
        raise ValueError(f"is {_quoted([text])}. It is one of: {', '.join(TAG_TARGETS)}.")
    return text


def _read_writers(value: object) -> int:
    text = _read_text(value) or "1"
    if text not in ("0", "1", "2", "3", "4"):
        raise ValueError(f"is {_quoted([text])}. It is a number from 1 to 4.")
    # Stash shows a number that was never set as 0.
    return max(1, int(text))


def _read_renames(value: object) -> dict[str, str]:
    """Pairs `old=>new` between semicolons, by the old name without regard to case."""
    if isinstance(value, dict):
        return value
    renames: dict[str, str] = {}
    for entry in filter(None, (part.strip() for part in re.split("[;\n]", _read_text(value)))):
        old, arrow, new = (side.strip() for side in entry.partition("=>"))
        if not arrow or not old or not new:
            raise ValueError(f"{_quoted([entry])} is not a pair such as old name=>new name.")
        if renames.setdefault(old.casefold(), new) != new:
            raise ValueError(f"{_quoted([old])} is renamed twice.")
    return renames


def _read_optional_url(value: object) -> str:
    return _read_url(value) if _read_text(value) else ""


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"“{name}”" for name in names)


def _read_prefix(value: object) -> str:
    """A text whose blank at the end counts."""
    return value.lstrip() if isinstance(value, str) else _read_text(value)


def _read_text(value: object) -> str:
    """Stash stores a text, a number where a text looks like one, or nothing."""
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise ValueError("is not a text. Open the plugin's settings in Stash and enter it again.")
    return str(value).strip()


Text = Annotated[str, BeforeValidator(_read_text)]
Names = Annotated[tuple[str, ...], BeforeValidator(_read_names)]
Switch = Annotated[bool, BeforeValidator(_read_switch)]


class Stash2PlexConfig(BaseModel):
    """The settings as the packages use them; the token shows itself nowhere."""

    model_config = ConfigDict(
        frozen=True, arbitrary_types_allowed=True, extra="ignore", validate_default=True
    )

    plex_url: Annotated[str, BeforeValidator(_read_url)] = ""
    plex_token: Annotated[SecretStr, BeforeValidator(_read_token)] = Field(default=SecretStr(""))
    plex_library: Names = ()
    path_map: Annotated[PathMap, BeforeValidator(_read_path_map)] = PathMap()
    background_from_cover: Switch = False
    collection_prefix: Annotated[str, BeforeValidator(_read_prefix)] = ""
    content_rating: Text = ""
    leave_fields: Annotated[tuple[str, ...], BeforeValidator(_read_field_names)] = ()
    manual_drain: Switch = False
    opt_out_label: Text = ""
    parallel_writes: Annotated[int, BeforeValidator(_read_writers)] = 1
    parent_studio_collection: Switch = False
    performer_image_address: Annotated[str, BeforeValidator(_read_optional_url)] = ""
    plex_accept_any_certificate: Switch = False
    plex_holds_a_part: Switch = False
    plex_scan_missing: Switch = False
    preserve_plex_edits: Switch = False
    tags_as: Annotated[str, BeforeValidator(_read_tag_target)] = TAG_TARGETS[0]
    tags_exclude: Names = ()
    tags_include: Names = ()
    tags_rename: Annotated[dict[str, str], BeforeValidator(_read_renames)] = Field(default_factory=dict)


@dataclass(frozen=True)
class Settings:
    """Checked settings and what to warn about: keys that this version does not know."""

    config: Stash2PlexConfig
    warnings: tuple[str, ...]


def read_settings(stored: Mapping[str, Any]) -> Settings:
    """Check the settings that Stash stored for the plugin (unset keys are absent).

    Raises SettingsInvalid with one sentence for each wrong setting.
    """
    unknown = sorted(set(stored) - set(Stash2PlexConfig.model_fields))
    warnings = tuple(f"Setting “{key}” is not known to this version and is ignored." for key in unknown)
    try:
        return Settings(Stash2PlexConfig.model_validate(dict(stored)), warnings)
    except ValidationError as error:
        raise SettingsInvalid(_problems(error)) from None


def _problems(error: ValidationError) -> list[str]:
    problems = {}
    for entry in error.errors(include_input=False, include_url=False):
        key = str(entry["loc"][0])
        problems[key] = entry["msg"].removeprefix("Value error, ")
    return [f"Setting “{DISPLAY_NAMES[key]}” ({key}): {problem}" for key, problem in problems.items()]
