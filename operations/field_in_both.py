"""One field of a scene and its item: what each side has, what was last written, and whose value wins.

The plan of the sync itself says who wins; this puts it into words.
"""

from __future__ import annotations

from operations.model import Result
from plex.base import Base, text_hash
from plex.fields import FIELDS, Field, SceneMapping, Value, tag_key
from plex.merge import Change
from sync_queue.planning import ItemPlan
from validation.config import DISPLAY_NAMES, Stash2PlexConfig

STASH, PLEX, SAME, LEFT_ALONE = "stash", "plex", "same", "left alone"
Shown = str | list[str]


class FieldInBoth(Result):
    """A field; `pushed` is what was last written as far as one of the sides still has it, else null.

    `winner` is `stash`, `plex`, `same` or `left alone`; `will_write` tells that the next sync writes it.
    """

    field: str
    title: str
    stash: Shown
    plex: Shown
    pushed: Shown | None
    is_locked: bool
    winner: str
    words: str
    will_write: bool


def fields_in_both(plan: ItemPlan, config: Stash2PlexConfig, is_left_alone: bool) -> list[FieldInBoth]:
    """Every field that can be carried, those that the settings leave alone as well.

    Of a scene that `is_left_alone` none is written.
    """
    in_stash = SceneMapping(config.model_copy(update={"leave_fields": ()})).fields(plan.scene).values
    changes = {change.field: change for change in plan.merged.changes}
    shown = []
    for field in FIELDS:
        if field.name not in in_stash:
            continue
        ours, theirs = in_stash[field.name], plan.item.fields.values[field.name]
        change = changes.get(field)
        shown.append(
            FieldInBoth(
                field=field.name,
                title=field.title,
                stash=_shown(ours),
                plex=_shown(theirs),
                pushed=_pushed(field, plan.base, ours, theirs),
                is_locked=field.name in plan.item.locked,
                winner=_winner(field, plan, change),
                words=_words_line(field, plan, change, config.preserve_plex_edits),
                will_write=change is not None and not is_left_alone,
            )
        )
    return shown


def _winner(field: Field, plan: ItemPlan, change: Change | None) -> str:
    if plan.is_opted_out or field.name not in plan.ours.values:
        return LEFT_ALONE
    if change is not None:
        return STASH
    return SAME if field in plan.merged.agreeing else PLEX


def _pushed(field: Field, base: Base | None, ours: Value, theirs: Value) -> Shown | None:
    if base is None or not base.knows(field.name):
        return None
    if isinstance(ours, str) or isinstance(theirs, str):
        before = base.texts[field.name]
        return next((str(one) for one in (ours, theirs, "") if text_hash(str(one)) == before), None)
    both = {tag_key(name): name for name in (*theirs, *ours)}
    return [name for name in both.values() if base.has_tag(field.name, name)]


def _words_line(field: Field, plan: ItemPlan, change: Change | None, preserve: bool) -> str:
    if plan.is_opted_out:
        return "The item carries the opt-out label: nothing is written to it."
    if field.name not in plan.ours.values:
        return f"The setting “{DISPLAY_NAMES['leave_fields']}” (leave_fields) leaves it as it is."
    if change is not None:
        return _change_line(field, plan, change)
    if field in plan.merged.agreeing:
        return "Both have the same."
    if field in plan.merged.kept:
        return (
            "It is not known any more what was last written, so Plex keeps its own until Reconcile Library "
            "(All) and then Process Queue have finished."
        )
    return _kept_line(field, plan, preserve)


def _change_line(field: Field, plan: ItemPlan, change: Change) -> str:
    if change.old == change.new and not change.unlocks:
        return "An actor's picture changed: the actors are written once more."
    if isinstance(change.new, tuple):
        parts = [f"Added: {', '.join(change.added)}." if change.added else ""]
        parts += [f"Taken away: {', '.join(change.removed)}." if change.removed else ""]
        return " ".join(filter(None, parts)) or "Stash has them in another order."
    if change.unlocks:
        return "Stash has none any more, so Plex gets its own back."
    if not change.new:
        return "Stash has none any more, so what was written is taken away."
    if field in plan.merged.contested:
        return "It changed in Plex and in Stash: Stash wins."
    if not change.old:
        return "Plex has none."
    if field.name not in plan.item.locked and field.is_locked_by_people:
        return "Plex's own value is not locked, so it is nobody's edit: Stash wins."
    if field.name in plan.first_contacts:
        return "It is written for the first time: Stash wins, and Undo First Sync puts the old value back."
    return "It changed in Stash since it was last written."


def _kept_line(field: Field, plan: ItemPlan, preserve: bool) -> str:
    setting = f"the setting “{DISPLAY_NAMES['preserve_plex_edits']}” (preserve_plex_edits)"
    if field in plan.merged.contested:
        return f"It changed in Plex and in Stash: Plex keeps its own, as {setting} says."
    if not plan.ours.values[field.name]:
        return "Stash has none, and what Plex has was not written from Stash: it stays."
    if field.name in plan.first_contacts and preserve:
        return f"Plex had a value first: it stays, as {setting} says."
    return "Somebody changed it in Plex, and nobody in Stash since: what Plex has stays."


def _shown(value: Value) -> Shown:
    return value if isinstance(value, str) else list(value)
