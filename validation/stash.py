"""Reading Stash over GraphQL: the one place that talks to it.

stashapp-tools' StashInterface carries our own documents, over the session of `stash_session`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from stashapi import log

from validation.address import connectable_host
from validation.exceptions import SceneMalformed, StashAnswerInvalid
from validation.images import Cover, local_path, read_cover
from validation.plugin_input import PLUGIN_ID
from validation.scene import (
    SCENE_FRAGMENT,
    SCENE_FRAGMENT_WITH_PICTURES,
    Scene,
    parse_scene,
    parse_timestamp,
    scene_id_of,
)
from validation.stash_session import GraphQLInterface, GraphQLRefusal, StashSession

PAGE_SIZE = 500
SCENES_PER_REQUEST = 50
# So many ids in a row without a scene are the end, when scenes are read one by one.
WIDEST_GAP = 20_000
# Stash orders by chance from a seed; with the same one a sample can be compared with the last one.
SAMPLE_SEED = 48_271_337
# Stash compares timestamps as text in its own offset. A day more than asked for covers a change of
# the server's time zone and summer time; what is too old is left out by its instant.
OFFSET_MARGIN = timedelta(hours=26)

_COUNT = (
    "query Count($find: FindFilterType, $where: SceneFilterType)"
    " { findScenes(filter: $find, scene_filter: $where) { count } }"
)
_PAGE = (
    "query Page($find: FindFilterType, $where: SceneFilterType)"
    " { findScenes(filter: $find, scene_filter: $where) { scenes { ...SceneForPlex } } }" + SCENE_FRAGMENT
)
_PAGE_OF_IDS = (
    "query PageOfIds($find: FindFilterType, $where: SceneFilterType)"
    " { findScenes(filter: $find, scene_filter: $where) { scenes { id } } }"
)
_NEWEST = (
    'query Newest { findScenes(filter: {sort: "updated_at", direction: DESC, per_page: 20})'
    " { scenes { updated_at } } }"
)
_TAG_NAMES = "query TagNames($find: FindFilterType) { findTags(filter: $find) { tags { name } } }"
_SETTINGS = "query Settings($ids: [ID!]) { configuration { plugins(include: $ids) } }"


@dataclass(frozen=True)
class ScenePage:
    """Scenes in the order of their ids, and one sentence for each that could not be used."""

    scenes: tuple[Scene, ...]
    errors: tuple[str, ...]


class Stash:
    """A connection to the Stash that started the plugin. Not for use by several threads at once."""

    def __init__(self, server_connection: Mapping[str, Any], cookie: str | None = None) -> None:
        """Connect, with the session of `server_connection` or a newer `cookie`.

        Raises StashError, whose text is a sentence for the user.
        """
        self._server_connection = server_connection
        self.reads_performer_pictures = False
        self._session = StashSession(_cookie_of(server_connection) if cookie is None else cookie)
        address = {
            "Scheme": server_connection.get("Scheme") or "http",
            "Host": connectable_host(server_connection.get("Host")),
            "Port": server_connection.get("Port") or 9999,
        }
        try:
            self._interface = GraphQLInterface(address, self._session)
        except (KeyError, TypeError, AttributeError) as error:
            raise StashAnswerInvalid("What answers at Stash's address is not Stash.") from error

    @property
    def server_connection(self) -> Mapping[str, Any]:
        """What Stash told of itself, with the session of its latest answer."""
        cookie = {"Value": self._session.cookie} if self._session.cookie else None
        return {**self._server_connection, "SessionCookie": cookie}

    def another(self) -> Stash:
        """A connection to the same Stash for another thread. Raises StashError."""
        other = Stash(self._server_connection, self._session.cookie)
        other.reads_performer_pictures = self.reads_performer_pictures
        return other

    @property
    def version(self) -> tuple[int, int, int]:
        """Stash's version; all zeros in a build that somebody made without one."""
        version = self._interface.version
        return version.major, version.minor, version.patch

    def ask(self, document: str, variables: dict[str, Any]) -> Mapping[str, Any]:
        """The data of Stash's answer to a GraphQL document. Raises StashError."""
        answer = self._ask(document, variables)
        assert isinstance(answer, Mapping)
        return answer

    def plugin_settings(self) -> Mapping[str, Any]:
        """What Stash stored of this plugin's settings; unset keys are absent."""
        plugins = self._ask(_SETTINGS, {"ids": [PLUGIN_ID]}, "configuration", "plugins")
        stored = plugins.get(PLUGIN_ID) if isinstance(plugins, Mapping) else None
        return stored if isinstance(stored, Mapping) else {}

    def count_scenes(self) -> int:
        """How many scenes Stash has."""
        count = self._ask(_COUNT, {"find": {"per_page": 0}}, "findScenes", "count")
        return count if isinstance(count, int) else 0

    def tag_names(self) -> set[str]:
        """The names of all tags."""
        names: set[str] = set()
        page, is_last = 1, False
        while not is_last:
            find = {"per_page": PAGE_SIZE, "page": page, "sort": "name", "direction": "ASC"}
            tags = self._ask(_TAG_NAMES, {"find": find}, "findTags", "tags")
            if not isinstance(tags, list):
                raise StashAnswerInvalid("Stash returned no list of tags.")
            found = {str(tag["name"]) for tag in tags if isinstance(tag, Mapping) and tag.get("name")}
            page, is_last = page + 1, len(tags) < PAGE_SIZE or found <= names
            names |= found
        return names

    def sample_ids(self, count: int) -> list[int]:
        """The ids of so many scenes from all over the collection, the same ones every time."""
        find = {"sort": f"random_{SAMPLE_SEED}", "per_page": count}
        return [int(scene["id"]) for scene in self._ask_for_list(_PAGE_OF_IDS, {"find": find})]

    def pages(self, where: Mapping[str, Any] | None = None) -> Iterator[ScenePage]:
        """All scenes that the GraphQL filter `where` admits, by pages.

        Pages follow the id, so a scene that is added or edited meanwhile shifts none of them.
        """
        last_id = 0
        is_last = False
        while not is_last:
            try:
                raw = self._ask_for_list(_PAGE, _after(last_id, where or {}))
                following, is_last = _highest_id(raw), len(raw) < PAGE_SIZE
            except GraphQLRefusal as refusal:
                # One scene that Stash cannot resolve spoils the whole page.
                log.debug(f"A page of scenes failed ({refusal}); its scenes are read one by one.")
                raw, following, is_last = self._read_one_by_one(last_id)
            if raw:
                yield _checked(raw)
            if not is_last and following <= last_id:
                raise StashAnswerInvalid(
                    "Stash returned a page of scenes without ids; nothing more was read."
                )
            last_id = following

    def _read_one_by_one(self, last_id: int) -> tuple[list[Any], int, bool]:
        """The next page of scenes by their ids, whatever the filter; where it ends, and if it is the last.

        Scenes that Stash cannot read are SceneMalformed.
        """
        variables = {**_after(last_id, {}), "find": {"per_page": 0}}
        remaining = self._ask(_COUNT, variables, "findScenes", "count")
        page: list[Any] = []
        following = last_id
        while len(page) < min(remaining, PAGE_SIZE) and following < last_id + WIDEST_GAP:
            ids = range(following + 1, following + 1 + SCENES_PER_REQUEST)
            page.extend(raw for raw in self._read_by_id(ids).values() if raw is not None)
            following = ids[-1]
        return page, following, len(page) >= remaining or following >= last_id + WIDEST_GAP

    def pages_updated_within(self, period: timedelta) -> Iterator[ScenePage]:
        """Scenes whose updated_at lies within `period` before now, by Stash's own clock."""
        newest = self._ask_for_list(_NEWEST, {})
        if not newest:
            return
        offset = _offset_of(newest)
        since = self.now - period
        text = (since - OFFSET_MARGIN).astimezone(timezone(offset)).strftime("%Y-%m-%dT%H:%M:%S")
        for page in self.pages({"updated_at": {"value": text, "modifier": "GREATER_THAN"}}):
            recent = tuple(scene for scene in page.scenes if scene.updated_at >= since)
            yield ScenePage(recent, page.errors)

    def scenes_by_id(self, ids: Sequence[int]) -> tuple[dict[int, Scene | None], dict[int, SceneMalformed]]:
        """The scenes of these ids in one request: None where Stash has no such scene (any more).

        The second value has the scenes that Stash returned malformed.
        """
        found: dict[int, Scene | None] = {}
        malformed: dict[int, SceneMalformed] = {}
        for scene_id, raw in self._read_by_id(ids).items():
            one = None if raw is None else _scene_or_problem(raw)
            if isinstance(one, SceneMalformed):
                malformed[scene_id] = one
            else:
                found[scene_id] = one
        return found, malformed

    def scene_ids_with(self, entity: str, entity_id: int) -> list[int]:
        """The ids of the scenes that have this performer, studio, tag or group.

        A studio's scenes include those of the studios below it, which show its name as their parent's.
        """
        depth = {"studio": {"depth": -1}, "tag": {"depth": 0}, "group": {"depth": 0}}.get(entity, {})
        where = {f"{entity}s": {"value": [str(entity_id)], "modifier": "INCLUDES", **depth}}
        ids: list[int] = []
        while True:
            page = self._ask_for_list(_PAGE_OF_IDS, _after(ids[-1] if ids else 0, where))
            ids.extend(int(scene["id"]) for scene in page)
            if len(page) < PAGE_SIZE:
                return ids

    def fetch_image(self, url: str, etag: str, largest: int) -> Cover:
        """An image at an address that Stash gave, unless it is still the one of this ETag.

        Raises ImageUnusable where it can never be carried over, StashError where it did not come.
        """
        headers = {"Accept": "image/*", **({"If-None-Match": etag} if etag else {})}
        address = self._interface.url.removesuffix("/graphql") + local_path(url)
        with self._session.get(address, headers=headers, stream=True) as response:
            return read_cover(response, etag, largest)

    @property
    def now(self) -> datetime:
        """The time by Stash's clock, as of its latest answer."""
        return self._session.server_time or datetime.now(timezone.utc)

    def _read_by_id(self, ids: Sequence[int]) -> dict[int, Any]:
        """The raw scenes by id; a SceneMalformed for one that Stash could not resolve."""
        try:
            answer = self._ask(
                _document_by_id(len(ids), self.reads_performer_pictures),
                {f"s{n}": str(scene_id) for n, scene_id in enumerate(ids)},
            )
            return {scene_id: answer.get(f"s{n}") for n, scene_id in enumerate(ids)}
        except GraphQLRefusal as refusal:
            if len(ids) == 1:
                problem = f"Stash could not read it ({refusal}); open and save it in Stash."
                return {ids[0]: SceneMalformed(str(ids[0]), problem)}
        middle = len(ids) // 2
        return {**self._read_by_id(ids[:middle]), **self._read_by_id(ids[middle:])}

    def _ask_for_list(self, document: str, variables: dict[str, Any]) -> list[Any]:
        scenes = self._ask(document, variables, "findScenes", "scenes")
        if not isinstance(scenes, list):
            raise StashAnswerInvalid("Stash returned no list of scenes.")
        return scenes

    def _ask(self, document: str, variables: dict[str, Any], *path: str) -> Any:
        """The answer's data, or what stands in it at the end of `path`."""
        answer = self._interface.call_GQL(document, variables)
        for name in path:
            if not isinstance(answer, Mapping) or name not in answer:
                raise StashAnswerInvalid(f"Stash's answer has no {'.'.join(path)}.")
            answer = answer[name]
        return answer


