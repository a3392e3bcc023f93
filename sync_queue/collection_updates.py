"""What Stash has for Plex's collections: a group or studio gives its collection poster, text and order.

Before a drain writes, collections go along with the new names of their groups and studios: their items
then have the new tag already. After it, those are looked at whose items were synced: which they are is
recorded with the sync itself (`note`), so whatever is interrupted is done at the next drain.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from plex.base import text_hash
from plex.client import Plex
from plex.collections import (
    COLLECTIONS_PER_READ,
    Collection,
    edit_collection,
    read_collections,
)
from plex.exceptions import PlexNotKept, PlexRejected
from plex.fields import PlexFields, tag_key, text_key
from plex.library import LibrarySection
from stash import log
from stash.client import Stash
from stash.collection_sources import GROUP, STUDIO, Source
from stash.exceptions import StashError
from sync_queue.collection_placing import Placing
from sync_queue.collection_plans import (
    SUMMARY,
    TITLE,
    Target,
    is_asked_for,
    renamed,
    summary_to_write,
    title_of,
)
from sync_queue.collection_posters import Posters
from sync_queue.collection_records import CollectionRecord
from sync_queue.collection_targets import Targets
from sync_queue.facts import COLLECTIONS_UPDATED
from sync_queue.failure import Meaning, attempt, meaning_of, problem_of
from sync_queue.pace import Pace
from sync_queue.planning import shortened
from sync_queue.renewal import TOO_OLD
from sync_queue.state import SyncState
from validation.amounts import number
from validation.config import Stash2PlexConfig

# When so many in a row fail, those that are left wait for the next drain.
FAILURES_IN_A_ROW = 3
NEXT_TRY = "The next Process Queue tries again."


def is_due(state: SyncState, config: Stash2PlexConfig) -> bool:
    """Whether collections are to be looked at though nothing is queued."""
    if not is_asked_for(config):
        return False
    state.collections.server = state.machine_identifier
    return state.fact(COLLECTIONS_UPDATED) != updated_under(state, config) or bool(state.collections.due())


def updated_under(state: SyncState, config: Stash2PlexConfig) -> str:
    """What the fact COLLECTIONS_UPDATED is where all collections were looked at under these settings."""
    return f"{state.machine_identifier} {config.collection_prefix}|{','.join(config.leave_fields)}"


@dataclass
class CollectionSummary:
    """Collections by what became of them."""

    renamed: int = 0
    texts: int = 0
    posters: int = 0
    ordered: int = 0
    failed: int = 0

    def summary_line(self) -> str:
        """What was done, for the log; empty where nothing was."""
        parts = {
            "renamed": self.renamed,
            "text written": self.texts,
            "poster brought": self.posters,
            "put in order": self.ordered,
        }
        told = ", ".join(f"{words} {number(count)}" for words, count in parts.items() if count)
        return f"Collections: {told}." if told else ""


@dataclass
class _Batch:
    """What was sent to collections and is to be read back, by rating key; texts with their hashes."""

    texts: dict[int, tuple[Target, str]] = field(default_factory=dict)
    posters: dict[int, Target] = field(default_factory=dict)
    # The keys of the titles that are to be looked at again.
    again: set[str] = field(default_factory=set)


class CollectionUpdates:
    """Updates collections in a drain; does nothing where the settings do not ask for it."""

    def __init__(
        self, stash: Stash, plex: Plex, state: SyncState, config: Stash2PlexConfig, pace: Pace
    ) -> None:
        self._stash = stash
        self._plex = plex
        self._state = state
        self._config = config
        self._pace = pace
        self._is_asked_for = is_asked_for(config)
        self._targets = Targets(stash, plex, state, config)
        self.summary = CollectionSummary()

    def note(self, fields: Iterable[PlexFields]) -> None:
        """Remember, with what was synced, which collections to look at; in the transaction that is open."""
        if self._is_asked_for:
            name = TITLE.name
            titles = {tag_key(one) for some in fields if name in some.values for one in some.tags(name)}
            self._state.collections.make_due(titles)

    def forget_sources(self) -> None:
        """Read again what Stash has for collections, when it is needed: some of it changed."""
        self._targets.forget_sources()

    def note_changed(self, kind: str, number: int) -> None:
        """Remember to look at the collection of a group or studio, whatever its scenes have.

        Raises StashError.
        """
        if not self._is_asked_for or kind not in (GROUP, STUDIO):
            return
        changed = [one for one in self._targets.sources if (one.kind, one.id) == (kind, number)]
        with self._state.one_transaction():
            self._state.collections.make_due(tag_key(title_of(one, self._config)) for one in changed)

    def follow_names(self) -> None:
        """Give collections the new names of their groups and studios. Raises StashError, PlexError."""
        if not self._is_asked_for:
            return
        records = self._state.collections.all()
        # Tags may share their titles, which nobody can tell.
        if not records or self._config.tags_as == "collections":
            return
        going = renamed(records.values(), self._targets.sources, self._config)
        there = read_collections(self._plex, [record.rating_key for record, _ in going])
        for record, title in going:
            collection = there.get(record.rating_key)
            if collection is None:
                self._state.collections.forget(record.rating_key)
            elif tag_key(collection.title) in (tag_key(record.title), tag_key(title)):
                self._rename(record, collection, title)

    def _rename(self, record: CollectionRecord, collection: Collection, title: str) -> None:
        if tag_key(collection.title) != tag_key(title):
            try:
                with self._pace.writing():
                    edit_collection(self._plex, collection, {"title": (title, True)})
            except PlexRejected as refusal:
                # Mostly there is one of that title already: the drain brings the items there one by one.
                log.debug(f"The collection of {record.kind} {record.source} keeps its title: {refusal}")
                return
            self.summary.renamed += 1
        # Whichever item has the new tag has it from us, and loses it when Stash gives it up.
        with self._state.lock:
            self._state.rename_tag(collection.section_key, TITLE.name, record.title, title)
        with self._state.lock, self._state.one_transaction():
            self._state.collections.record(record._replace(title=title))
            self._state.collections.make_due([tag_key(title)])

    def update(self, sections: Sequence[LibrarySection]) -> None:
        """Look at the collections that are due, and write what differs. Raises StashError, PlexError."""
        if not self._is_asked_for:
            return
        fact = updated_under(self._state, self._config)
        everything = self._state.fact(COLLECTIONS_UPDATED) != fact
        due = self._state.collections.due()
        if not everything and not due:
            return
        titles = self._targets.titles(everything)
        batch = _Batch()
        if titles:
            self._update_all(sections, titles, batch)
        self._state.collections.done({*due, *titles} - batch.again)
        self._state.previewed.collections_done({*due, *titles} - batch.again)
        if everything:
            with self._state.one_transaction():
                self._state.collections.make_due(batch.again)
            self._state.set_fact(COLLECTIONS_UPDATED, fact)
        if line := self.summary.summary_line():
            log.info(line)

    def _update_all(
        self, sections: Sequence[LibrarySection], titles: Mapping[str, Source], batch: _Batch
    ) -> None:
        found = self._targets.find(self._targets.listed(sections), titles)
        placing = Placing(self._plex, self._state, self._pace, self._targets.orders(set(found.values())))
        posters = Posters(self._stash, self._plex, self._state, self._pace)
        steps: dict[str, Callable[[Target], Target]] = {"title": self._remember}
        if SUMMARY.title not in self._config.leave_fields:
            steps["text"] = partial(self._write_text, batch)
        if "poster" not in self._config.leave_fields:
            steps["poster"] = partial(self._bring_poster, posters, batch)
        steps["order"] = partial(self._place, placing)
        guard = _Guard(self.summary, batch.again)
        keys = list(found)
        for start in range(0, len(keys), COLLECTIONS_PER_READ):
            some = keys[start : start + COLLECTIONS_PER_READ]
            self._update_some({key: found[key] for key in some}, steps, guard)
            self._read_back(batch, posters)

    def _update_some(
        self, found: Mapping[int, Source], steps: Mapping[str, Callable[[Target], Target]], guard: _Guard
    ) -> None:
        """Carry out the steps for some collections, each from what Plex had a moment before."""
        targets = self._targets.read(found)
        read_at = time.monotonic()
        for name, step in steps.items():
            for place, target in enumerate(targets):
                if time.monotonic() - read_at > TOO_OLD:
                    # Somebody may have written a text or chosen a poster since.
                    now = read_collections(self._plex, [one.record.rating_key for one in targets[place:]])
                    for one, old in enumerate(targets):
                        there = now.get(old.record.rating_key, old.collection)
                        targets[one] = replace(old, collection=there)
                    read_at, target = time.monotonic(), targets[place]
                targets[place] = guard.run(name, target, step)

    def _write_text(self, batch: _Batch, target: Target) -> Target:
        text = summary_to_write(target)
        if text is None:
            return self._remember_text(target)
        record = target.record
        if not record.texts and not record.before:
            record = record._replace(before=target.collection.summary)
        record = record.beginning(text_hash(text))
        self._state.collections.record(record)
        with self._pace.writing():
            edit_collection(self._plex, target.collection, {SUMMARY.name: (text, bool(text))})
        log.debug(f"Collection of {target.source.words}: summary “{shortened(text)}”")
        self.summary.texts += 1
        target = replace(target, record=record)
        batch.texts[record.rating_key] = (target, text_hash(text))
        return target

    def _remember_text(self, target: Target) -> Target:
        """Where both have the same text, it is ours from now on."""
        shown, wanted = target.collection.summary, target.wanted
        if wanted and text_key(shown) == text_key(wanted):
            hashed = text_hash(wanted)
            record = target.record._replace(summary=hashed, written=hashed, begun="")
            target = replace(target, record=record)
        return self._remember(target)

    def _remember(self, target: Target) -> Target:
        if target.record != target.known:
            self._state.collections.record(target.record)
        return replace(target, known=target.record)

    def _bring_poster(self, posters: Posters, batch: _Batch, target: Target) -> Target:
        if posters.bring(target):
            self.summary.posters += 1
            batch.posters[target.record.rating_key] = target
        return target

    def _place(self, placing: Placing, target: Target) -> Target:
        if placing.may_place(target):
            target, sent = placing.place(target)
            self.summary.ordered += bool(sent)
        return target

    def _read_back(self, batch: _Batch, posters: Posters) -> None:
        """See what Plex shows of what it was sent, and record that."""
        keys = {**batch.texts, **batch.posters}
        now = read_collections(self._plex, keys)
        chosen = posters.confirm(batch.posters, now)
        now |= read_collections(self._plex, chosen)
        posters.record_shown({key: now[key] for key in batch.posters if key in now})
        records = self._state.collections.all()
        for key, (target, sent) in batch.texts.items():
            record = records[key]
            if key in now and text_hash(now[key].summary) == sent:
                written = record._replace(summary=text_hash(target.wanted), written=sent, begun="")
                self._state.collections.record(written)
            else:
                problem = PlexNotKept("Plex took the text and does not show it.")
                log.warning(
                    f"The collection of {target.source.words} could not be updated: {problem} {NEXT_TRY}"
                )
                batch.again.add(tag_key(target.collection.title))
        batch.texts.clear()
        batch.posters.clear()


class _Guard:
    """Around each step for one collection: what is wrong with it does not hold up the others."""

    def __init__(self, summary: CollectionSummary, again: set[str]) -> None:
        self._summary = summary
        self._again = again
        self._in_a_row: dict[str, int] = {}

    def run(self, name: str, target: Target, step: Callable[[Target], Target]) -> Target:
        """The target after the step; as it was where that failed, and is tried again if that may help."""
        key = tag_key(target.collection.title)
        if self._in_a_row.get(name, 0) >= FAILURES_IN_A_ROW:
            self._again.add(key)
            return target
        try:
            outcome: Target | Exception = attempt(partial(step, target))
        except StashError as error:
            if name != "poster":
                raise
            outcome = error
        if not isinstance(outcome, Exception):
            self._in_a_row[name] = 0
            return outcome
        self._in_a_row[name] = self._in_a_row.get(name, 0) + 1
        self._summary.failed += 1
        what_comes = "It is tried again after the next Reconcile Library (All)."
        if meaning_of(outcome) is not Meaning.NEVER:
            self._again.add(key)
            what_comes = NEXT_TRY
        words = f"The collection of {target.source.words} could not be updated ({name})"
        log.warning(f"{words}: {problem_of(outcome)} {what_comes}")
        return target
