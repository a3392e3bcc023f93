"""Which file is a part of which Plex item, and a file of which scene: kept on disk, looked up by file.

Paths are kept as hashes, which is compact and holds no names. A hash is a hint, never a proof:
before anything is written the item is read and its paths are compared.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from hashlib import blake2b
from typing import Any, NamedTuple

from plex.items import ListedItem, Part, is_made_by_plex
from plex.replaced_rows import beside, replace_rows
from validation.path_map import PathMap, file_name, path_key
from validation.scene import SceneFile

SCHEMA = """
CREATE TABLE part (
    path INTEGER NOT NULL, folded INTEGER NOT NULL, name INTEGER NOT NULL, size INTEGER,
    rating_key INTEGER NOT NULL, section_key INTEGER NOT NULL, has_metadata INTEGER NOT NULL,
    updated_at INTEGER NOT NULL DEFAULT 0, in_trash INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX part_path ON part (path);
CREATE INDEX part_name ON part (name);
CREATE INDEX part_item ON part (rating_key);
CREATE TABLE scene_file (
    path INTEGER NOT NULL, folded INTEGER NOT NULL, name INTEGER NOT NULL, size INTEGER,
    scene_id INTEGER NOT NULL
);
CREATE INDEX scene_file_path ON scene_file (path);
CREATE INDEX scene_file_name ON scene_file (name);
CREATE INDEX scene_file_scene ON scene_file (scene_id);
"""
# SQLite before 3.32 takes no more than 999 values in one statement.
VALUES_PER_STATEMENT = 900


class FileKey(NamedTuple):
    """Hashes of a file's path in Plex, of that path without regard to case, and of its name; its size."""

    path: int
    folded: int
    name: int
    size: int | None


class KnownPart(NamedTuple):
    """A part of a Plex item, as of the last time it was read; the last two are the item's."""

    path: int
    folded: int
    name: int
    size: int | None
    rating_key: int
    section_key: int
    has_metadata: int
    updated_at: int
    in_trash: int


class UnownedItem(NamedTuple):
    """An item none of whose parts lies where a scene has a file.

    `may_fit` is 1 where one of its parts has the name and, as far as sizes are known, the size of a
    scene's file that is not found in Plex by its path.
    """

    rating_key: int
    section_key: int
    may_fit: int


# A file is looked for under its key again and again while its scene is read.
FILES_REMEMBERED = 1_000
_UNOWNED = """
SELECT rating_key, section_key, MAX(EXISTS(
    SELECT 1 FROM scene_file AS file WHERE file.name = part.name
    AND (file.size = part.size OR file.size IS NULL OR part.size IS NULL)
    AND NOT EXISTS (SELECT 1 FROM part AS placed WHERE placed.path = file.path)
))
FROM part GROUP BY rating_key
HAVING NOT MAX(EXISTS(SELECT 1 FROM scene_file AS owner WHERE owner.path = part.path))
ORDER BY rating_key
"""


@lru_cache(maxsize=FILES_REMEMBERED)
def key_of_path(path: str, size: int | None) -> FileKey:
    """The key of a file at this path in Plex."""
    key = path_key(path)
    folded = key.casefold()
    return FileKey(_hash(key), _hash(folded), _hash(folded.rpartition("/")[2]), size)


def key_of_part(part: Part) -> FileKey:
    """The key of an item's part."""
    return key_of_path(part.path, part.size)


def keys_of_files(files: Iterable[SceneFile], path_map: PathMap) -> tuple[FileKey, ...]:
    """The keys that a scene's files have where Plex sees them; none for a version that Plex itself made."""
    return tuple(
        [
            key_of_path(path_map.to_plex(file.path), file.size)
            for file in files
            if not is_made_by_plex(file.path)
        ]
    )


def name_hash(name: str) -> int:
    """The hash of a file's name in a FileKey."""
    return _hash(file_name(path_key(name)).casefold())


def _hash(text: str) -> int:
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


class FileIndex:
    """The two tables of SCHEMA, in the database that `connection` has open."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @contextmanager
    def replacing_parts(self) -> Iterator[PartsReplacement]:
        """Collect the items of all listings; they replace the known parts when the block ends well."""
        with beside(self._connection, "part") as table:
            replacement = PartsReplacement(self._connection, table)
            yield replacement
            sections = ", ".join(map(str, replacement.kept_sections)) or "NULL"
            kept = f"section_key IN ({sections}) AND rating_key NOT IN (SELECT rating_key FROM {table})"
            replace_rows(self._connection, "part", "rating_key", kept)

    @contextmanager
    def replacing_scene_files(self) -> Iterator[FilesReplacement]:
        """Collect the files of all scenes; they replace the known ones when the block ends well."""
        with beside(self._connection, "scene_file") as table:
            yield FilesReplacement(self._connection, table)
            replace_rows(self._connection, "scene_file", "scene_id")

    def put_item(self, item: ListedItem) -> None:
        """Remember one item's parts as they are now."""
        with self._connection:
            self._connection.execute("DELETE FROM part WHERE rating_key = ?", (item.rating_key,))
            self._connection.executemany(
                f"INSERT INTO part VALUES ({_marks(len(KnownPart._fields))})", _part_rows(item)
            )

    def learn(self, other: FileIndex, paths: Iterable[int]) -> None:
        """Take over what another index knows of the items that have a part at one of these paths."""
        there = {part.rating_key for found in other.parts_by_path(paths).values() for part in found}
        self.forget_items(there)
        with self._connection:
            for parts in other.parts_of_items(there).values():
                self._connection.executemany(f"INSERT INTO part VALUES ({_marks(len(parts[0]))})", parts)

    def put_items_of_name(self, section_key: int, name: int, items: Iterable[ListedItem]) -> None:
        """Remember that these are the items of a library that have a file of this name, and no others."""
        with self._connection:
            where = "section_key = ? AND name = ?"
            self._connection.execute(f"DELETE FROM part WHERE {where}", (section_key, name))
        for item in items:
            self.put_item(item)

    def forget_items(self, rating_keys: Iterable[int]) -> None:
        """Forget items that Plex does not have any more."""
        with self._connection:
            rows = [(key,) for key in rating_keys]
            self._connection.executemany("DELETE FROM part WHERE rating_key = ?", rows)

    def put_scene_files(self, files: Iterable[tuple[int, Sequence[FileKey]]]) -> None:
        """Remember the files of these scenes (scene id, keys) as they are now."""
        wanted = dict(files)
        known = self.files_of_scenes(wanted)
        entries = [(scene_id, keys) for scene_id, keys in wanted.items() if set(known[scene_id]) != set(keys)]
        if not entries:
            return
        with self._connection:
            self.forget_scenes(scene_id for scene_id, _ in entries)
            self._connection.executemany("INSERT INTO scene_file VALUES (?,?,?,?,?)", _file_rows(entries))

    def put_scene_files_of_names(
        self, names: Iterable[int], files: Iterable[tuple[int, Sequence[FileKey]]]
    ) -> None:
        """Remember that these scenes, and no others, have files of these names (hashes)."""
        with self._connection:
            self._connection.executemany("DELETE FROM scene_file WHERE name = ?", [(name,) for name in names])
        self.put_scene_files(files)

    def forget_scenes(self, scene_ids: Iterable[int]) -> None:
        """Forget the files of scenes that Stash does not have any more."""
        self._connection.executemany("DELETE FROM scene_file WHERE scene_id = ?", [(i,) for i in scene_ids])

    def clear(self) -> None:
        """Forget everything: another server, or other paths."""
        with self._connection:
            self._connection.execute("DELETE FROM part")
            self._connection.execute("DELETE FROM scene_file")

    def count_items(self) -> int:
        """How many Plex items are known."""
        return int(self._connection.execute("SELECT COUNT(DISTINCT rating_key) FROM part").fetchone()[0])

    def count_items_by_section(self) -> dict[int, int]:
        """How many items are known of each library, by its key."""
        statement = "SELECT section_key, COUNT(DISTINCT rating_key) FROM part GROUP BY section_key"
        return dict(self._connection.execute(statement))

    def items_without_path_of_a_scene(self) -> list[UnownedItem]:
        """The items none of whose parts lies where a scene has a file, in the order of their rating keys."""
        return [UnownedItem(*row) for row in self._connection.execute(_UNOWNED)]

    def parts_by_path(self, paths: Iterable[int]) -> dict[int, list[KnownPart]]:
        """The known parts at these paths, by path."""
        return self._parts("path", paths)

    def parts_by_name(self, names: Iterable[int]) -> dict[int, list[KnownPart]]:
        """The known parts with these file names, by name."""
        return self._parts("name", names)

    def parts_of_items(self, rating_keys: Iterable[int]) -> dict[int, list[KnownPart]]:
        """All known parts of these items, by rating key."""
        return self._parts("rating_key", rating_keys)

    def files_of_scenes(self, scene_ids: Iterable[int]) -> dict[int, list[FileKey]]:
        """The keys of these scenes' files, by scene id; none for a scene without files."""
        files: dict[int, list[FileKey]] = defaultdict(list)
        columns = ", ".join(FileKey._fields)
        for scene_id, *key in self._select(
            f"SELECT scene_id, {columns} FROM scene_file WHERE scene_id", scene_ids
        ):
            files[scene_id].append(FileKey(*key))
        return files

    def scenes_by_path(self, paths: Iterable[int]) -> dict[int, set[int]]:
        """The ids of the scenes that own a file at these paths, by path."""
        owners: dict[int, set[int]] = defaultdict(set)
        for path, scene_id in self._select("SELECT path, scene_id FROM scene_file WHERE path", paths):
            owners[path].add(scene_id)
        return owners

    def files_by_name(self, names: Iterable[int]) -> dict[int, list[tuple[FileKey, int]]]:
        """All scene files with these names, with the ids of their scenes, by name."""
        files: dict[int, list[tuple[FileKey, int]]] = defaultdict(list)
        columns = ", ".join(FileKey._fields)
        for *key, scene_id in self._select(f"SELECT {columns}, scene_id FROM scene_file WHERE name", names):
            file = FileKey(*key)
            files[file.name].append((file, scene_id))
        return files

    def _parts(self, column: str, values: Iterable[int]) -> dict[int, list[KnownPart]]:
        position = KnownPart._fields.index(column)
        parts: dict[int, list[KnownPart]] = defaultdict(list)
        for row in self._select(f"SELECT {', '.join(KnownPart._fields)} FROM part WHERE {column}", values):
            parts[row[position]].append(KnownPart(*row))
        return parts

    def _select(self, statement: str, values: Iterable[int]) -> Iterator[tuple[Any, ...]]:
        wanted = list(set(values))
        for start in range(0, len(wanted), VALUES_PER_STATEMENT):
            some = wanted[start : start + VALUES_PER_STATEMENT]
            yield from self._connection.execute(f"{statement} IN ({_marks(len(some))})", some)


class PartsReplacement:
    """The parts of all libraries, as they are read."""

    def __init__(self, connection: sqlite3.Connection, table: str) -> None:
        self._connection = connection
        self._table = table
        self.kept_sections = set[int]()

    def add_items(self, items: Iterable[ListedItem]) -> None:
        """Add a page of a Plex listing."""
        statement = f"INSERT INTO {self._table} VALUES ({_marks(len(KnownPart._fields))})"
        self._connection.executemany(statement, [row for item in items for row in _part_rows(item)])

    def take_back(self, rating_keys: Iterable[int]) -> None:
        """Forget items of pages that were added: they are not there any more."""
        statement = f"DELETE FROM {self._table} WHERE rating_key = ?"
        self._connection.executemany(statement, [(key,) for key in rating_keys])

    def flush(self) -> None:
        """Let the connection be used for other writes; what came so far is in no file of the database."""
        self._connection.commit()

    def keep_known(self, section_key: int) -> None:
        """Let what was known of a library stay where nothing newer came: it could not be read to the end."""
        self.kept_sections.add(section_key)


class FilesReplacement:
    """The files of all scenes, as they are read."""

    def __init__(self, connection: sqlite3.Connection, table: str) -> None:
        self._connection = connection
        self._statement = f"INSERT INTO {table} VALUES ({_marks(len(FileKey._fields) + 1)})"

    def add_scene_files(self, files: Iterable[tuple[int, Sequence[FileKey]]]) -> None:
        """Add a page of scenes: (scene id, keys of its files)."""
        self._connection.executemany(self._statement, _file_rows(files))


def _marks(count: int) -> str:
    """So many places for values in a statement."""
    return ",".join("?" * count)


def _part_rows(item: ListedItem) -> list[tuple[int | None, ...]]:
    """What a KnownPart has, of each part."""
    told = (
        item.rating_key,
        item.section_key,
        int(item.has_metadata),
        item.updated_at,
        int(item.in_trash),
    )
    return [(*key_of_part(part), *told) for part in item.parts]


def _file_rows(files: Iterable[tuple[int, Sequence[FileKey]]]) -> list[tuple[int | None, ...]]:
    return [(*key, scene_id) for scene_id, keys in files for key in keys]
