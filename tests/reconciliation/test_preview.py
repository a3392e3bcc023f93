"""The preview shows what a sync would write, in the log and as a page, and writes none of it."""

from __future__ import annotations

import re
import stat
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import Stash2Plex as entry
from plex.exceptions import PlexError
from plex.fields import FIELDS
from tests.builders.bench import Bench, a_bench
from tests.builders.sync import a_picture, changing_requests, logged, sync
from tests.servers.made_up_collection import make_collection, plan_gaps

pytestmark = pytest.mark.unmeasured

NASTY = "<script>alert(\"1\")</script> & 'quotes' <img src=x onerror=alert(2)>"


def preview(bench: Bench, **settings: Any) -> str:
    """Run the task in this process; the requests are those of it. Returns the page."""
    bench.world.clear_requests()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STASH2PLEX_DATA_DIR", str(bench.world.data_dir))
        patch.setattr(entry, "stash_interface", bench.stash())
        patch.setattr(entry, "config", bench.config(settings))
        patch.setattr(entry, "queue_manager", bench.manager)
        entry.handle_preview()
    return report(bench).read_text(encoding="utf-8")


def report(bench: Bench) -> Path:
    return bench.world.reports / "preview.html"


class Page(HTMLParser):
    """What a browser makes of the page: its elements, and the text inside each kind of them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag != "meta":
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open:
            self.texts.setdefault(self._open[-1], []).append(data)


def counts(lines: list[str]) -> dict[str, int]:
    """The numbers of the summary by what they count."""
    found = (re.fullmatch(r" *([^:]+): (\d+)", line) for line in lines)
    return {one[1]: int(one[2]) for one in found if one}


def written_fields(bench: Bench) -> Counter[str]:
    """In how many items each field was written, by the user's word for it."""
    titles = {field.name: field.title for field in FIELDS}
    fields: set[tuple[str, tuple[int, ...]]] = set()
    for write in bench.world.plex.writes:
        names = {re.split(r"[.\[]", name)[0] for name in write.arguments if not name.endswith(".locked")}
        fields.update((titles[name], write.rating_keys) for name in names)
    return Counter(title for title, _ in fields)


def test_nothing_is_written_uploaded_or_queued(bench: Bench) -> None:
    bench.save(bench.world.add_film("one", details="Text", cover=a_picture("one"), plex={}))
    bench.world.add_film("two", details="Other", cover=a_picture("two"), plex={"studio": "Theirs"})
    waiting = bench.waiting()
    preview(bench)
    assert (changing_requests(bench), bench.waiting(), bench.failed()) == ([], waiting, [])
    assert (bench.world.item("one").summary, bench.world.item("two").studio) == ("", "Theirs")
    assert (bench.world.plex.writes, bench.world.plex.uploads) == ([], [])


def test_a_preview_leaves_the_following_sync_as_it_would_have_been(bench: Bench) -> None:
    bench.world.add_film("one", details="Text", plex={"summary": "Theirs", "locked": ["summary"]})
    preview(bench)
    assert bench.reconcile().total_gaps == 1
    bench.drain()
    assert bench.world.item("one").summary == "Text"


@pytest.mark.parametrize("preserve", [False, True])
def test_the_counts_are_those_of_the_sync_that_follows(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, preserve: bool
) -> None:
    videos = make_collection(80, seed=3)
    with a_bench(tmp_path, videos, plan_gaps(videos, seed=3)) as bench:
        bench.world.settings.update(preserve_plex_edits=preserve, content_rating="XXX")
        html = preview(bench)
        told = counts(logged(caplog, "INFO"))
        bench.reconcile()
        bench.world.clear_requests()
        bench.drain()
        fields = written_fields(bench)
        assert {title: told[f"Items whose {title} would change"] for title in fields} == dict(fields)
        assert told["Items that would be written"] == len(bench.world.plex.writes) > 60
        assert html.count("<h2>") == len(bench.world.plex.writes)
        assert told["Covers that would be compared"] >= len(bench.world.plex.uploads) > 60
        caplog.clear()
        preview(bench)
        again = counts(logged(caplog, "INFO"))
        assert (again["Items that would be written"], again["Covers that would be compared"]) == (0, 0)


