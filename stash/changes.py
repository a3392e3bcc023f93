"""What changed in Stash since a moment, asked in small questions that go by Stash's own timestamps.

Stash tells of a change by hooks, but not of every one: merged scenes and performers, covers that it
generates, tags that it sets by itself, and whatever happens while the plugin is switched off. It writes
`updated_at` as text in its own local time and compares it as text, so no clock but its own counts here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple

from stash.exceptions import StashAnswerInvalid
from validation.scene import parse_timestamp, scene_id_of

SCENE = "scene"
# What shows in the metadata of scenes.
ENTITIES = ("performer", "studio", "tag", "group")
KINDS = (SCENE, *ENTITIES)
# Covers an hour that a clock goes through twice in autumn, and several changes within one second.
OVERLAP = timedelta(hours=2)
IDS_PER_PAGE = 5_000
# Stash's answers carry their time in whole seconds, and a proxy may have written it.
CLOCK_TOLERANCE = timedelta(minutes=1)
# Timestamps are whole seconds: another change may still get the one that was just seen.
SAME_SECOND = timedelta(seconds=2)

Ask = Callable[[str, dict[str, Any]], Mapping[str, Any]]


class Changed(NamedTuple):
    """Something that was saved: its id, and its updated_at in seconds since 1970."""

    id: int
    updated_at: int


@dataclass(frozen=True)
class Standing:
    """How many of a kind Stash has, the id of the one made last, and the latest updated_at as Stash wrote it.

    Without any of the kind the id is 0 and the text empty.
    """

    count: int = 0
    latest_id: int = 0
    newest: str = ""

    def without_later(self, changes: Iterable[Changed]) -> list[Changed]:
        """Those of these changes that are no later than the newest one here."""
        newest = _instant(self.newest).timestamp()
        return [change for change in changes if change.updated_at <= newest]


@dataclass(frozen=True)
class Overview:
    """How all kinds stand, by kind; and how many scenes have no file, and more than one.

    `new_scenes` counts those made after the one that was asked about. `is_ahead` tells that something
    was saved at a time that Stash's clock has yet to reach, so it was set back.
    """

    standings: Mapping[str, Standing]
    without_file: int
    with_several_files: int
    new_scenes: int = 0
    is_ahead: bool = False

    @property
    def scenes(self) -> Standing:
        """How the scenes stand."""
        return self.standings[SCENE]

    def same_as(self, other: Overview) -> bool:
        """Whether nothing shows that anything changed between the two."""
        return self._told() == other._told()

    def _told(self) -> object:
        kinds = [(standing.count, standing.newest) for standing in self.standings.values()]
        return kinds, self.without_file, self.with_several_files, self.is_ahead

    def after(self, earlier: Overview) -> Overview:
        """The same, but no latest id below the earlier one: of those made in one second Stash names any."""
        standings = {
            kind: replace(standing, latest_id=max(standing.latest_id, earlier.standings[kind].latest_id))
            for kind, standing in self.standings.items()
        }
        return replace(self, standings=standings)

    def held_back(self, now: datetime) -> Overview:
        """The same, but nothing as late as `now`, Stash's present: whatever is saved next must be later."""
        latest = now - SAME_SECOND
        standings = {}
        is_ahead = False
        for kind, standing in self.standings.items():
            instant = _instant(standing.newest)
            is_ahead = is_ahead or instant > now + CLOCK_TOLERANCE
            if instant > latest:
                offset = timezone(offset_of(standing.newest) or timedelta())
                text = latest.astimezone(offset).isoformat(timespec="seconds")
                standing = replace(standing, newest=text)
            standings[kind] = standing
        return replace(self, standings=standings, is_ahead=is_ahead)

    def to_stored(self) -> dict[str, Any]:
        """As JSON can keep it."""
        return asdict(self)

    @classmethod
    def from_stored(cls, stored: Mapping[str, Any]) -> Overview:
        """What `to_stored` gave. Raises KeyError or TypeError for anything else."""
        standings = {kind: Standing(**stored["standings"][kind]) for kind in KINDS}
        counts = (int(stored["without_file"]), int(stored["with_several_files"]))
        return cls(standings, *counts, is_ahead=bool(stored["is_ahead"]))


