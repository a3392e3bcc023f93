"""Reports lie where Stash serves them, alone, and else beside the databases."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reconciliation.html_page import Links, report_page
from reconciliation.reports import ORPHANS, PREVIEW, Place, address_of, place_of
from tests.builders.entry import Here
from tests.servers.world import World


@pytest.fixture
def folders(tmp_path: Path) -> tuple[str, Path]:
    plugin, data = tmp_path / "plugin", tmp_path / "data"
    plugin.mkdir()
    data.mkdir()
    return str(plugin), data


def write(plugin: str, data: Path, name: str = PREVIEW, text: str = "a report") -> Place:
    place = place_of(name, plugin, data)
    place.draft.write_text(text, encoding="utf-8")
    place.take()
    return place


def test_both_reports_and_nothing_else_lie_in_a_folder_of_the_plugin_that_stash_serves(
    world: World, here: Here
) -> None:
    world.add_film("one", details="Text", plex={})
    world.plex.library.add_item(1, (("/media/Films/left over.mp4", 5),))
    for mode in ("preview", "find_orphans"):
        here.run({"mode": mode})
    assert sorted(path.name for path in world.reports.iterdir()) == [ORPHANS, PREVIEW]
    assert not list(world.data_dir.glob("*.html*"))
    for path in world.reports.iterdir():
        assert "<script" not in path.read_text(encoding="utf-8")


def test_a_report_that_cannot_be_served_lies_in_the_data_folder_and_the_log_says_where(
    world: World, here: Here
) -> None:
    world.add_film("one", details="Text", plex={})
    world.reports.write_text("not a folder")
    told = here.run({"mode": "preview"})
    assert (world.data_dir / PREVIEW).exists()
    assert str(world.data_dir / PREVIEW) in told.texts("info")[-1]


def test_a_folder_that_cannot_be_written_is_not_used(
    folders: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the plugin's folder is on a read-only file system; an administrator may write anything else."""
    plugin, data = folders
    monkeypatch.setattr("reconciliation.reports.os.access", lambda *_: False)
    assert write(plugin, data).path == data / PREVIEW
    assert address_of(PREVIEW, plugin, data) is None


def test_no_link_in_the_place_of_the_folder_is_followed(folders: tuple[str, Path], tmp_path: Path) -> None:
    plugin, data = folders
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (Path(plugin) / "reports").symlink_to(elsewhere)
    assert write(plugin, data).path == data / PREVIEW
    assert list(elsewhere.iterdir()) == []
    assert address_of(PREVIEW, plugin, data) is None


def test_a_link_in_the_place_of_a_report_is_replaced_and_not_served(
    folders: tuple[str, Path], tmp_path: Path
) -> None:
    plugin, data = folders
    place = write(plugin, data)
    precious = tmp_path / "precious"
    precious.write_text("precious")
    place.path.unlink()
    place.path.symlink_to(precious)
    assert address_of(PREVIEW, plugin, data) is None
    write(plugin, data, text="new")
    assert (precious.read_text(), place.path.read_text(), place.path.is_symlink()) == (
        "precious",
        "new",
        False,
    )


def test_the_page_is_led_to_the_last_report_alone(folders: tuple[str, Path]) -> None:
    plugin, data = folders
    assert address_of(PREVIEW, plugin, data) is None
    served = write(plugin, data).path
    assert address_of(PREVIEW, plugin, data) == "/plugin/Stash2Plex/assets/reports/preview.html"
    assert address_of(ORPHANS, plugin, data) is None
    assert address_of(PREVIEW, "", data) is None
    # Later the plugin's folder could not be written.
    (data / PREVIEW).write_text("a later report")
    os.utime(served, (1_000, 1_000))
    assert address_of(PREVIEW, plugin, data) is None
    write(plugin, data)
    assert not (data / PREVIEW).exists()


def test_a_report_reaches_its_place_on_another_drive(
    folders: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin, data = folders
    rename = Path.replace

    def within_a_drive(path: Path, target: Path) -> Path:
        if path.parent != Path(target).parent:
            raise OSError(18, "Invalid cross-device link")
        return rename(path, target)

    monkeypatch.setattr(Path, "replace", within_a_drive)
    place = write(plugin, data, text="from far")
    assert place.path.read_text() == "from far"
    assert [path.name for path in (*place.path.parent.iterdir(), *data.iterdir())] == [PREVIEW]


def test_a_report_that_cannot_take_its_place_leaves_the_last_one_and_no_draft(
    folders: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin, data = folders
    write(plugin, data, text="the last")

    def full(path: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device", str(path), None, str(target))

    monkeypatch.setattr(Path, "replace", full)
    place = place_of(PREVIEW, plugin, data)
    page = report_page(
        place,
        title="t",
        heading="h",
        introduction="i",
        columns="1fr",
        links=Links("s", "p", "m"),
        made_at=1.0,
    )
    with pytest.raises(OSError, match="No space"), page:
        pass
    assert place.path.read_text() == "the last"
    assert list(data.iterdir()) == []
