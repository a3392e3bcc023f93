"""How a number stands in a sentence for the user: with a comma between thousands, and one thing as one.

Every number that a line of the log or of the page counts goes through here, so that none of them looks like
another sort beside the others; but for the counts of a reconcile, which scripts read.
"""

from __future__ import annotations

# What an edit in Stash can concern besides a scene.
OTHERS = ("performer, studio, tag or group", "performers, studios, tags and groups")


def number(count: int) -> str:
    """1234 as “1,234”."""
    return f"{count:,}"


def amount(count: int, thing: str, things: str = "") -> str:
    """“1 scene”, “1,234 scenes”; `things` are several of what does not end in an s then."""
    return f"{number(count)} {thing if count == 1 else things or f'{thing}s'}"


def amount_of_changes(scenes: int, others: int) -> str:
    """“2 scenes and 3 performers, studios, tags and groups”, without what there is none of."""
    told = [amount(scenes, "scene")] if scenes or not others else []
    return " and ".join([*told, *([amount(others, *OTHERS)] if others else [])])
