"""The filters of findScenes and its kin: from a GraphQL filter object to a predicate over records."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from graphql import GraphQLError

from tests.servers.stash.library import StashLibrary
from tests.servers.stash.records import Scene

Predicate = Callable[[Any], bool]
Criterion = dict[str, Any]

INTEGERS: dict[str, Callable[[Scene], int | None]] = {
    "id": lambda scene: scene.id,
    "rating100": lambda scene: scene.rating100,
    "file_count": lambda scene: len(scene.files),
    "tag_count": lambda scene: len(scene.tags),
    "performer_count": lambda scene: len(scene.performers),
    "play_count": lambda scene: scene.play_count,
    "o_counter": lambda scene: scene.o_counter,
}
TEXTS: dict[str, Callable[[Any], Iterable[str]]] = {
    "title": lambda scene: (scene.title,),
    "code": lambda scene: (scene.code,),
    "details": lambda scene: (scene.details,),
    "director": lambda scene: (scene.director,),
    "name": lambda entity: (entity.name,),
    "path": lambda scene: (video.path for video in scene.files),
    "url": lambda scene: scene.urls,
}
TIMES: dict[str, Callable[[Any], str | None]] = {
    "created_at": lambda record: record.created_at,
    "updated_at": lambda record: record.updated_at,
    "last_played_at": lambda scene: scene.last_played_at,
    "date": lambda scene: scene.date,
}
LINKS: dict[str, tuple[str, Callable[[Scene], Iterable[int]]]] = {
    "studios": ("studio", lambda scene: () if scene.studio is None else (scene.studio,)),
    "performers": ("performer", lambda scene: scene.performers),
    "tags": ("tag", lambda scene: scene.tags),
    "performer_tags": ("tag", lambda scene: ()),
    "groups": ("group", lambda scene: [group_id for group_id, _ in scene.groups]),
    "movies": ("group", lambda scene: [group_id for group_id, _ in scene.groups]),
}
MISSING: dict[str, Predicate] = {
    "title": lambda scene: not scene.title,
    "details": lambda scene: not scene.details,
    "date": lambda scene: not scene.date,
    "studio": lambda scene: scene.studio is None,
    "performers": lambda scene: not scene.performers,
    "tags": lambda scene: not scene.tags,
    "group": lambda scene: not scene.groups,
    "movie": lambda scene: not scene.groups,
    "cover": lambda scene: scene.cover is None,
}


def compile_filter(library: StashLibrary, wanted: Criterion | None) -> Predicate:
    """The predicate of a filter object: all its criteria hold, and its AND, OR or NOT with them.

    Stash accepts only one of AND, OR and NOT at a time. A criterion this server does not know is an
    error: silently letting everything through would be worse.
    """
    criteria = {name: value for name, value in (wanted or {}).items() if value is not None}
    nested = {name: compile_filter(library, criteria.pop(name)) for name in _nested(criteria)}
    own = [_compile_criterion(library, name, value) for name, value in criteria.items()]

    def accepts(record: Any) -> bool:
        return all(test(record) for test in own)

    if not nested:
        return own[0] if len(own) == 1 else accepts
    ((operator, other),) = nested.items()
    if operator == "AND":
        return lambda record: accepts(record) and other(record)
    if operator == "OR":
        return lambda record: accepts(record) or other(record)
    return lambda record: accepts(record) and not other(record)


def _nested(criteria: Criterion) -> list[str]:
    names: list[str] = [name for name in ("AND", "OR", "NOT") if name in criteria]
    if len(names) > 1:
        raise GraphQLError(f"cannot have {names[0]} and {names[1]} in the same filter")
    return names


def _compile_criterion(library: StashLibrary, name: str, value: Any) -> Predicate:
    if name == "organized":
        return lambda scene: scene.organized is value
    if name == "is_missing" and value in MISSING:
        return MISSING[value]
    if name in INTEGERS:
        return _compile_order(INTEGERS[name], value)
    if name in TIMES:
        return _compile_order(TIMES[name], value)
    if name in TEXTS:
        return _compile_text(TEXTS[name], value)
    if name in LINKS:
        kind, read = LINKS[name]
        if name == "performer_tags":
            read = partial(_tags_of_performers, library)
        return _compile_links(library, kind, read, value)
    raise GraphQLError(f"the test server does not know the filter criterion {name}")


def _compile_order(read: Callable[[Any], Any], criterion: Criterion) -> Predicate:
    """Compare numbers, or timestamps and dates as the plain text that the database holds."""
    low, high = criterion["value"], criterion.get("value2")
    tests: dict[str, Predicate] = {
        "EQUALS": lambda found: found == low,
        "NOT_EQUALS": lambda found: found != low,
        "GREATER_THAN": lambda found: found > low,
        "LESS_THAN": lambda found: found < low,
        "BETWEEN": lambda found: low <= found <= high,
        "NOT_BETWEEN": lambda found: not low <= found <= high,
    }
    return _compile_nullable(read, criterion["modifier"], tests)


def _compile_nullable(read: Callable[[Any], Any], modifier: str, tests: dict[str, Predicate]) -> Predicate:
    if modifier == "IS_NULL":
        return lambda record: read(record) is None
    if modifier == "NOT_NULL":
        return lambda record: read(record) is not None
    if modifier not in tests:
        raise GraphQLError(f"unsupported modifier {modifier}")
    test = tests[modifier]
    return lambda record: (found := read(record)) is not None and test(found)


def _compile_text(read: Callable[[Any], Iterable[str]], criterion: Criterion) -> Predicate:
    """SQL LIKE: case does not matter, and EQUALS takes % and _ as wildcards."""
    value, modifier = criterion["value"], criterion["modifier"]
    if modifier in ("IS_NULL", "NOT_NULL"):
        return lambda record: any(text.strip() for text in read(record)) is (modifier == "NOT_NULL")
    positive = modifier.removeprefix("NOT_").replace("EXCLUDES", "INCLUDES")
    if positive == "EQUALS":
        patterns = [_like(value)]
    elif positive == "INCLUDES":
        patterns = [_like(f"%{word}%") for word in _words(value)]
    elif positive == "MATCHES_REGEX":
        patterns = [re.compile(f"(?s:.*?)(?:{value})(?s:.*)")]
    else:
        raise GraphQLError(f"unsupported modifier {modifier}")
    wanted = positive == modifier
    return lambda record: any(p.fullmatch(text) for text in read(record) for p in patterns) is wanted


def _words(text: str) -> list[str]:
    """Any word counts, unless the whole text is in quotation marks."""
    text = text.strip()
    exact = text.strip('"')
    return [exact] if exact != text else text.split() or [""]


def _like(text: str) -> re.Pattern[str]:
    parts = (".*" if char == "%" else "." if char == "_" else re.escape(char) for char in text)
    return re.compile("".join(parts), re.IGNORECASE | re.DOTALL)


def _compile_links(
    library: StashLibrary, kind: str, read: Callable[[Scene], Iterable[int]], criterion: Criterion
) -> Predicate:
    modifier, depth = criterion["modifier"], criterion.get("depth") or 0
    if modifier in ("IS_NULL", "NOT_NULL"):
        return lambda scene: bool(list(read(scene))) is (modifier == "NOT_NULL")
    wanted = [with_descendants(library, kind, int(one), depth) for one in criterion.get("value") or ()]
    anyone: set[int] = set().union(*wanted)
    refused: set[int] = set().union(
        *(with_descendants(library, kind, int(one), depth) for one in criterion.get("excludes") or ())
    )
    tests: dict[str, Callable[[set[int]], bool]] = {
        "INCLUDES": lambda found: not wanted or not anyone.isdisjoint(found),
        "INCLUDES_ALL": lambda found: all(not one.isdisjoint(found) for one in wanted),
        "EXCLUDES": lambda found: anyone.isdisjoint(found),
        "EQUALS": lambda found: found == anyone,
        "NOT_EQUALS": lambda found: found != anyone,
    }
    if modifier not in tests:
        raise GraphQLError(f"unsupported modifier {modifier}")
    test = tests[modifier]
    return lambda scene: test(found := set(read(scene))) and refused.isdisjoint(found)


def _tags_of_performers(library: StashLibrary, scene: Scene) -> list[int]:
    return [tag for one in scene.performers for tag in library.performers[one].tags]


def with_descendants(library: StashLibrary, kind: str, entity_id: int, depth: int) -> set[int]:
    """An id and, for studios and tags, the ids below it: `depth` levels, or all of them if negative."""
    found, level = {entity_id}, {entity_id}
    while level and depth != 0:
        level = {one.id for one in library.entities(kind).values() if _parents(one) & level} - found
        found |= level
        depth -= 1
    return found


def _parents(entity: Any) -> set[int]:
    parent = getattr(entity, "parent", None)
    return set(getattr(entity, "parents", ())) if parent is None else {parent}
