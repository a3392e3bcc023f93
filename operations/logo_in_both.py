"""The logo of a scene's item among its fields: what each side has, and whether the next sync brings it."""

from __future__ import annotations

from operations.field_in_both import LEFT_ALONE, PLEX, SAME, STASH, FieldInBoth
from plex.artwork import takes_images_away
from plex.client import Plex
from sync_queue.cover_records import ArtworkRecord
from sync_queue.logos import LOGO, carries_logos, is_logo_settled, is_without_logos
from sync_queue.planning import ItemPlan
from sync_queue.state import SyncState
from validation.config import DISPLAY_NAMES, Stash2PlexConfig

_KEEPS = f"the setting “{DISPLAY_NAMES['preserve_plex_edits']}” (preserve_plex_edits)"


def logo_in_both(
    plan: ItemPlan, state: SyncState, plex: Plex, config: Stash2PlexConfig, is_left_alone: bool
) -> list[FieldInBoth]:
    """The logo, from what is remembered of it; nothing where the settings ask for none."""
    if not carries_logos(config):
        return []
    record = state.artwork(plan.item.rating_key, LOGO.value)
    shown, is_ours = _shown(plan, record)
    winner, words = _winner_lines(plan, record, shown, is_ours, plex, config)
    if not plan.is_opted_out and is_without_logos(state, plex.machine_identifier, plex.version):
        winner, words = LEFT_ALONE, without_logos_line(plex.version)
    return [
        FieldInBoth(
            field=LOGO.value,
            title=LOGO.field_title,
            stash=_picture_of(plan.scene.studio) if plan.scene.logo_address else "",
            plex=shown,
            pushed=_picture_of(plan.scene.studio) if is_ours and winner == SAME else None,
            is_locked=LOGO.lock in plan.item.locked,
            winner=winner,
            words=words,
            will_write=winner == STASH and not is_left_alone,
        )
    ]


def without_logos_line(version: str) -> str:
    """What is said of a Plex that does not know logos."""
    return f"Plex {version} does not know logos."


def _winner_lines(
    plan: ItemPlan,
    record: ArtworkRecord | None,
    shown: str,
    is_ours: bool,
    plex: Plex,
    config: Stash2PlexConfig,
) -> tuple[str, str]:
    """Whose logo is shown after the next sync, and why."""
    if plan.is_opted_out:
        return LEFT_ALONE, "The item carries the opt-out label: nothing is written to it."
    if not plan.scene.logo_address:
        return _without_picture_lines(is_ours, bool(shown), takes_images_away(plex.version))
    return _with_picture_lines(plan, record, bool(shown), is_ours, config.preserve_plex_edits)


def _shown(plan: ItemPlan, record: ArtworkRecord | None) -> tuple[str, bool]:
    """What Plex shows, in words, and whether it is what we brought."""
    address = plan.item.images.get(LOGO.lock, "")
    is_ours = bool(address) and record is not None and bool(record.sha1) and record.stamp == address
    if is_ours and is_logo_settled(record, plan.scene.id, plan.scene.logo_address):
        return _picture_of(plan.scene.studio) if plan.scene.logo_address else "a picture from Stash", True
    return ("a picture from Stash" if is_ours else "another picture" if address else ""), is_ours


def _picture_of(studio: str) -> str:
    return f"the picture of {studio}"


def _without_picture_lines(is_ours: bool, is_any: bool, can_be_taken_away: bool) -> tuple[str, str]:
    if is_ours and can_be_taken_away:
        return STASH, "The scene's studio has no picture, so Plex gets back what it showed before."
    if is_ours:
        return (
            PLEX,
            "The scene's studio has no picture, and this version of Plex cannot stop showing the logo.",
        )
    return (PLEX if is_any else SAME), "The scene's studio has no picture in Stash that could become a logo."


def _with_picture_lines(
    plan: ItemPlan, record: ArtworkRecord | None, is_any: bool, is_ours: bool, preserve: bool
) -> tuple[str, str]:
    is_settled = is_logo_settled(record, plan.scene.id, plan.scene.logo_address)
    if is_settled and is_ours:
        return SAME, "Both have the same."
    if is_settled and record is not None and not record.sha1:
        return PLEX, "The picture in Stash is one that is not carried until it changes."
    is_chosen = LOGO.lock in plan.item.locked and not is_ours
    if is_chosen and preserve:
        return PLEX, f"Somebody chose it in Plex: it stays, as {_KEEPS} says."
    if is_chosen and is_settled:
        return PLEX, "Somebody chose it in Plex, and nobody changed the one in Stash since: it stays."
    if not is_any:
        return STASH, "Plex has none."
    return STASH, "It is looked at in Stash, and brought where it is another one."
