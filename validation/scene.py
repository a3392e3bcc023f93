"""A scene as Stash returns it over GraphQL, checked and frozen."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timezone
from typing import Any
from urllib.parse import urlsplit

from validation.exceptions import SceneMalformed

# Stash draws a picture for performers that have none, under an address that says so.
_DRAWN_PICTURE = "default=true"

# Put to a performer of an answer whose name another one has as well.
_IS_NAMESAKE = "is a namesake"
# As Stash's page orders performers; those without one come last.
_GENDERS = ("FEMALE", "TRANSGENDER_FEMALE", "MALE", "TRANSGENDER_MALE", "INTERSEX", "NON_BINARY")

_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?", re.ASCII)
_FRACTION = re.compile(r"\.\d+")
# Databases keep whole numbers below this.
_LARGEST_SIZE = 2**63 - 1


@dataclass(frozen=True, slots=True)
class SceneFile:
    """A video file: its path as Stash sees it and its size in bytes (None where Stash gave none)."""

    path: str
    size: int | None


@dataclass(frozen=True, slots=True)
class Scene:
    """What a person curated about one video in Stash.

    Texts that are not set are empty, as Stash sends them. `date` is `YYYY`, `YYYY-MM` or
    `YYYY-MM-DD`. `files` has the primary file first. Performers come in the order of
    Stash's page where that was asked for, else in none; of two with
    one name each has what tells them apart in Stash behind it: “Ada Heath (actress)”.
    `logo_address` is that of the studio's picture, below Stash's own: another one when the studio changes,
    and empty where Stash would draw one. `performer_pictures` has (name, address of the picture), where
    they were asked for; so are `code`, `url`, which is the first of its addresses, `created_at` and
    `performer_tags`, the tags of all performers.
    """

    id: int
    updated_at: datetime
    title: str = ""
    details: str = ""
    date: str = ""
    director: str = ""
    rating100: int | None = None
    studio: str = ""
    parent_studio: str = ""
    performers: tuple[str, ...] = ()
    performer_pictures: tuple[tuple[str, str], ...] = ()
    tags: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    files: tuple[SceneFile, ...] = ()
    screenshot_url: str = ""
    logo_address: str = ""
    code: str = ""
    url: str = ""
    created_at: datetime | None = None
    performer_tags: tuple[str, ...] = ()

    @property
    def is_worth_pushing(self) -> bool:
        """Whether a person has curated anything; a hook carries such a scene, and a reconcile finds it."""
        return bool(
            self.studio
            or self.performers
            or self.tags
            or self.details
            or self.date
            or self.title
            or self.director
            or self.rating100
            or self.groups
            or self.code
            or self.url
        )

    @property
    def is_bare(self) -> bool:
        """Whether the scene is as a scan leaves it: a file, and nothing that a person entered."""
        return not self.is_worth_pushing


def parse_scene(raw: object, namesakes: Collection[str] = ()) -> Scene:
    """Check one scene of a GraphQL answer that selected a fragment of validation.scene_fragment.

    `namesakes` are names, casefolded, that several of Stash's performers share: each is told apart, also
    where it stands alone. Raises SceneMalformed, which names the scene and the field.
    """
    if not isinstance(raw, Mapping):
        raise SceneMalformed("without an id", "Stash returned no object for it.")
    number = scene_id_of(raw)
    if number is None:
        raise SceneMalformed("without an id", "Stash returned a scene whose id is no number.")
    values: dict[str, Any] = {}
    source = ""
    try:
        for name, source, read in _READERS:
            value = raw.get(source)
            values[name] = read(_marked(value, namesakes) if source == "performers" and namesakes else value)
    except (TypeError, ValueError, KeyError, AttributeError, OverflowError) as error:
        problem = f"Stash returned an unusable value for its {source}; open and save it in Stash."
        raise SceneMalformed(str(number), problem, _files_or_none(raw.get("files"))) from error
    return Scene(id=number, **values)


def scene_id_of(raw: Mapping[str, Any]) -> int | None:
    """The scene's id as a number; None where Stash sent none."""
    text = str(raw.get("id"))
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def local_path(url: str) -> str:
    """Path and query of an image's address.

    Host and scheme are those of Stash's public address where it has one, which may not be reachable
    from here and must not get our session.
    """
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def parse_timestamp(value: object) -> datetime:
    """A Stash timestamp, RFC 3339 with the server's own offset, as an instant.

    Raises ValueError or TypeError.
    """
    if not isinstance(value, str):
        raise TypeError("a timestamp is text")
    text = _FRACTION.sub("", value.strip())
    moment = datetime.fromisoformat(text[:-1] + "+00:00" if text.endswith("Z") else text)
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def _text(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _date(value: object) -> str:
    text = _text(value).strip()
    if text and not _DATE.fullmatch(text):
        raise ValueError("not a date")
    if text:
        date.fromisoformat(text + "-01-01"[len(text) - 4 :])
    return text


def _timestamp_or_none(value: object) -> datetime | None:
    return None if value is None else parse_timestamp(value)


def _rating(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 100:
        raise ValueError("not a rating from 0 to 100")
    return value or None


def _name(value: Mapping[str, Any]) -> str:
    name = value["name"]
    if not isinstance(name, str):
        raise TypeError("not a name")
    return name


def _name_or_empty(value: Mapping[str, Any] | None) -> str:
    return "" if value is None else _name(value)


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError("not a list")
    return value


def _names(values: Any) -> tuple[str, ...]:
    return tuple([_name(value) for value in _list(values)])


def _marked(performers: Any, namesakes: Collection[str]) -> list[dict[str, Any]]:
    return [{**one, _IS_NAMESAKE: _name(one).casefold() in namesakes} for one in _list(performers)]


def _performers(values: Any) -> tuple[str, ...]:
    """The names of the performers, told apart as Stash does where they would be the same."""
    names = _names(values)
    if all(value.get("disambiguation") in (None, "") for value in values):
        return names
    shared = Counter(name.casefold() for name in names)
    return tuple(
        f"{name} ({told_apart})"
        if (shared[name.casefold()] > 1 or value.get(_IS_NAMESAKE))
        and (told_apart := _text(value.get("disambiguation")).strip())
        else name
        for name, value in zip(names, values, strict=True)
    )


def _as_on_the_page(values: Any) -> tuple[str, ...]:
    """The names of the performers in the order of Stash's page, where their genders were asked for.

    Stash itself keeps no order: its page shows them by gender, and by name within one.
    """
    pairs = zip(_performers(values), values, strict=True)
    return tuple([name for name, _ in sorted(pairs, key=_place_on_the_page)])


def _place_on_the_page(performer: tuple[str, Mapping[str, Any]]) -> tuple[int, str]:
    name, value = performer
    if "gender" not in value:
        return 0, ""
    gender = value["gender"]
    return (_GENDERS.index(gender) if gender in _GENDERS else len(_GENDERS)), name.casefold()


def _pictures(values: Any) -> tuple[tuple[str, str], ...]:
    urls = [_text(value.get("image_path")) for value in _list(values)]
    if not any(urls):
        return ()
    named = zip(_performers(values), urls, strict=True)
    return tuple([(name, url) for name, url in named if url and _DRAWN_PICTURE not in url])


def _tags_of_performers(values: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys([name for value in values for name in _names(value.get("tags", []))]))


def _file(value: Mapping[str, Any]) -> SceneFile:
    path, size = value["path"], value["size"]
    if not isinstance(path, str) or not path:
        raise TypeError("not a path")
    return SceneFile(path=path, size=None if size is None else _size(size))


def _size(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise TypeError("not a number of bytes")
    size = int(value)
    if not 0 <= size <= _LARGEST_SIZE:
        raise ValueError("not a number of bytes")
    return size


def _files(values: Any) -> tuple[SceneFile, ...]:
    return tuple([_file(value) for value in _list(values)])


def _files_or_none(values: Any) -> tuple[SceneFile, ...] | None:
    """The files of a scene that has another unusable value."""
    try:
        return _files(values)
    except (TypeError, ValueError, KeyError):
        return None


def _first_text(values: object) -> str:
    return next(map(_text, _list(values)), "") if values is not None else ""


def _group_names(values: Any) -> tuple[str, ...]:
    return tuple([_name(value["group"]) for value in _list(values)])


def _logo_address(studio: Mapping[str, Any] | None) -> str:
    url = _text(studio.get("image_path")) if studio else ""
    return local_path(url) if url and _DRAWN_PICTURE not in url else ""


def _parent_name(studio: Mapping[str, Any] | None) -> str:
    return _name_or_empty(studio and studio.get("parent_studio"))


def _screenshot(paths: Mapping[str, Any] | None) -> str:
    return _text((paths or {}).get("screenshot"))


# What fills each attribute of a Scene: the field in Stash's answer, and how it is read.
_READERS: tuple[tuple[str, str, Callable[[Any], Any]], ...] = (
    ("updated_at", "updated_at", parse_timestamp),
    ("title", "title", _text),
    ("details", "details", _text),
    ("date", "date", _date),
    ("director", "director", _text),
    ("rating100", "rating100", _rating),
    ("studio", "studio", _name_or_empty),
    ("parent_studio", "studio", _parent_name),
    ("performers", "performers", _as_on_the_page),
    ("performer_pictures", "performers", _pictures),
    ("tags", "tags", _names),
    ("groups", "groups", _group_names),
    ("files", "files", _files),
    ("screenshot_url", "paths", _screenshot),
    ("logo_address", "studio", _logo_address),
    ("code", "code", _text),
    ("url", "urls", _first_text),
    ("created_at", "created_at", _timestamp_or_none),
    ("performer_tags", "performers", _tags_of_performers),
)
