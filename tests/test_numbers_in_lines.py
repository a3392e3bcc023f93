"""Every number in a line of the log is told in one way, however large a collection is."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import pytest

from reconciliation import preview_summary as preview
from reconciliation import summary as reconcile
from reconciliation.result import GapDetectionResult
from sync_queue import status, undo
from sync_queue import summary as drain
from sync_queue.claims import DrainSummary, Outcome
from tests.import_graph import files_of, nodes_of
from tests.servers.world import MODULES, PACKAGES

pytestmark = pytest.mark.unmeasured

MANY = 1234567
BARE = re.compile(r"\d{4}")
ONE_AS_SEVERAL = re.compile(r"\b1 (?:failed )?(?:scenes|items|fields|pictures|collections|values|edits)\b")


def with_each(made: Any, count: int) -> Any:
    """The same with so many of whatever it counts."""
    for field in fields(made):
        if type(getattr(made, field.name)) is int:
            setattr(made, field.name, count)
    return made


def a_reconcile(count: int) -> list[str]:
    result = with_each(GapDetectionResult(), count)
    return reconcile.advice_lines(result)


def a_reconcile_with_nothing_new(count: int) -> list[str]:
    result = GapDetectionResult(scenes_checked=1, skipped_already_queued=count)
    return reconcile.advice_lines(result)


def a_drain(count: int) -> list[str]:
    summary = DrainSummary(outcomes=dict.fromkeys(Outcome, count), left=count)
    told = [drain.nothing_due_line(count), drain.caught_up_line(count, count)]
    return [*drain.summary_lines(summary), *drain.automatic_lines(summary), *told]


def a_queue(count: int) -> list[str]:
    return [status.retried_line(count), *status.cleared_lines(count, count)]


def a_preview(count: int) -> list[str]:
    return preview.summary_lines(with_each(preview.PreviewResult(), count))


def an_undo(count: int) -> list[str]:
    return undo.summary_lines(with_each(undo.UndoSummary(), count), version="1.43")


SUMMARIES = [a_reconcile, a_reconcile_with_nothing_new, a_drain, a_queue, a_preview, an_undo]


@pytest.mark.parametrize("lines", SUMMARIES)
def test_large_numbers_have_their_thousands_set_apart(lines: Any) -> None:
    told: Sequence[str] = lines(MANY)
    assert any("1,234,567" in line for line in told)
    assert [line for line in told if BARE.search(line)] == []


@pytest.mark.parametrize("lines", SUMMARIES)
def test_one_of_anything_is_not_told_as_several(lines: Any) -> None:
    told: Sequence[str] = lines(1)
    assert any("1" in line for line in told)
    assert [line for line in told if ONE_AS_SEVERAL.search(line)] == []


def test_who_reads_the_summary_of_a_reconcile_by_a_script_finds_digits_alone() -> None:
    lines = reconcile.summary_lines(with_each(GapDetectionResult(), MANY), is_queued=True)
    assert [line for line in lines if not re.fullmatch(r"=== .* ===|[^\d]*: 1234567", line)] == []
    assert len(lines) == 8


def test_no_module_sets_thousands_apart_by_itself() -> None:
    by_itself = [
        f"{path.parent.name}/{path.name}:{node.lineno}"
        for name in (*MODULES, *PACKAGES)
        for path in files_of(name)
        if path.name != "amounts.py"
        for node in nodes_of(path)
        if isinstance(node, ast.FormattedValue)
        and isinstance(node.format_spec, ast.JoinedStr)
        and ast.unparse(node.format_spec) == "f','"
    ]
    assert by_itself == []
