"""Every error of ours has one root, and the place in the tree that is drawn there."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.import_graph import files_of, nodes_of
from tests.servers.world import MODULES, PACKAGES
from validation import exceptions

# What ends the name of an error that is not ours.
OF_OTHERS = ("Exception", "Error")
# What is handed to a library's own callers, or met by the one module that raises it.
OF_ANOTHER_ROOT = {"AnswerTooLarge", "AnswerUnusable", "Unusable"}


def errors() -> dict[str, str]:
    """The classes of errors in the packages, by name, and what each is derived from."""
    classes = {
        node.name: ast.unparse(node.bases[0]).rpartition(".")[2]
        for name in (*MODULES, *PACKAGES)
        for path in files_of(name)
        for node in nodes_of(path)
        if isinstance(node, ast.ClassDef) and node.bases
    }
    found: dict[str, str] = {}
    while more := {
        name: base
        for name, base in classes.items()
        if name not in found and (base in found or (base not in classes and base.endswith(OF_OTHERS)))
    }:
        found.update(more)
    return found


def tree(found: dict[str, str], name: str, depth: int = 1) -> Iterator[str]:
    """A line for this error and for each that is derived from it, the deeper the further in."""
    yield "    " * depth + name
    for one in sorted(found):
        if found[one] == name:
            yield from tree(found, one, depth + 1)


def test_every_error_has_one_root_but_for_those_of_a_library() -> None:
    found = errors()
    assert len(found) > 20
    roots = {name for name, base in found.items() if base not in found}
    assert roots == {"Stash2PlexError", *OF_ANOTHER_ROOT}


def test_the_tree_that_is_drawn_at_the_root_is_that_of_the_code() -> None:
    drawn = "\n".join(tree(errors(), "Stash2PlexError"))
    assert f"\n\n{drawn}\n\n" in (exceptions.__doc__ or ""), drawn
