"""Reading Stash over GraphQL: the one place that talks to it.

stashapp-tools' StashInterface carries our own documents, over the session of `stash_session`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from copy import copy
from datetime import datetime, timedelta, timezone
from typing import Any

from stash import log
from stash.chosen_scenes import ALL_SCENES, ChosenScenes
from stash.documents import FOLDERS, NEWEST, SAVE_SETTINGS, SETTINGS, TAG_NAMES
from stash.exceptions import EntityUnusable, GraphQLRefusal, StashAnswerInvalid
from stash.images import Cover, read_cover
from stash.namesakes import Namesakes
from stash.scene_pages import PAGE_SIZE, ScenePage, ScenePages
from stash.scenes_by_id import ScenesById, count_in, count_without_file, sample_of_ids, scenes_in
from stash.session import GraphQLInterface, StashSession
from validation.config import secrets_in
from validation.exceptions import SceneMalformed
from validation.plugin_input import PLUGIN_ID, ServerConnection
from validation.scene import Scene, local_path, parse_timestamp
from validation.scene_fragment import NAMESAKES, PERFORMER_TAGS, PICTURES

# Stash compares timestamps as text in its own offset. A day more than asked for covers a change of
# the server's time zone and summer time; what is too old is left out by its instant.
OFFSET_MARGIN = timedelta(hours=26)
# So many scenes are read and then left alone sooner than all those to carry are listed.
FEW_SCENES = 500
# How the scenes that show a name are found, by what has the name. A studio's are also those of the
# studios below it, which show its name as their parent's.
ENTITIES: Mapping[str, Mapping[str, int]] = {
    "performer": {},
    "studio": {"depth": -1},
    "tag": {"depth": 0},
    "group": {"depth": 0},
}


class Stash:
    """A connection to the Stash that started the plugin. Not for use by several threads at once."""

    def __init__(self, connection: ServerConnection) -> None:
        """Connect. Raises StashError."""
        self._connection = connection
        self._more: frozenset[str] = frozenset()
        self._namesakes = Namesakes()
        self.chosen = ALL_SCENES
        self._session = StashSession(connection.cookie)
        address = {"Scheme": connection.scheme, "Host": connection.host, "Port": connection.port}
        try:
            self._interface = GraphQLInterface(address, self._session)
        except (KeyError, TypeError, AttributeError) as error:
            raise StashAnswerInvalid("The server at Stash's address is not Stash.") from error

    @property
    def connection(self) -> ServerConnection:
        """How Stash is reached, with the session of its latest answer."""
        return self._connection.with_cookie(self._session.cookie)

    def another(self) -> Stash:
        """A connection to the same Stash for another thread."""
        other = copy(self)
        other._session = self._session.another()
        other._interface = self._interface.over(other._session)
        return other

    def with_more(self, more: frozenset[str]) -> Stash:
        """The same connection, but its scenes come with more of what validation.scene_fragment knows."""
        same = copy(self)
        same._more = more
        return same

    def choosing(self, chosen: ChosenScenes) -> Stash:
        """The same connection, for which these scenes are those to carry."""
        same = copy(self)
        same.chosen = chosen
        return same

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

    def ask_once(self, document: str, variables: dict[str, Any]) -> Mapping[str, Any]:
        """As `ask`, for a document that may not be sent twice: what it does would be done twice."""
        self._session.may_repeat = False
        try:
            return self.ask(document, variables)
        finally:
            self._session.may_repeat = True

    def plugin_settings(self) -> Mapping[str, Any]:
        """What Stash stored of this plugin's settings; unset keys are absent. Raises StashError.

        From here on the log keeps their secrets to itself.
        """
        plugins = self._ask(SETTINGS, {"ids": [PLUGIN_ID]}, "configuration", "plugins")
        # A plugin whose settings were never saved is absent; anything else is no answer to this question.
        stored = plugins.get(PLUGIN_ID, {}) if isinstance(plugins, Mapping) else None
        if not isinstance(stored, Mapping):
            raise StashAnswerInvalid("Stash returned no settings of this plugin that can be read.")
        for secret in secrets_in(stored):
            log.keep_secret(secret)
        return stored

    def save_plugin_settings(self, settings: Mapping[str, Any]) -> None:
        """Store these settings of this plugin, in place of all that were stored. Raises StashError."""
        for secret in secrets_in(settings):
            log.keep_secret(secret)
        self._ask(SAVE_SETTINGS, {"id": PLUGIN_ID, "settings": dict(settings)}, "configurePlugin")

    def video_folders(self) -> list[str]:
        """The folders in which Stash looks for videos. Raises StashError."""
        found = self._ask(FOLDERS, {}, "configuration", "general", "stashes")
        folders = [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []
        return [str(one["path"]) for one in folders if one.get("path") and not one.get("excludeVideo")]

    def count_scenes(self) -> int:
        """How many scenes Stash has. Raises StashError."""
        return self._list({}).count()

    def tag_names(self) -> set[str]:
        """The names of all tags. Raises StashError where it is not known that they are all."""
        names: set[str] = set()
        page, listed, count = 1, 0, 1
        while listed < count:
            find = {"per_page": PAGE_SIZE, "page": page, "sort": "name", "direction": "ASC"}
            found = self._ask(TAG_NAMES, {"find": find}, "findTags")
            tags = found.get("tags") if isinstance(found, Mapping) else None
            if not isinstance(tags, list):
                raise StashAnswerInvalid("Stash returned no list of tags.")
            count = count_in({"findTags": found}, "findTags")
            names |= {str(tag["name"]) for tag in tags if isinstance(tag, Mapping) and tag.get("name")}
            page, listed = page + 1, listed + len(tags)
            if not tags and listed < count:
                raise StashAnswerInvalid("Stash lists fewer tags than it counts; nothing was concluded.")
        return names

    def count_chosen(self) -> int:
        """How many scenes are to be carried. Raises StashError."""
        return self._list_chosen({}).count()

    def sample_ids(self, count: int) -> list[int]:
        """The ids of so many chosen scenes with a file from all over the collection, always the same ones."""
        return sample_of_ids(self.ask, count, self.chosen)

    def count_without_file(self) -> int:
        """How many of the chosen scenes have no file. Raises StashError."""
        return count_without_file(self.ask, self.chosen)

    def pages(self, where: Mapping[str, Any] | None = None) -> Iterator[ScenePage]:
        """All chosen scenes that the GraphQL filter `where` admits too, by pages.

        Raises StashError; only an iteration that ends without was through all of them.
        """
        return iter(self._list_chosen(where or {}))

    def pages_updated_within(self, period: timedelta) -> Iterator[ScenePage]:
        """Scenes whose updated_at lies within `period` before now, by Stash's own clock."""
        try:
            offset = _offset_of(scenes_in(self.ask(NEWEST, {})))
        except GraphQLRefusal as refusal:
            # Where it is one scene that Stash cannot read, the margin is wide enough for any offset.
            log.debug(f"Stash's offset is not known: {refusal}")
            offset = timedelta()
        since = self.now - period
        text = (since - OFFSET_MARGIN).astimezone(timezone(offset)).strftime("%Y-%m-%dT%H:%M:%S")
        for page in self.pages({"updated_at": {"value": text, "modifier": "GREATER_THAN"}}):
            recent = tuple(scene for scene in page.scenes if scene.updated_at >= since)
            yield ScenePage(recent, page.unusable)

    def scenes_by_id(self, ids: Sequence[int]) -> tuple[dict[int, Scene | None], dict[int, SceneMalformed]]:
        """The scenes of these ids in one request: None where Stash has no such scene (any more).

        The second value has the scenes that are proven to be unusable by themselves. Raises StashError
        where Stash is in trouble.
        """
        found, malformed, _ = self._read_by_id(ids, ALL_SCENES)
        return found, malformed

    def chosen_by_id(
        self, ids: Sequence[int]
    ) -> tuple[dict[int, Scene | None], dict[int, SceneMalformed], set[int]]:
        """The same, and as the third value those of the scenes that are not to be carried."""
        return self._read_by_id(ids, self.chosen)

    def _read_by_id(
        self, ids: Sequence[int], chosen: ChosenScenes
    ) -> tuple[dict[int, Scene | None], dict[int, SceneMalformed], set[int]]:
        found: dict[int, Scene | None] = {}
        malformed: dict[int, SceneMalformed] = {}
        by_id = self._by_id(chosen)
        for scene_id, one in by_id.read(ids).items():
            if isinstance(one, SceneMalformed):
                malformed[scene_id] = one
            else:
                found[scene_id] = one
        gone = {scene_id for scene_id, one in found.items() if one is None}
        by_id.confirm_gone(sorted(gone))
        return found, malformed, by_id.left_out.intersection(ids) - gone

    def scene_ids_with(self, entity: str, entity_id: int) -> list[int]:
        """The ids of the chosen scenes that have this performer, studio, tag or group.

        Raises EntityUnusable where they cannot be asked for and other scenes can, StashError.
        """
        filters = self._filters_for(entity, entity_id)
        found = {one for where in filters for one in self._scene_ids_where(entity, entity_id, where)}
        return self.chosen_of(sorted(found))

    def pages_with(self, entity: str, entity_id: int) -> Iterator[ScenePage]:
        """The scenes that have this performer, studio, tag or group by pages, chosen or not; some twice.

        Raises EntityUnusable, StashError.
        """
        for where in self._filters_for(entity, entity_id):
            yield from self._list(where)

    def _filters_for(self, entity: str, entity_id: int) -> list[dict[str, Any]]:
        """The GraphQL filters that together admit the scenes that show a performer, studio, tag or group."""
        if entity not in ENTITIES:
            raise EntityUnusable(entity, entity_id, "this version of the plugin knows nothing of the kind.")
        criterion = {"value": [str(entity_id)], "modifier": "INCLUDES", **ENTITIES[entity]}
        names = [f"{entity}s"]
        if entity == "tag" and PERFORMER_TAGS in self._more:
            names.append("performer_tags")
        return [{name: criterion} for name in names]

    def _scene_ids_where(self, entity: str, entity_id: int, where: Mapping[str, Any]) -> list[int]:
        try:
            return self._list(where).ids()
        except GraphQLRefusal:
            # Whose fault is it? Other scenes are asked for before and after it is asked for once more.
            self._list({}).count()
            try:
                return self._list(where).ids()
            except GraphQLRefusal as refusal:
                self._list({}).count()
                raise EntityUnusable(
                    entity, entity_id, f"Stash could not answer ({refusal.words})."
                ) from refusal

    def chosen_of(self, ids: list[int]) -> list[int]:
        """Those of many scenes that are to be carried; of a few all, since whoever reads them is told.

        Stash cannot be asked for both at once: of two criteria of a kind it may drop one.
        """
        if self.chosen.are_all or len(ids) <= FEW_SCENES:
            return ids
        admitted = set(self._list_chosen({}).ids())
        return [scene_id for scene_id in ids if scene_id in admitted]

    def fetch_image(self, url: str, etag: str, largest: int, what: str = "cover") -> Cover:
        """An image at an address that Stash gave, unless it is still the one of this ETag.

        Raises ImageUnusable where it can never be carried over, StashError where it did not come.
        """
        headers = {"Accept": "image/*", **({"If-None-Match": etag} if etag else {})}
        address = self._interface.url.removesuffix("/graphql") + local_path(url)
        with self._session.get(address, headers=headers, stream=True) as response:
            return read_cover(response, etag, largest, what)

    @property
    def now(self) -> datetime:
        """The time by Stash's clock, as of its latest answer."""
        return self._session.server_time or datetime.now(timezone.utc)

    def _by_id(self, chosen: ChosenScenes) -> ScenesById:
        namesakes = self._namesakes.names(self.ask) if NAMESAKES in self._more else ()
        return ScenesById(self.ask, self._more, namesakes, chosen)

    def _list(self, where: Mapping[str, Any], chosen: ChosenScenes = ALL_SCENES) -> ScenePages:
        # Where scenes are compared by pages, nobody looks at pictures of performers.
        return ScenePages(self.ask, self._by_id(chosen), where, self._more - {PICTURES}, chosen)

    def _list_chosen(self, where: Mapping[str, Any]) -> ScenePages:
        return self._list(where, self.chosen)

    def _ask(self, document: str, variables: dict[str, Any], *path: str) -> Any:
        """The answer's data, or what stands in it at the end of `path`."""
        answer = self._interface.call_GQL(document, variables)
        for name in path:
            if not isinstance(answer, Mapping) or name not in answer:
                raise StashAnswerInvalid(f"Stash's answer has no {'.'.join(path)}.")
            answer = answer[name]
        return answer


def _offset_of(raw_scenes: Sequence[Any]) -> timedelta:
    """The offset in which Stash writes its timestamps."""
    for raw in raw_scenes:
        with suppress(TypeError, ValueError, AttributeError):
            return parse_timestamp(raw.get("updated_at")).utcoffset() or timedelta()
    return timedelta()
