"""Writes what the library holds as a Plex Media Server sends it: XML, or JSON for those who ask for it.

Everything is first an `Element` with typed attributes; one of two writers makes text of it by joining
strings. Listed items are kept as text until they change, so that a page of 1,000 costs little.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from tests.servers.plex.items import PlexItem

_TEXTS_KEPT = 50_000
_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


class Element(NamedTuple):
    """One element: attributes with the value None are not written."""

    name: str
    attributes: dict[str, Any]
    children: list[Element] = []  # noqa: RUF012 - never changed in place


class Exclusions(NamedTuple):
    """What the asker does not want to have: element names and attribute names."""

    elements: frozenset[str] = frozenset()
    fields: frozenset[str] = frozenset()


# Writers


def document(container: Element, *, as_json: bool, name: str = "Directory") -> bytes:
    """Write a whole answer; `name` is what JSON calls the list of the container's children."""
    texts = [element_text(child, as_json=as_json) for child in container.children]
    return document_of_texts(container.attributes, texts, as_json=as_json, name=name)


def document_of_texts(attributes: dict[str, Any], texts: list[str], *, as_json: bool, name: str) -> bytes:
    """Write a whole answer around children that are text already."""
    if as_json:
        opening = _JSON.encode(_present(attributes))[:-1]
        children = f',"{name}":[{",".join(texts)}]' if texts else ""
        return f'{{"MediaContainer":{opening}{children}}}}}'.encode("utf-8", "replace")
    opening = f"<MediaContainer{_attributes_text(attributes)}>"
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', opening, *texts, "</MediaContainer>", ""]
    return "\n".join(lines).encode("utf-8", "replace")


def element_text(element: Element, *, as_json: bool) -> str:
    """Write one element with all that is in it."""
    if as_json:
        return _JSON.encode(_as_object(element))
    return _xml_text(element)


def _xml_text(element: Element) -> str:
    name, attributes, children = element
    if not children:
        return f"<{name}{_attributes_text(attributes)} />"
    inner = "\n".join(map(_xml_text, children))
    return f"<{name}{_attributes_text(attributes)}>\n{inner}\n</{name}>"


# Control characters are not in this list: Plex stores them and writes them raw, valid XML or not.
_TO_ESCAPE = re.compile('[&<>"\n\r\t]')
_ESCAPED = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "\n": "&#10;",
    "\r": "&#13;",
    "\t": "&#9;",
}


def _attributes_text(attributes: dict[str, Any]) -> str:
    return "".join([f' {key}="{_value(value)}"' for key, value in attributes.items() if value is not None])


def _value(value: Any) -> str:
    if isinstance(value, str):
        if _TO_ESCAPE.search(value):
            return _TO_ESCAPE.sub(lambda found: _ESCAPED[found.group()], value)
        return value
    if isinstance(value, bool):
        return "1" if value else "0"
    return str(value)


def _present(attributes: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in attributes.items() if value is not None}


def _as_object(element: Element) -> dict[str, Any]:
    result = _present(element.attributes)
    for child in element.children:
        result.setdefault(child.name, []).append(_as_object(child))
    return result


class ListingTexts:
    """The text of each listed item, kept until the item looks different."""

    def __init__(self) -> None:
        self._kept: dict[tuple[int, Exclusions, bool], tuple[tuple[Any, ...], str]] = {}

    def text(
        self, item: PlexItem, exclusions: Exclusions, element: Callable[[], Element], *, as_json: bool
    ) -> str:
        """The item as a listing shows it; `element` makes it where it is not known."""
        place = (item.rating_key, exclusions, as_json)
        appearance = _appearance(item)
        kept = self._kept.get(place)
        if kept is not None and kept[0] == appearance:
            return kept[1]
        if len(self._kept) >= _TEXTS_KEPT:
            self._kept.clear()
        text = element_text(element(), as_json=as_json)
        self._kept[place] = (appearance, text)
        return text

    def clear(self) -> None:
        """Forget everything, as for another server."""
        self._kept.clear()


def _appearance(item: PlexItem) -> tuple[Any, ...]:
    """All that can change what is shown of an item, however it was changed."""
    return tuple([tuple(value) if value.__class__ is list else value for value in _visible(item)])


def _visible(item: PlexItem) -> list[Any]:
    values = list(vars(item).values())
    values.extend([(part.file, part.size, part.deleted_at) for part in item.parts])
    return values