def _plural(kind: str) -> str:
    return f"find{kind.capitalize()}s"


def _overview_document() -> str:
    parts = []
    for kind in KINDS:
        # Stash sorts tags by no id.
        for alias, sort in (("newest", "updated_at"), ("latest", "created_at" if kind == "tag" else "id")):
            order = f'{{sort: "{sort}", direction: DESC, per_page: 1}}'
            parts.append(
                f"{kind}_{alias}: {_plural(kind)}(filter: {order}) {{ count {kind}s {{ id updated_at }} }}"
            )
    for alias, file_count in (
        ("without_file", "{value: 0, modifier: EQUALS}"),
        ("with_several_files", "{value: 1, modifier: GREATER_THAN}"),
    ):
        where = f"scene_filter: {{file_count: {file_count}}}"
        parts.append(f"{alias}: findScenes({where}, filter: {{per_page: 0}}) {{ count }}")
    parts.append(
        "new_scenes: findScenes(scene_filter: {id: {value: $after, modifier: GREATER_THAN}},"
        " filter: {per_page: 0}) { count }"
    )
    return f"query Overview($after: Int!) {{ {' '.join(parts)} }}"


_OVERVIEW = _overview_document()
_CHANGED_SCENES = (
    "query ChangedScenes($find: FindFilterType, $where: SceneFilterType)"
    " { findScenes(filter: $find, scene_filter: $where) { scenes { id updated_at } } }"
)


def read_overview(ask: Ask, after_scene: int = 0) -> Overview:
    """How everything stands now; scenes with an id above `after_scene` count as new. Raises StashError."""
    answer = ask(_OVERVIEW, {"after": after_scene})
    standings = {}
    for kind in KINDS:
        newest, latest = (_found(answer, f"{kind}_{alias}", kind) for alias in ("newest", "latest"))
        standings[kind] = Standing(
            count=_count(answer, f"{kind}_newest"),
            latest_id=max((one.id for one in _all_changed(latest)), default=0),
            newest=max(map(_time_of, newest), default=""),
        )
    without, several, new = (
        _count(answer, name) for name in ("without_file", "with_several_files", "new_scenes")
    )
    return Overview(standings, without, several, new)


def scenes_changed_since(ask: Ask, since: str) -> Iterator[list[Changed]]:
    """The scenes whose updated_at is later than this text of Stash's, less the overlap; by pages.

    Raises StashError.
    """
    where = {"updated_at": {"value": _less_overlap(since), "modifier": "GREATER_THAN"}} if since else {}
    return _pages_of_scenes(ask, where)


def scenes_made_after(ask: Ask, scene_id: int) -> Iterator[list[Changed]]:
    """The scenes with a higher id than this, by pages. Raises StashError."""
    return _pages_of_scenes(ask, {}, scene_id)


def all_scene_ids(ask: Ask) -> Iterator[list[int]]:
    """The ids of all scenes, in their order, by pages. Raises StashError."""
    return ([one.id for one in page] for page in _pages_of_scenes(ask, {}))


def entities_changed_since(ask: Ask, kind: str, since: str) -> list[Changed]:
    """The performers (studios, tags, groups) saved since this text of Stash's, less the overlap.

    Raises StashError.
    """
    capital = kind.capitalize()
    selection = (
        f"{_plural(kind)}({kind}_filter: $where, filter: {{per_page: -1}}) {{ {kind}s {{ id updated_at }} }}"
    )
    document = f"query Changed{capital}s($where: {capital}FilterType) {{ {selection} }}"
    where = {"updated_at": {"value": _less_overlap(since), "modifier": "GREATER_THAN"}} if since else None
    answer = ask(document, {"where": where})
    return _all_changed(_found(answer, _plural(kind), kind))


