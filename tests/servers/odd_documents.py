"""Spoiling what is in an answer: half of its list, none of it, an item that nobody can use."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

ONE_WITHOUT_KEY, ONE_ODD_VALUE = "one item without its key", "one item with odd values"
SPOILT = (ONE_WITHOUT_KEY, ONE_ODD_VALUE)
_KEYS = ("ratingKey", "id", "key")
_COUNTED = ("size", "totalSize", "count")


def document_of(body: bytes) -> PlexDocument | StashDocument | None:
    """The document in an answer; None where there is none."""
    if body.lstrip().startswith(b"{"):
        return StashDocument(json.loads(body))
    if body.lstrip().startswith(b"<?xml") and b"<MediaContainer" in body:
        return PlexDocument(ElementTree.fromstring(body))
    return None


class PlexDocument:
    """A container of Plex and the elements in it. What cannot be done gives None."""

    def __init__(self, root: Element) -> None:
        self._root = root
        self._items = list(root)

    def emptied(self) -> bytes | None:
        """No items, and it says so."""
        return self._with([], dict.fromkeys(_COUNTED, 0)) if self._items else None

    def nulled(self) -> bytes | None:
        """The items are announced, and none is there."""
        return self._with([], {}) if self._items else None

    def halved(self) -> bytes | None:
        """The first half of the items, out of as many as before."""
        kept = self._items[: len(self._items) // 2]
        return self._with(kept, {"size": len(kept)}) if self._items else None

    def without_first(self) -> bytes | None:
        """An item before these was removed, so that they have moved up: one is passed over."""
        if not self._items or "totalSize" not in self._root.attrib:
            return None
        total = int(self._root.attrib["totalSize"]) - 1
        return self._with(self._items[1:], {"size": len(self._items) - 1, "totalSize": total})

    def partial(self, message: str) -> bytes | None:
        """Plex knows nothing of the kind."""
        return None

    def with_one_spoilt(self, kind: str) -> bytes | None:
        """The first item is unusable, the others are as they were."""
        if len(self._items) < 2:
            return None
        spoilt = self._items[0]
        if kind == ONE_WITHOUT_KEY:
            for name in _KEYS:
                spoilt.attrib.pop(name, None)
        else:
            for element in spoilt.iter():
                numbers = [name for name, value in element.attrib.items() if value.isdigit()]
                element.attrib.update({name: "9" * 25 for name in numbers if name not in _KEYS})
                element.attrib.update(dict.fromkeys({"userRating"} & set(element.attrib), "many"))
        return self._with(self._items, {})

    def _with(self, items: list[Element], counts: dict[str, int]) -> bytes:
        root = Element(self._root.tag, dict(self._root.attrib))
        root.attrib.update({name: str(n) for name, n in counts.items() if name in root.attrib})
        root.extend(items)
        return b'<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root)


class StashDocument:
    """A GraphQL answer; the objects of aliased fields count as a list. What cannot be done gives None."""

    def __init__(self, content: dict[str, Any]) -> None:
        self._content = content

    def emptied(self) -> bytes | None:
        """Empty lists, and counts that say so."""
        return self._edited(lambda entries: entries[:0], count=0)

    def nulled(self) -> bytes | None:
        """Null for each list, or for each value where there is none."""
        edited = self._edited(lambda _: None)
        if edited is not None and not self._is_aliased():
            return edited
        data = self._content.get("data") or {}
        return self._written(dict.fromkeys(data)) if data else None

    def halved(self) -> bytes | None:
        """The first half of each list; counts stay."""
        return self._edited(lambda entries: entries[: len(entries) // 2])

    def without_first(self) -> bytes | None:
        """The first of each list is gone."""
        return None if self._is_aliased() else self._edited(lambda entries: entries[1:])

    def partial(self, message: str) -> bytes | None:
        """The last of each list is null, and an error stands beside."""
        data = self._content.get("data") or {}
        if self._is_aliased():
            edited: Any = {**data, list(data)[-1]: None}
        else:
            edited = _edit(data, lambda entries: [*entries[:-1], None], None)
        return self._written(edited, [{"message": message, "path": list(data)[:1]}])

    def with_one_spoilt(self, kind: str) -> bytes | None:
        """The first of each list is unusable."""
        if self._is_aliased():
            data = dict(self._content["data"])
            first = next(iter(data))
            return None if len(data) < 2 else self._written({**data, first: _spoilt(kind, data[first])})

        def spoil(entries: list[Any]) -> list[Any]:
            return [_spoilt(kind, entries[0]), *entries[1:]] if len(entries) > 1 else entries

        return self._edited(spoil)

    def _is_aliased(self) -> bool:
        data = self._content.get("data")
        return isinstance(data, dict) and "s0" in data

    def _edited(self, edit: Callable[[list[Any]], Any], count: int | None = None) -> bytes | None:
        data = self._content.get("data") or {}
        if self._is_aliased():
            kept = edit(list(data))
            edited: Any = {name: data[name] for name in kept} if kept is not None else dict.fromkeys(data)
        else:
            edited = _edit(data, edit, count)
        return None if edited == data else self._written(edited)

    def _written(self, data: Any, errors: list[Any] | None = None) -> bytes:
        content = {**({"errors": errors} if errors else {}), "data": data}
        return json.dumps(content, ensure_ascii=False).encode()


def _edit(value: Any, edit: Callable[[list[Any]], Any], count: int | None) -> Any:
    """The same value with its outermost lists edited."""
    if isinstance(value, list):
        return edit(value) if value else value
    if isinstance(value, dict):
        return {
            name: count if count is not None and name in _COUNTED else _edit(one, edit, count)
            for name, one in value.items()
        }
    return value


def _spoilt(kind: str, entry: Any) -> Any:
    if not isinstance(entry, dict):
        return None
    if kind == ONE_WITHOUT_KEY:
        return {**entry, "id": None}
    odd: dict[type, Any] = {str: ["odd"], list: "odd", dict: 7, int: "odd"}
    return {name: one if name == "id" else odd.get(type(one), one) for name, one in entry.items()}