def ahead(pages: Iterator[ScenePage]) -> Iterator[ScenePage]:
    """The same pages, each read while the one before it is being handled."""
    with ThreadPoolExecutor(1, thread_name_prefix="stash") as thread:
        following = thread.submit(next, pages, None)
        while (page := following.result()) is not None:
            following = thread.submit(next, pages, None)
            yield page


def _document_by_id(count: int, with_pictures: bool) -> str:
    """One aliased findScene an id: an unknown id gives null there, and fails nothing else.

    `findScenes(ids:)` fails as a whole for one deleted scene, and an empty list returns others.
    """
    names = [f"s{n}" for n in range(count)]
    parameters = ", ".join(f"${name}: ID!" for name in names)
    fields = " ".join(f"{name}: findScene(id: ${name}) {{ ...SceneForPlex }}" for name in names)
    fragment = SCENE_FRAGMENT_WITH_PICTURES if with_pictures else SCENE_FRAGMENT
    return f"query ScenesById({parameters}) {{ {fields} }}{fragment}"


def _offset_of(raw_scenes: Sequence[Any]) -> timedelta:
    """The offset in which Stash writes its timestamps."""
    for raw in raw_scenes:
        with suppress(TypeError, ValueError, AttributeError):
            return parse_timestamp(raw.get("updated_at")).utcoffset() or timedelta()
    return timedelta()


