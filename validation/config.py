"""The plugin's settings, read from whatever Stash stored and checked all at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo

from validation.exceptions import SettingsInvalid
from validation.names import in_quotes, read_list, read_pairs
from validation.pasted import address_in, named_token_in, token_in
from validation.path_map import PathMap
from validation.template import Template

DEFAULT_TITLE, DEFAULT_SUMMARY = "{title}", "{details}"
# What the setting “Fields to leave alone” may name, in the words of Plex's edit dialog.
FIELD_NAMES = (
    "title",
    "sort title",
    "summary",
    "date",
    "date added",
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
    "logo",
)
DATES_ADDED = ("none", "created", "date")
ACTOR_ORDERS = ("name", "stash")
TAG_TARGETS = ("genres", "labels", "collections")
RECONCILE_PERIODS = {
    "never": None,
    "hourly": timedelta(hours=1),
    "daily": timedelta(days=1),
    "weekly": timedelta(weeks=1),
}
SCOPES = ("all", "recent")
# What the setting “Back to Stash” may name.
BACK_TO_STASH = ("ratings", "plays", "resume")
MOST_WRITERS = 4
MOST_DAYS = 365


def _read_plex_url(value: object) -> str:
    example = "http://192.168.1.10:32400"
    if not _read_text(value):
        raise ValueError(f"is not set. Enter the address of your Plex server, such as {example}.")
    return address_in(_read_text(value), example)


def _read_stash_url(value: object) -> str:
    return address_in(text, "http://192.168.1.10:9999") if (text := _read_text(value)) else ""


def _read_token(value: object) -> str:
    text = _read_text(value.get_secret_value() if isinstance(value, SecretStr) else value)
    if not text:
        raise ValueError(
            "is not set. In Plex Web open any item, … → Get Info → View XML: the address of the page that "
            "opens ends with X-Plex-Token= and your token."
        )
    token = token_in(text)
    if "://" in token:
        raise ValueError("is an address without a token. Copy one in which the token follows X-Plex-Token=.")
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise ValueError("contains characters that no token has. Copy it again, without spaces around it.")
    return token


def _read_names(value: object) -> tuple[str, ...]:
    """Names between commas, each once, in the order given."""
    return value if isinstance(value, tuple) else read_list(_read_text(value))


def _read_path_map(value: object) -> PathMap:
    return value if isinstance(value, PathMap) else PathMap.parse(_read_text(value))


def _read_switch(value: object) -> bool:
    """Stash stores nothing for a switch that was never touched."""
    text = _shown(value).casefold()
    if text in ("", "0", "false", "off", "no"):
        return False
    if text in ("1", "true", "on", "yes"):
        return True
    raise ValueError(f"is “{text}”, which is neither on nor off. Switch it in the plugin's settings.")


def _some_of(allowed: Sequence[str], introduction: str) -> BeforeValidator:
    """Reads names between commas, each an allowed one; the introduction stands before these in a problem."""

    def read(value: object) -> tuple[str, ...]:
        names = tuple(name.casefold() for name in _read_names(value))
        wrong = [name for name in names if name not in allowed]
        if wrong:
            raise ValueError(f"names {in_quotes(wrong)}. {introduction}: {', '.join(allowed)}.")
        return names

    return BeforeValidator(read)


def _one_of(words: Iterable[str], usual: str = "") -> BeforeValidator:
    """Reads one of these words; nothing stands for the usual one, which is the first where none is named."""
    allowed = tuple(words)

    def read(value: object) -> str:
        text = _shown(value).casefold() or usual or allowed[0]
        if text not in allowed:
            raise ValueError(f"is “{text}”. It is one of: {', '.join(allowed)}.")
        return text

    return BeforeValidator(read)


def _template(usual: str) -> BeforeValidator:
    """Reads a template; nothing stands for the usual one."""
    return BeforeValidator(lambda value: Template(_read_text(value) or usual).text)


def _number_to(highest: int) -> BeforeValidator:
    """Reads a whole number from 1; nothing stands for 1, and so does 0, as which Stash shows nothing."""
    allowed = tuple(map(str, range(highest + 1)))

    def read(value: object) -> int:
        text = _shown(value) or allowed[0]
        if text not in allowed:
            raise ValueError(f"is “{text}”. It is a whole number from 1 to {highest}.")
        return max(1, int(text))

    return BeforeValidator(read)


def _read_renames(value: object) -> dict[str, str]:
    """Pairs `old=>new` between semicolons, by the old name without regard to case."""
    if isinstance(value, dict):
        return value
    renames: dict[str, str] = {}
    for old, new, entry in read_pairs(_read_text(value)):
        if not old or not new:
            raise ValueError(f"“{entry}” is not a pair such as old name=>new name.")
        if renames.setdefault(old.casefold(), new) != new:
            raise ValueError(f"“{old}” is renamed twice.")
    return renames


def _read_prefix(value: object) -> str:
    """A text whose blank at the end counts."""
    return value.lstrip() if isinstance(value, str) else _read_text(value)


def _read_text(value: object) -> str:
    """Stash stores a text, a number where a text looks like one, or nothing."""
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise ValueError("is not a text. Open the plugin's settings in Stash and enter it again.")
    return _shown(value)


def _shown(value: object) -> str:
    return "" if value is None else str(value).strip()


@dataclass(frozen=True)
class FallsBack:
    """Marks a setting that decides neither what is written nor where: a wrong value is only warned of."""


FALLS_BACK = FallsBack()
Text = Annotated[str, BeforeValidator(_read_text)]
Names = Annotated[tuple[str, ...], BeforeValidator(_read_names)]
Switch = Annotated[bool, BeforeValidator(_read_switch)]


class Stash2PlexConfig(BaseModel):
    """The settings as the packages use them; the token shows itself nowhere.

    One line declares a setting: its key, how it is read, its default and the name that Stash shows.
    A wrong value stops every task that reads settings, because the default would write something
    else than the user meant, or elsewhere; where that cannot be, the setting is marked FALLS_BACK.
    """

    model_config = ConfigDict(
        frozen=True, arbitrary_types_allowed=True, extra="ignore", validate_default=True
    )

    plex_url: Annotated[str, BeforeValidator(_read_plex_url)] = Field("", title="Plex URL")
    plex_token: Annotated[SecretStr, BeforeValidator(_read_token)] = Field(SecretStr(""), title="Plex token")
    plex_library: Names = Field((), title="Plex libraries")
    path_map: Annotated[PathMap, BeforeValidator(_read_path_map)] = Field(PathMap(), title="Path map")
    # Checking certificates, the default, is the side on which nothing goes to a stranger.
    plex_accept_any_certificate: Annotated[Switch, FALLS_BACK] = Field(
        False, title="Accept any certificate of Plex"
    )

    scene_filter: Text = Field("", title="Saved filter of scenes")
    organized_only: Switch = Field(False, title="Only organized scenes")

    leave_fields: Annotated[tuple[str, ...], _some_of(FIELD_NAMES, "The fields are")] = Field(
        (), title="Fields to leave alone"
    )
    opt_out_label: Text = Field("", title="Opt-out label")
    title_template: Annotated[str, _template(DEFAULT_TITLE)] = Field(DEFAULT_TITLE, title="Title template")
    summary_template: Annotated[str, _template(DEFAULT_SUMMARY)] = Field(
        DEFAULT_SUMMARY, title="Summary template"
    )
    date_added: Annotated[str, _one_of(DATES_ADDED)] = Field(DATES_ADDED[0], title="Date added")
    content_rating: Text = Field("", title="Content rating")
    collection_prefix: Annotated[str, BeforeValidator(_read_prefix)] = Field("", title="Collection prefix")
    parent_studio_collection: Switch = Field(False, title="Collection of the parent studio")
    collection_details: Switch = Field(False, title="Posters and texts of collections")
    namesakes_everywhere: Switch = Field(False, title="Namesakes everywhere")
    actor_order: Annotated[str, _one_of(ACTOR_ORDERS)] = Field(ACTOR_ORDERS[0], title="Order of actors")
    background_from_cover: Switch = Field(False, title="Cover as background")
    studio_logo: Switch = Field(False, title="Studio's image as logo")
    # No address, the default, makes every scene differ from what was pushed.
    performer_image_address: Annotated[str, BeforeValidator(_read_stash_url)] = Field(
        "", title="Stash address for performer pictures"
    )

    tags_as: Annotated[str, _one_of(TAG_TARGETS)] = Field(TAG_TARGETS[0], title="Tags as")
    tags_include: Names = Field((), title="Tags to carry")
    tags_exclude: Names = Field((), title="Tags to leave out")
    tags_rename: Annotated[dict[str, str], BeforeValidator(_read_renames)] = Field(
        default_factory=dict, title="Tags to rename"
    )
    performer_tags: Switch = Field(False, title="Tags of performers")

    # Off, the default, overwrites a person's edits.
    preserve_plex_edits: Switch = Field(False, title="Preserve Plex edits")

    # Nothing, the default, writes nothing to Stash.
    back_to_stash: Annotated[tuple[str, ...], _some_of(BACK_TO_STASH, "It may name")] = Field(
        (), title="Back to Stash"
    )

    # Off, the default, writes to Plex without being asked.
    manual_drain: Switch = Field(False, title="Only drain by hand")
    # Off, the default, looks in vain for scenes that are not there and writes the same.
    plex_holds_a_part: Annotated[Switch, FALLS_BACK] = Field(False, title="Plex holds a part")
    plex_scan_missing: Annotated[Switch, FALLS_BACK] = Field(False, title="Scan for missing files")
    parallel_writes: Annotated[int, _number_to(MOST_WRITERS), FALLS_BACK] = Field(1, title="Parallel writes")
    recent_days: Annotated[int, _number_to(MOST_DAYS), FALLS_BACK] = Field(1, title="Recent days")
    reconcile_every: Annotated[str, _one_of(RECONCILE_PERIODS, "weekly"), FALLS_BACK] = Field(
        "weekly", title="Scheduled reconcile"
    )
    reconcile_scope: Annotated[str, _one_of(SCOPES), FALLS_BACK] = Field(
        SCOPES[0], title="Scenes of the scheduled reconcile"
    )

    @property
    def chooses_scenes(self) -> bool:
        """Whether not all scenes are to be carried."""
        return bool(self.scene_filter or self.organized_only)


ANY_CERTIFICATE = (
    "The certificate of Plex is not checked (setting “Accept any certificate of Plex”): anybody between "
    "Stash and Plex could read the token."
)
DISPLAY_NAMES = {key: field.title or key for key, field in Stash2PlexConfig.model_fields.items()}


@dataclass(frozen=True)
class Settings:
    """Checked settings, and what to warn about: unknown keys, wrong values whose default is used, risks."""

    config: Stash2PlexConfig
    warnings: tuple[str, ...]


def read_settings(stored: Mapping[str, Any]) -> Settings:
    """Check the settings that Stash stored for the plugin (unset keys are absent).

    Raises SettingsInvalid with one sentence for each setting that stops a task, and all warnings.
    """
    fields = Stash2PlexConfig.model_fields
    stored = with_token_of_address(stored)
    unknown = sorted(set(stored) - set(fields))
    warnings = [_not_known(key) for key in unknown]
    try:
        return _settings(stored, warnings)
    except ValidationError as error:
        problems = _problems(error)
    harmless = {key for key in problems if FALLS_BACK in fields[key].metadata}
    warnings += [f"{problems[key]} {_instead(fields[key])}" for key in problems if key in harmless]
    if len(harmless) < len(problems):
        raise SettingsInvalid([problems[key] for key in problems if key not in harmless], warnings)
    return _settings({key: value for key, value in stored.items() if key not in harmless}, warnings)


def _settings(stored: Mapping[str, Any], warnings: Sequence[str]) -> Settings:
    config = Stash2PlexConfig.model_validate(dict(stored))
    risks = [ANY_CERTIFICATE] if config.plex_accept_any_certificate else []
    return Settings(config, (*warnings, *risks))


def problems_in(stored: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with these settings, whether it stops a task or not: a sentence by the setting's key."""
    stored = with_token_of_address(stored)
    unknown = {key: _not_known(key) for key in stored if key not in Stash2PlexConfig.model_fields}
    try:
        Stash2PlexConfig.model_validate(dict(stored))
    except ValidationError as error:
        return {**_problems(error), **unknown}
    return unknown


