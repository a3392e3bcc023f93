"""Which items of a section a listing shows, in which order, and which page of them."""

from __future__ import annotations

import datetime
import operator
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from tests.servers.plex.behaviour import PlexBehaviour
from tests.servers.plex.items import TAG_ATTRIBUTES, PlexItem
from tests.servers.plex.library import PlexLibrary

_FILTER = re.compile(r"([A-Za-z.]+)(>>|<<|!|<|>|)(=?)")
_SORTS: dict[str, Callable[[PlexItem], Any]] = {
    "id": lambda item: item.rating_key,
    "addedAt": lambda item: item.added_at,
    "updatedAt": lambda item: item.updated_at,
    "titleSort": lambda item: item.sort_key,
    "title": lambda item: item.sort_key,
    "originallyAvailableAt": lambda item: item.date or "",
    "year": lambda item: item.year or 0,
    "userRating": lambda item: item.user_rating or 0.0,
    "lastRatedAt": lambda item: item.last_rated_at or 0,
    "lastViewedAt": lambda item: item.last_viewed_at or 0,
    "viewCount": lambda item: item.view_count,
    "viewOffset": lambda item: item.view_offset or 0,
    "duration": lambda item: item.duration or 0,
}
# These orders tell all items apart and change only when items come and go: they are kept from page to page.
_KEPT_SORTS = {"id", "addedAt,id"}
_TEXT_FIELDS = {
    "title": "title",
    "titleSort": "title_sort",
    "studio": "studio",
    "summary": "summary",
    "contentRating": "content_rating",
    "editionTitle": "edition_title",
}
_NUMBER_FIELDS = {
    "id": "rating_key",
    "year": "year",
    "userRating": "user_rating",
    "lastRatedAt": "last_rated_at",
    "lastViewedAt": "last_viewed_at",
    "viewCount": "view_count",
    "viewOffset": "view_offset",
    "duration": "duration",
    "addedAt": "added_at",
    "updatedAt": "updated_at",
}
_TEXT_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "": operator.contains,
    "=": operator.eq,
    "!": lambda text, wanted: wanted not in text,
    "!=": operator.ne,
    "<": str.startswith,
    ">": str.endswith,
}
_NUMBER_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "": operator.eq,
    "=": operator.eq,
    "!": operator.ne,
    "!=": operator.ne,
    ">>": operator.gt,
    ">>=": operator.ge,
    "<<": operator.lt,
}
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400, "mon": 30 * 86400, "y": 365 * 86400}

Test = Callable[[PlexItem], bool]


@dataclass(frozen=True)
class Argument:
    """One argument of a request's query: `addedAt>>=5` has the name `addedAt>>` and the value `5`."""

    name: str
    value: str


def parse_query(query: str) -> list[Argument]:
    """Read a query; a second equals sign behind the first belongs to the name, as in `title==Dune`."""
    arguments = []
    for piece in query.split("&"):
        name, _, value = piece.partition("=")
        if value.startswith("=") and not name.endswith((".value", ".tag")):
            name, value = name + "=", value[1:]
        if name:
            arguments.append(Argument(unquote_plus(name), unquote_plus(value)))
    return arguments


class Listings:
    """The items of a section, filtered and sorted."""

    def __init__(self) -> None:
        self._kept: dict[tuple[int, str], tuple[PlexLibrary, int, list[PlexItem]]] = {}
        self._lock = threading.Lock()
        self._sorted_so_often = 0

    def items(
        self, library: PlexLibrary, section_key: int, arguments: list[Argument], behaviour: PlexBehaviour
    ) -> list[PlexItem]:
        """The items that the filters among `arguments` let through, sorted as asked or by title."""
        sort = next((argument.value for argument in arguments if argument.name == "sort"), "") or "titleSort"
        if sort == "id" and not behaviour.sorts_by_id:
            sort = "titleSort"
        test = _whole_test(library, arguments, behaviour)
        files = [argument.value for argument in arguments if argument.name == "file"]
        if test is None and not files:
            return self._sorted(library, section_key, sort)
        if files:
            items = library.items_with_file(section_key, _file_test(files[-1], behaviour))
        else:
            items = library.items(section_key)
        return self._sort([item for item in items if test is None or test(item)], sort)

    def _sort(self, items: list[PlexItem], sort: str) -> list[PlexItem]:
        self._sorted_so_often += 1
        return _sort(items, sort, self._sorted_so_often)

    def _sorted(self, library: PlexLibrary, section_key: int, sort: str) -> list[PlexItem]:
        if sort.partition(":")[0] not in _KEPT_SORTS:
            return self._sort(library.items(section_key), sort)
        with self._lock:
            kept = self._kept.get((section_key, sort))
            if kept is None or kept[0] is not library or kept[1] != library.generation:
                kept = (library, library.generation, self._sort(library.items(section_key), sort))
                self._kept[section_key, sort] = kept
            return kept[2]