def versions_of(ask: Ask, entities: Iterable[tuple[str, int]]) -> dict[tuple[str, int], int]:
    """When these entities (kind, id) were last saved, in seconds since 1970; without those that are gone.

    Raises StashError.
    """
    names = {f"{kind}{number}": (kind, number) for kind, number in entities}
    if not names:
        return {}
    fields = [
        f'{name}: find{kind.capitalize()}(id: "{number}") {{ id updated_at }}'
        for name, (kind, number) in names.items()
    ]
    answer = ask(f"query Versions {{ {' '.join(fields)} }}", {})
    changes = {name: _changed(answer.get(name)) for name in names}
    return {names[name]: one.updated_at for name, one in changes.items() if one is not None}


def settled(changes: Iterable[Changed], now: datetime) -> list[Changed]:
    """Those of these changes after which none can get the same time any more; `now` is by Stash's clock."""
    latest = (now - SAME_SECOND).timestamp()
    return [change for change in changes if change.updated_at < latest]


def offset_of(text: str) -> timedelta | None:
    """How far the local time of one of Stash's timestamps is from UTC; None for a text that is none."""
    try:
        return parse_timestamp(text).utcoffset()
    except (ValueError, TypeError):
        return None


def _time_of(raw: Any) -> str:
    """When something was saved, as Stash wrote it."""
    text = raw.get("updated_at") if isinstance(raw, Mapping) else None
    if not isinstance(text, str) or offset_of(text) is None:
        raise StashAnswerInvalid("Stash returned something without an id or a time.")
    return text


def _instant(text: str) -> datetime:
    try:
        return parse_timestamp(text)
    except (ValueError, TypeError):
        return datetime.min.replace(tzinfo=timezone.utc)


def _pages_of_scenes(ask: Ask, where: Mapping[str, Any], last_id: int = 0) -> Iterator[list[Changed]]:
    while True:
        find = {"sort": "id", "direction": "ASC", "per_page": IDS_PER_PAGE, "page": 1}
        after = {**where, "id": {"value": last_id, "modifier": "GREATER_THAN"}}
        raw = _scenes(ask(_CHANGED_SCENES, {"find": find, "where": after}))
        page = _all_changed(raw)
        if page:
            yield page
        if len(raw) < IDS_PER_PAGE:
            return
        if page[-1].id <= last_id:
            raise StashAnswerInvalid("Stash returned a page of scenes that was asked for before.")
        last_id = page[-1].id


def _scenes(answer: Mapping[str, Any]) -> list[Any]:
    return _found(answer, "findScenes", SCENE)


def _less_overlap(text: str) -> str:
    """The same text in Stash's local time, earlier by the overlap and without an offset."""
    return (datetime.fromisoformat(text[:19]) - OVERLAP).isoformat(timespec="seconds")


def _all_changed(entries: Sequence[Any]) -> list[Changed]:
    """What can be used of these entries; one without an id is for a reconcile to name."""
    changes = [_changed(one) for one in entries]
    usable = [one for one in changes if one is not None]
    if entries and not usable:
        raise StashAnswerInvalid("Stash returned something without an id or a time.")
    return usable


def _changed(raw: Any) -> Changed | None:
    """What was saved and when, at 0 where this cannot be told; None without an id."""
    number = scene_id_of(raw) if isinstance(raw, Mapping) else None
    if number is None:
        return None
    try:
        return Changed(number, int(parse_timestamp(raw.get("updated_at")).timestamp()))
    except (TypeError, ValueError, OverflowError):
        return Changed(number, 0)


def _found(answer: Mapping[str, Any], name: str, kind: str) -> list[Any]:
    found = answer.get(name)
    entries = found.get(f"{kind}s") if isinstance(found, Mapping) else None
    if not isinstance(entries, list):
        raise StashAnswerInvalid(f"Stash returned no list of {kind}s.")
    return entries


def _count(answer: Mapping[str, Any], name: str) -> int:
    found = answer.get(name)
    count = found.get("count") if isinstance(found, Mapping) else None
    if isinstance(count, bool) or not isinstance(count, int):
        raise StashAnswerInvalid("Stash returned a count that is not a number.")
    return count