def secrets_in(stored: Mapping[str, Any]) -> list[str]:
    """The tokens in what Stash stored, as they stand there and as they are used: no line may hold them."""
    texts = [str(stored.get(key) or "") for key in ("plex_token", "plex_url", "performer_image_address")]
    named = [token for text in texts if (token := named_token_in(text))]
    return [text for text in (texts[0], token_in(texts[0]), *named) if text]


def with_token_of_address(stored: Mapping[str, Any]) -> Mapping[str, Any]:
    """The settings with the token that was pasted with the address, where there is no other."""
    token = named_token_in(_shown(stored.get("plex_url")))
    return stored if not token or _shown(stored.get("plex_token")) else {**stored, "plex_token": token}


def _not_known(key: str) -> str:
    return f"Setting “{key}” is not known to this version and is ignored."


def _instead(field: FieldInfo) -> str:
    return f"Its default is used: {'off' if field.default is False else field.default}."


def _problems(error: ValidationError) -> dict[str, str]:
    """What is wrong, by key: a sentence with the setting's name."""
    problems = {}
    for entry in error.errors(include_input=False, include_url=False):
        key = str(entry["loc"][0])
        problem = entry["msg"].removeprefix("Value error, ")
        problems[key] = f"Setting “{DISPLAY_NAMES[key]}” ({key}): {problem}"
    return problems