def _sort(items: list[PlexItem], sort: str, nth: int) -> list[PlexItem]:
    """The items in this order; those that it does not tell apart come in another one at each request."""
    items.sort(key=lambda item: item.rating_key, reverse=nth % 2 == 1)
    for field in reversed(sort.split(",")):
        name, _, direction = field.partition(":")
        key = _SORTS.get(name.rpartition(".")[2], _SORTS["titleSort"])
        items.sort(key=key, reverse=direction == "desc")
    return items


def _whole_test(library: PlexLibrary, arguments: list[Argument], behaviour: PlexBehaviour) -> Test | None:
    """All filters in one: those of a group (push … or … pop) are alternatives where `or` parts them."""
    groups: list[list[list[Test]]] = [[[]]]
    for one in arguments:
        if (one.name, one.value) == ("push", "1"):
            groups.append([[]])
        elif (one.name, one.value) == ("or", "1"):
            groups[-1].append([])
        elif (one.name, one.value) == ("pop", "1") and len(groups) > 1:
            groups[-2][-1].append(_any_of(groups.pop()))
        elif (test := _test(library, one, behaviour)) is not None:
            groups[-1][-1].append(test)
    return _any_of(groups[0]) if groups != [[[]]] else None


def _any_of(alternatives: list[list[Test]]) -> Test:
    """One alternative is enough, of which every test has to pass."""
    return lambda item: any(all(test(item) for test in tests) for tests in alternatives)


def _test(library: PlexLibrary, argument: Argument, behaviour: PlexBehaviour) -> Test | None:
    """The test that an argument asks for; None where it is no filter."""
    found = _FILTER.fullmatch(argument.name)
    if found is None:
        return None
    name = found[1].rpartition(".")[2]
    sign = found[2] + found[3]
    kind = "actor" if name == "role" else name
    if name in behaviour.ignored_filters:
        return None
    if sign == ">>" and behaviour.after_is_inclusive:
        sign = ">>="
    if name in _TEXT_FIELDS:
        return _text_test(_TEXT_FIELDS[name], sign, argument.value)
    if name in _NUMBER_FIELDS:
        return _number_test(_NUMBER_FIELDS[name], sign, argument.value, library.clock)
    if name == "originallyAvailableAt":
        return _date_test(sign, argument.value)
    if kind in TAG_ATTRIBUTES:
        return _tag_test(library, kind, sign, argument.value)
    return _yes_or_no_test(name, argument.value)


def _file_test(value: str, behaviour: PlexBehaviour) -> Callable[[str], bool]:
    wanted = _lower(value)
    if behaviour.file_filter == "file_name":
        return lambda path: _lower(path.replace("\\", "/").rpartition("/")[2]) == wanted
    return lambda path: wanted in _lower(path)


def _lower(text: str) -> str:
    """Small letters as SQLite's LIKE knows them: of ASCII alone."""
    return text.encode("utf-8", "surrogatepass").lower().decode("utf-8", "surrogatepass")


def _text_test(attribute: str, sign: str, value: str) -> Test:
    compare = _TEXT_OPERATORS.get(sign, operator.contains)
    wanted = [piece.casefold() for piece in value.split(",")]
    return lambda item: any(compare((getattr(item, attribute) or "").casefold(), one) for one in wanted)


def _number_test(attribute: str, sign: str, value: str, clock: Callable[[], float]) -> Test:
    compare: Callable[[Any, Any], bool] = _NUMBER_OPERATORS.get(sign, operator.eq)
    wanted = [_number(piece, clock) for piece in value.split(",") if piece]

    def test(item: PlexItem) -> bool:
        number = getattr(item, attribute)
        return number is not None and any(compare(number, one) for one in wanted)

    return test


def _number(text: str, clock: Callable[[], float]) -> float:
    """A number, a day, or a time so long ago (`-30d`)."""
    ago = re.fullmatch(r"-(\d+)(s|m|h|d|w|mon|y)", text)
    if ago:
        return clock() - int(ago[1]) * _SECONDS[ago[2]]
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        return time.mktime(datetime.date.fromisoformat(text).timetuple())
    try:
        return float(text)
    except ValueError:
        return -1.0


def _date_test(sign: str, value: str) -> Test:
    compare: Callable[[Any, Any], bool] = _NUMBER_OPERATORS.get(sign, operator.eq)
    return lambda item: item.date is not None and compare(item.date, value)


def _tag_test(library: PlexLibrary, kind: str, sign: str, value: str) -> Test:
    attribute = TAG_ATTRIBUTES[kind]
    wanted = {name.casefold() for name in value.split(",")}
    absent = sign.startswith("!")

    def test(item: PlexItem) -> bool:
        names = getattr(item, attribute)
        present = any(
            name.casefold() in wanted or str(library.tag(kind, name).id) in wanted for name in names
        )
        return present is not absent

    return test


def _yes_or_no_test(name: str, value: str) -> Test | None:
    if name == "guid":
        return lambda item: value == f"local://{item.rating_key}"
    if value != "1":
        return None
    tests: dict[str, Test] = {
        "duplicate": lambda item: len(item.versions) > 1,
        "trash": lambda item: item.deleted_at is not None,
    }
    return tests.get(name)
