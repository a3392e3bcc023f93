"""The operations `check_setup`, `libraries` and `path_map`: a set-up looked at before any of it is saved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from operations.context import Context
from operations.model import Result
from operations.opened import cover_of
from operations.problems import setting_named_in
from operations.unsaved import Unsaved, plex_for, settings_after
from plex.client import Plex
from plex.item_finder import Found
from plex.items import PlexItem
from plex.library import LibrarySection, choose_sections, read_all_sections
from plex.listing import count_items
from plex.matching import MatchLevel
from reconciliation.path_map_help import helpful_path_map
from reconciliation.setup_absence import like_named_folders
from reconciliation.setup_check import Manner, find_out
from reconciliation.setup_sample import Effort, Sample, take_sample
from sync_queue.scene_texts import SceneText
from validation.path_map import PathMap, suggest_path_map
from validation.scene import Scene

# While a person waits: each scene may take a request to each library, in which Plex looks at all its files.
SCENES, SECONDS = 50, 0.3
SAMPLES_SHOWN = 10


class FindingTold(Result):
    """One thing that is right, doubtful or wrong: `level` is info, warning or error."""

    level: str
    text: str
    setting: str | None


class SetupChecked(Result):
    """What Check Setup would say."""

    findings: list[FindingTold]


class Library(Result):
    """A library of Plex; `items` is None where nothing can be written to it."""

    key: int
    title: str
    type: str
    is_for_movies: bool
    items: int | None
    locations: list[str]
    is_chosen: bool


class Libraries(Result):
    """All libraries of the server."""

    libraries: list[Library]


class FolderPair(Result):
    """A folder of Stash, and the same one as Plex sees it."""

    stash: str
    plex: str


class SampleItem(Result):
    """The item in Plex that a scene was matched with."""

    rating_key: int
    title: str
    file: str
    library: str


class SampleScene(Result):
    """A scene, and what Plex has of it."""

    scene_id: int
    title: str
    file: str
    cover: str
    level: str
    level_words: str
    plex_path_looked_for: str
    item: SampleItem | None


class PathMapHelp(Result):
    """The folders on both sides, the map in force, the one that would do better, and some scenes."""

    stash_folders: list[str]
    plex_folders: list[str]
    pairs: list[FolderPair]
    suggested: list[FolderPair]
    samples: list[SampleScene]


def check_setup(request: Unsaved, context: Context) -> SetupChecked:
    """What is right, what is wrong and what to do, by the code of the task; nothing is changed."""
    after = settings_after(request, context)
    manner = Manner(is_task=False, effort=_effort(context))
    return SetupChecked(
        findings=[
            FindingTold(level=finding.level.value, text=finding.text, setting=setting_named_in(finding.text))
            for finding in find_out(lambda: (context.stash, after), context.data_dir, manner)
        ]
    )


def list_libraries(request: Unsaved, context: Context) -> Libraries:
    """The libraries of the Plex to which these settings lead."""
    usable, plex = plex_for(request, context)
    return Libraries(libraries=libraries_of(plex, usable.config.plex_library))


def libraries_of(plex: Plex, wanted: Sequence[str]) -> list[Library]:
    """Every library, and whether it is one of those wanted, or of all for movies. Raises PlexError."""
    sections = read_all_sections(plex)
    chosen = {section.key for section in choose_sections(sections, wanted)}
    return [
        Library(
            key=section.key,
            title=section.title,
            type=section.type,
            is_for_movies=section.is_for_movies,
            items=count_items(plex, section) if section.is_for_movies else None,
            locations=list(section.locations),
            is_chosen=section.key in chosen,
        )
        for section in sections
    ]


def help_with_path_map(request: Unsaved, context: Context) -> PathMapHelp:
    """What the path map does to some scenes from all over Stash, and which one would do more."""
    usable, plex = plex_for(request, context)
    path_map, sections = usable.config.path_map, read_all_sections(plex)
    chosen = choose_sections(sections, usable.config.plex_library) or choose_sections(sections, ())
    sample = take_sample(context.stash, plex, chosen, path_map, effort=_effort(context))
    return PathMapHelp(
        stash_folders=context.stash.video_folders(),
        plex_folders=list(dict.fromkeys(place for section in chosen for place in section.locations)),
        pairs=_pairs(path_map),
        suggested=_pairs(_suggestion(sample, chosen, path_map)),
        samples=_samples(sample, path_map, {section.key: section.title for section in sections}),
    )


def _effort(context: Context) -> Effort:
    return Effort(SCENES, SECONDS, known_in=context.data_dir)


def _pairs(path_map: PathMap | None) -> list[FolderPair]:
    return [FolderPair(stash=source, plex=target) for source, target in path_map.pairs] if path_map else []


def _suggestion(sample: Sample, chosen: Sequence[LibrarySection], now: PathMap) -> PathMap | None:
    """The map that the files in both tell, or where none is in both, the one that folders' names tell."""
    helpful = helpful_path_map(sample.pairs(), now)
    if helpful:
        return PathMap.parse(helpful.path_map)
    absent = sample.absent()
    if not absent or sample.matched:
        return None
    alike = like_named_folders((scene.files[0].path for scene in absent), chosen)
    if alike is None:
        return None
    suggested = PathMap.parse(suggest_path_map([(f"{alike[0]}/file", f"{alike[1]}/file")]))
    return suggested if suggested.pairs != now.pairs else None


def _samples(sample: Sample, path_map: PathMap, titles: Mapping[int, str]) -> list[SampleScene]:
    step = max(1, len(sample.scenes) // SAMPLES_SHOWN)
    shown = sample.scenes[::step][:SAMPLES_SHOWN]
    return [_sample(scene, sample.found[scene.id], path_map, titles) for scene in shown]


def _sample(scene: Scene, found: Found, path_map: PathMap, titles: Mapping[int, str]) -> SampleScene:
    title, file = SceneText.of(scene)
    return SampleScene(
        scene_id=scene.id,
        title=title,
        file=file,
        cover=cover_of(scene.id),
        level=found.match.level.name.casefold(),
        level_words=found.match.level.value,
        plex_path_looked_for=path_map.to_plex(scene.files[0].path),
        item=_item(found.items, titles) if found.match.level is not MatchLevel.NONE else None,
    )


def _item(items: Iterable[PlexItem], titles: Mapping[int, str]) -> SampleItem | None:
    item = next(iter(items), None)
    if item is None:
        return None
    return SampleItem(
        rating_key=item.rating_key,
        title=item.fields.text("title"),
        file=item.parts[0].path if item.parts else "",
        library=titles.get(item.section_key, ""),
    )
