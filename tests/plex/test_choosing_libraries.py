"""Libraries are chosen by name, whatever characters are in it."""

from __future__ import annotations

import pytest

from plex.exceptions import LibraryNotFound
from plex.library import LibrarySection, check_names, choose_sections
from tests.builders.values import a_config


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ('"Rock, Paper, Scissors"', ["Rock, Paper, Scissors"]),
        ('" Movies"', [" Movies"]),
        ("Movies", ["Movies"]),
        ("MOVIES", ["Movies"]),
        ("“Rock, Paper, Scissors”, Movies", ["Rock, Paper, Scissors", "Movies"]),
        ("Only so", ["Only so "]),
        ("Cafe\u0301", ["Café"]),
    ],
)
def test_a_library_is_chosen_by_its_own_name_and_by_a_like_one_where_none_has_it(
    wanted: str, expected: list[str]
) -> None:
    names = (" Movies", "Movies", "Rock, Paper, Scissors", "Only so ", "Café")
    sections = [LibrarySection(number, name, ()) for number, name in enumerate(names)]
    names_wanted = a_config(plex_library=wanted).plex_library
    check_names(sections, names_wanted)
    chosen = choose_sections(sections, names_wanted)
    assert {section.title for section in chosen} == set(expected)


def test_a_name_cut_at_its_comma_is_told_with_the_names_that_exist_in_quotes() -> None:
    sections = [LibrarySection(1, "Rock, Paper", ())]
    with pytest.raises(LibraryNotFound) as raised:
        check_names(sections, a_config(plex_library="Rock, Paper").plex_library)
    problem = str(raised.value)
    assert "names “Rock”, “Paper”" in problem
    assert "Put a name that contains a comma in quotation marks." in problem
    assert problem.endswith(": “Rock, Paper”.")