def _after(last_id: int, where: Mapping[str, Any]) -> dict[str, Any]:
    """The variables of the page of scenes that follows this id."""
    return {
        "find": {"sort": "id", "direction": "ASC", "per_page": PAGE_SIZE, "page": 1},
        "where": {**where, "id": {"value": last_id, "modifier": "GREATER_THAN"}},
    }


def _checked(raw_scenes: Sequence[Any]) -> ScenePage:
    parsed = [_scene_or_problem(raw) for raw in raw_scenes]
    return ScenePage(
        tuple(one for one in parsed if isinstance(one, Scene)),
        tuple(str(one) for one in parsed if isinstance(one, SceneMalformed)),
    )


def _scene_or_problem(raw: Any) -> Scene | SceneMalformed:
    if isinstance(raw, SceneMalformed):
        return raw
    try:
        return parse_scene(raw)
    except SceneMalformed as error:
        return error


def _highest_id(raw_scenes: Sequence[Any]) -> int:
    ids = (scene_id_of(raw) for raw in raw_scenes if isinstance(raw, Mapping))
    return max((scene_id for scene_id in ids if scene_id is not None), default=0)


def _cookie_of(server_connection: Mapping[str, Any]) -> str:
    cookie = server_connection.get("SessionCookie")
    value = cookie.get("Value") if isinstance(cookie, Mapping) else None
    return value if isinstance(value, str) else ""
