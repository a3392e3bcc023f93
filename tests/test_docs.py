"""What the documentation promises to name and to link is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.servers.stash.plugins import load_plugin
from tests.servers.world import PACKAGES, ROOT

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("benchmarks/*.md")])
LINK = re.compile(r"\]\(([^)\s]+)\)")


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        other = (page.parent / name).resolve() if name else page
        assert other.exists(), target
        assert not anchor or anchor in anchors(other), target


def test_the_readme_names_every_task_that_stash_shows_and_no_other() -> None:
    section = (ROOT / "README.md").read_text(encoding="utf-8").split("## Tasks")[1].split("\n## ")[0]
    told = re.findall(r"^\| \*\*(.+?)\*\* \|", section, re.MULTILINE)
    assert told == [task.name for task in load_plugin(ROOT / "Stash2Plex.yml").tasks]


def test_every_file_that_a_workflow_or_the_makefile_runs_is_there() -> None:
    workflows = [ROOT / "Makefile", *(ROOT / ".github" / "workflows").iterdir()]
    named = [name for page in workflows for name in re.findall(r"\b(?:tests|\.ci)/[\w./]+", page.read_text())]
    assert "tests/sync_queue/test_manager.py" in named
    assert [name for name in named if not (ROOT / name).exists()] == []


def section_of_contributing(heading: str) -> str:
    return (ROOT / "CONTRIBUTING.md").read_text("utf-8").split(f"## {heading}\n")[1].split("\n## ")[0]


@pytest.mark.parametrize("package", PACKAGES)
def test_contributors_find_every_module_in_the_row_of_its_package(package: str) -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    (row,) = re.findall(rf"^\| `{package}/` \| (.+) \|$", page, re.MULTILINE)
    told = set(re.findall(r"`(\w+…?)`", row)) | {"exceptions"}
    there = {path.stem for path in (ROOT / package).glob("*.py")} - {"__init__"}
    untold = [name for name in there if not any(re.fullmatch(one.replace("…", r"\w*"), name) for one in told)]
    assert untold == []
    assert {one for one in told if not one.endswith("…")} <= there | {"exceptions"}


@pytest.mark.parametrize("heading", ["The way of an edit", "The way of a setting"])
def test_the_way_leads_through_files_that_are_there(heading: str) -> None:
    rows = re.findall(r"^\| (`.+?) \| ", section_of_contributing(heading), re.MULTILINE)
    assert len(rows) > 3
    for row in rows:
        folder = ""
        for name in re.findall(r"`([\w/]+\.(?:py|yml))`", row):
            folder = name.rpartition("/")[0] or folder
            assert (ROOT / folder / name.rpartition("/")[2]).exists(), row
