"""Templates: what they make of a scene's values, and what is said of those that are wrong."""

from __future__ import annotations

import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from validation.template import NAMES, Template

VALUES = {
    **dict.fromkeys(NAMES, ""),
    "title": "The Harbour",
    "studio": "North",
    "filename": "a [1]",
    "details": "One\nTwo",
}
texts = st.text(max_size=12)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{title}", "The Harbour"),
        ("{ Title }", "The Harbour"),
        ("{title}[ ({year})]", "The Harbour"),
        ("[{studio} - ]{title}", "North - The Harbour"),
        ("[{studio}, {year}: ]{title}", "The Harbour"),
        ("{title}[ ({studio}[, {year}])]", "The Harbour (North)"),
        ("{title}[ ([{studio}, ]{year})]", "The Harbour"),
        ("{code|filename}", "a [1]"),
        ("{title|filename}", "The Harbour"),
        ("[{code|studio}: ]{title}", "North: The Harbour"),
        (r"\[{studio}\] \{x\} {title}", "[North] {x} The Harbour"),
        (r"C:\x {studio}", r"C:\x North"),
        (r"{studio}\n{details}", "North\nOne\nTwo"),
        ("{code} - {year}", ""),
        ("[{code}][{year}]", ""),
    ],
)
def test_a_template_gives_what_it_names_and_parts_vanish_with_what_is_empty(
    template: str, expected: str
) -> None:
    assert Template(template).render(VALUES) == expected


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{titel}", "“titel”. The names are: {title}, {code}, {date}, "),
        ("{title|nme} {}", "“nme”"),
        ("{}", "“{” without a name"),
        ("{title", "“{” without a name"),
        ("{ti[tle]}", "“{” without a name"),
        ("title}", "“}” without a “{” before it"),
        ("[{title}", "“[” without a “]” behind it"),
        ("{title}]", "“]” without a “[” before it"),
        ("{title} [HD]", "in brackets that names nothing"),
        ("[[{year}]] {title}", "in brackets that names nothing"),
        ("My film", "names nothing of a scene"),
        ("[" * 30 + "{title}" + "]" * 30, "parts inside one another"),
    ],
)
def test_what_is_wrong_with_a_template_is_said_in_words(template: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        Template(template)


@given(st.text(alphabet="[]{}\\n|title year", max_size=25))
def test_any_text_is_a_template_or_is_refused_in_words(text: str) -> None:
    template = None
    with suppress(ValueError):
        template = Template(text)
    assert template is None or set(NAMES) >= template.names
    assert template is None or isinstance(template.render(VALUES), str)


@given(texts, texts)
def test_a_value_is_put_in_as_it_is_and_never_read_as_a_template(title: str, studio: str) -> None:
    values = {**VALUES, "title": title, "studio": studio}
    expected = f"{studio} {title}" if title or studio else ""
    assert Template("{studio} {title}").render(values) == expected


@given(st.sets(st.sampled_from(NAMES)))
def test_where_nothing_has_a_value_there_is_no_text(filled: set[str]) -> None:
    values = {name: "x" if name in filled else "" for name in NAMES}
    everything = " - ".join(f"{{{name}}}" for name in NAMES)
    assert bool(Template(everything).render(values)) == bool(filled)
