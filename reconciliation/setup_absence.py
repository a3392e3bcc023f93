"""What it most likely means that scenes are not in Plex: told by the folders that its libraries scan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from plex.exceptions import TYPES
from plex.library import LibrarySection
from validation.path_map import PathMap, path_key, suggest_path_map
from validation.scene import Scene


def reason_for_absence(
    absent: Sequence[Scene],
    path_map: PathMap,
    chosen: Sequence[LibrarySection],
    everything: Sequence[LibrarySection],
) -> str:
    """The likely reason and what to do, in a sentence or two.

    The scenes, which have a file, were looked for in the `chosen` libraries, some of `everything`.
    """
    paths = [scene.files[0].path for scene in absent]
    # The chosen libraries come first where several scan the same folder.
    libraries = [*chosen, *(section for section in everything if section not in chosen)]
    places = Counter(_library_of(path_map.to_plex(path), libraries) for path in paths)
    library = places.most_common(1)[0][0]
    if library is not None:
        return f"The folders are those of library “{library.title}”, {_why_not(library, chosen)}"
    pair = like_named_folders(paths, chosen)
    if pair is not None:
        line = suggest_path_map([(f"{pair[0]}/file", f"{pair[1]}/file")])
        return (
            f"Stash has files in {pair[0]}, and Plex scans {pair[1]}. If that is one folder, let Plex scan "
            f"it, and put this into the setting “Path map” (path_map): {line}"
        )
    return (
        "No library of Plex scans the folders: add them to a movie library in Plex, or enter in the "
        "setting “Path map” (path_map) the paths under which Plex has them."
    )


def _why_not(library: LibrarySection, chosen: Sequence[LibrarySection]) -> str:
    if library in chosen:
        return (
            "so most likely Plex has not scanned them yet. In Plex choose Scan Library Files, wait until it "
            "is done, and run Check Setup again."
        )
    if library.is_for_movies:
        return "which setting “Plex libraries” (plex_library) does not name. Add it there."
    purpose = TYPES.get(library.type, library.type)
    return f"which is one of {purpose}. Add them to a movie library in Plex."


def _library_of(path: str, libraries: Iterable[LibrarySection]) -> LibrarySection | None:
    return next((section for section in libraries if section.holds(path)), None)


def like_named_folders(paths: Iterable[str], libraries: Iterable[LibrarySection]) -> tuple[str, str] | None:
    """The folder of Stash and the one of a library that share their names most often; None without any."""
    targets = [path_key(location) for section in libraries for location in section.locations]
    pairs: Counter[tuple[str, str]] = Counter()
    for path in paths:
        folders = path_key(path).split("/")[:-1]
        for target in targets:
            name = target.rpartition("/")[2].casefold()
            for depth, folder in enumerate(folders, 1):
                if folder and folder.casefold() == name:
                    pairs["/".join(folders[:depth]), target] += 1
    return pairs.most_common(1)[0][0] if pairs else None
