"""Who imports whom: the drawing in CONTRIBUTING.md, made from the code.

python -m tests.import_graph    draws it anew; a test compares it with the code
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from tests.servers.world import MODULES, PACKAGES, ROOT

PAGE = ROOT / "CONTRIBUTING.md"
BEGIN, END = "<!-- drawn by tests/import_graph.py -->\n```\n", "```\n<!-- end of the drawing -->\n"
# From the entry down: what stands on one floor does not know each other, and imports point down.
FLOORS = (
    ("Stash2Plex",),
    ("tasks",),
    ("operations",),
    ("reconciliation",),
    ("back_to_stash",),
    ("sync_queue",),
    ("plex", "stash"),
    ("transport",),
    ("validation",),
)


def files_of(name: str) -> list[Path]:
    """The files of a package, or the one of a module."""
    return [ROOT / f"{name}.py"] if name in MODULES else sorted((ROOT / name).rglob("*.py"))


def modules() -> dict[str, Path]:
    """Each module of the plugin by its dotted name."""
    paths = [path for name in (*MODULES, *PACKAGES) for path in files_of(name)]
    return {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in paths}


@cache
def nodes_of(path: Path) -> tuple[ast.AST, ...]:
    """All nodes of a file's tree: many tests look at them."""
    return tuple(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


@cache
def imports_of(path: Path, with_types: bool = True) -> tuple[str, ...]:
    """What a file imports, an imported name behind its module; without what it imports for types alone."""
    return tuple(_imports_in(path, nodes_of(path) if with_types else _nodes(nodes_of(path)[0])))


def _imports_in(path: Path, nodes: Iterable[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """Those that run; imports are statements, so expressions are left aside."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        if isinstance(node, (ast.stmt, ast.excepthandler, ast.match_case)):
            yield node
            yield from _nodes(node)


def module_graph() -> dict[str, set[str]]:
    """The modules of the plugin that each one imports when it runs, wherever in it that is."""
    known = modules()
    return {
        name: {
            module
            for imported in imports_of(path, with_types=False)
            for module in (imported, imported.rpartition(".")[0])
            if module in known
        }
        for name, path in known.items()
    }


def circle_in(graph: dict[str, set[str]]) -> list[str]:
    """Modules of which each imports the next and the last the first; none where there is no circle."""
    done: set[str] = set()

    def follow(name: str, way: list[str]) -> list[str]:
        if name in way:
            return [*way[way.index(name) :], name]
        if name in done:
            return []
        for other in sorted(graph[name]):
            if found := follow(other, [*way, name]):
                return found
        done.add(name)
        return []

    return next((found for name in graph if (found := follow(name, []))), [])


def package_graph() -> dict[str, Counter[str]]:
    """How many import lines each package, or module beside them, has for each of the others."""
    names = [name for floor in FLOORS for name in floor]
    graph: dict[str, Counter[str]] = {name: Counter() for name in names}
    for name in names:
        for path in files_of(name):
            for node in nodes_of(path):
                found = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                if isinstance(node, ast.ImportFrom):
                    found = [node.module or ""]
                tops = {one.partition(".")[0] for one in found}
                graph[name].update(tops & {*names} - {name})
    return graph


def drawing() -> str:
    """The graph as text: each row imports what stands in it, with the number of import lines."""
    graph = package_graph()
    columns = [name for floor in FLOORS[1:] for name in floor]
    left = max(map(len, graph))
    lines = ["  ".join([" " * left, *columns]).rstrip()]
    for floor in FLOORS:
        for name in floor:
            cells = (f"{graph[name][other] or '·':>{len(other)}}" for other in columns)
            lines.append("  ".join([f"{name:<{left}}", *cells]).rstrip())
    return "\n".join(lines) + "\n"


def drawn() -> str:
    """The drawing that stands in CONTRIBUTING.md."""
    return PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]


def main() -> int:
    """Draw it anew."""
    before, begin, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        print(f"{PAGE.name} has no place for the drawing.", file=sys.stderr)
        return 1
    PAGE.write_text(before + begin + drawing() + end + after, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