def test_scenes_that_only_wait_in_the_queue_are_shown_as_well(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.save(bench.world.add_film("one", title="Only a title", plex={}))
    html = preview(bench)
    assert counts(logged(caplog, "INFO"))["Items that would be written"] == 1
    assert "Only a title" in html


def test_scenes_that_would_not_be_written_are_counted_with_the_reason(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.world.add_film("absent", details="Text")
    bench.world.add_film("kept out", details="Text", plex={"labels": ["Hands off"]})
    preview(bench, opt_out_label="Hands off")
    told = counts(logged(caplog, "INFO"))
    assert (told["Items that would be written"], told["Not written (not in Plex, or ambiguous)"]) == (0, 1)
    assert told["Opted out"] == 1


def test_the_debug_log_has_every_change_and_the_other_levels_no_text_of_the_collection(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    scene_id = bench.world.add_film(
        "one", details="Secret text", tags=bench.world.tag_ids("Sea"), plex={"genres": ["Old"]}
    )
    preview(bench)
    told = [line for line in logged(caplog, "DEBUG") if line.startswith(f"Scene {scene_id}: would write")]
    assert any("Secret text" in line for line in told)
    assert any("+Sea" in line and "-Old" in line for line in told)
    others = [text for level in ("INFO", "WARNING", "ERROR") for text in logged(caplog, level)]
    assert others
    assert "Secret" not in "\n".join(others)


def test_the_page_has_old_and_new_values(bench: Bench) -> None:
    bench.world.add_film(
        "one",
        title="New title",
        details="New text",
        tags=bench.world.tag_ids("Sea", "Boats"),
        plex={"title": "Old title", "genres": ["Sea", "Old genre"]},
    )
    page = Page(preview(bench))
    assert set(page.texts["del"]) == {"Old title", "Old genre"}
    assert set(page.texts["ins"]) == {"New title", "New text", "Boats"}
    assert {"title", "summary", "genres"} == set(page.texts["dt"])


def test_markup_in_titles_tags_and_texts_stays_text(bench: Bench) -> None:
    bench.world.add_film(
        "one",
        title=NASTY,
        details=f"</dd></div>{NASTY}",
        tags=bench.world.tag_ids(NASTY),
        plex={"title": f"{NASTY}!", "genres": ['"><b>old</b>']},
    )
    page = Page(preview(bench))
    kinds = {tag for tag, _ in page.elements}
    assert kinds.isdisjoint({"script", "img", "b", "link", "iframe", "form"})
    assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)
    assert "".join(page.texts["h2"]).strip() == NASTY
    assert {NASTY, f"</dd></div>{NASTY}"} <= set(page.texts["ins"])
    assert {f"{NASTY}!", '"><b>old</b>'} <= set(page.texts["del"])


def test_the_page_fits_a_telephone_and_refers_to_nothing_outside(bench: Bench) -> None:
    bench.world.add_film("one", details="See http://example.org/x.png", plex={})
    html = preview(bench)
    page = Page(html)
    metas = [attributes for tag, attributes in page.elements if tag == "meta"]
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in metas
    assert any("default-src 'none'" in str(meta.get("content")) for meta in metas)
    for tag, attributes in page.elements:
        assert not {"src", "action", "data", "srcset", "style"} & set(attributes)
        assert (tag == "a") == ("href" in attributes)
    assert "url(" not in html
    assert "@import" not in html


@pytest.mark.parametrize(("films", "shown", "told"), [(3, 3, ""), (5, 3, "2 more items would be written")])
def test_a_long_report_is_cut_and_says_how_much_is_left_out(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, films: int, shown: int, told: str
) -> None:
    monkeypatch.setattr("reconciliation.preview_page.SCENES_IN_REPORT", 3)
    for n in range(films):
        bench.world.add_film(f"film {n}", details="Text", plex={})
    html = preview(bench)
    assert html.count("<h2>") == shown
    assert ("more items would be written" in html) == bool(told)
    assert told in html
    assert f"Items that would be written: {films}. summary {films}" in html


def test_a_long_value_is_cut(bench: Bench) -> None:
    bench.world.add_film("one", details="x" * 5_000, plex={})
    page = Page(preview(bench))
    (text,) = page.texts["ins"]
    assert (len(text), text[-1]) == (300, "…")


def test_the_report_is_readable_only_by_its_owner(bench: Bench) -> None:
    bench.world.add_film("one", details="Text", plex={})
    for _ in range(2):
        preview(bench)
        assert stat.S_IMODE(report(bench).stat().st_mode) & 0o077 == 0


def test_a_preview_that_breaks_off_leaves_the_last_report_whole(bench: Bench) -> None:
    bench.world.add_film("one", details="Text", plex={})
    before = preview(bench)
    bench.world.plex.faults.add("status", "/library/metadata/", code=503)
    with pytest.raises(PlexError):
        preview(bench)
    assert report(bench).read_text(encoding="utf-8") == before
    assert [path.name for path in bench.world.reports.glob("preview*")] == ["preview.html"]


def test_a_newer_report_takes_the_place_of_the_older_one(bench: Bench) -> None:
    scene_id = bench.world.add_film("one", details="First text", plex={})
    preview(bench)
    bench.world.stash.library.update_scene(scene_id, details="Second text")
    html = preview(bench)
    assert ("First text" in html, "Second text" in html) == (False, True)


def test_after_a_sync_the_preview_is_empty(bench: Bench) -> None:
    bench.world.add_film("one", details="Text", cover=a_picture("one"), plex={})
    sync(bench)
    html = preview(bench)
    assert "<h2>" not in html
    assert "Items that would be written: 0." in html


def test_where_nothing_would_be_written_no_change_is_said_to_be_in_the_report(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.world.add_film("one", details="Text", plex={})
    preview(bench)
    assert logged(caplog, "INFO")[-1].endswith(str(report(bench)))
    sync(bench)
    caplog.clear()
    preview(bench)
    assert logged(caplog, "INFO")[-1].startswith("No item would be changed")


def test_no_line_of_the_summary_depends_on_the_one_before_it(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    """Stash shows the newest line first and trims its indent."""
    bench.world.add_film("one", details="Text", plex={})
    preview(bench)
    assert "Items whose summary would change: 1" in logged(caplog, "INFO")
    assert all(line == line.strip() for line in logged(caplog, "INFO"))


def test_as_a_task_it_names_the_report_and_ends_well(bench: Bench) -> None:
    bench.world.add_film("one", details="Text", plex={})
    result = bench.world.stash.run_task("Preview Sync (Dry Run)")
    assert (result.exit_status, result.error) == (0, None)
    assert any(str(report(bench)) in line.text for line in result.log)
    assert bench.world.item("one").summary == ""
