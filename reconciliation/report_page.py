"""The frame of the HTML files that tasks leave in the data folder: a page that needs nothing but itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from pathlib import Path
from typing import IO

_HEAD = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 60rem; padding: 1rem; }}
h1 {{ font-size: 1.4rem; }}
h2 {{ font-size: 1.05rem; margin: 1.5rem 0 .3rem; overflow-wrap: anywhere; }}
h2 small {{ font-weight: normal; opacity: .7; }}
dl {{ margin: 0; }}
div.row {{ border-top: 1px solid #8884; padding: .3rem 0; }}
dt {{ font-weight: 600; overflow-wrap: anywhere; }}
dd {{ margin: 0; overflow-wrap: anywhere; white-space: pre-wrap; }}
del {{ color: #b3261e; }} ins {{ color: #1b7f3b; text-decoration: none; }}
@media (prefers-color-scheme: dark) {{ del {{ color: #ff8a80; }} ins {{ color: #7bd88f; }} }}
@media (min-width: 40rem) {{
  div.row {{ display: grid; grid-template-columns: {columns}; gap: 0 1rem; }}
}}
</style>
</head>
<body>
<h1>{heading}</h1>
<p>{introduction}</p>
"""


@contextmanager
def report_page(
    path: Path, *, title: str, heading: str, introduction: str, columns: str
) -> Iterator[IO[str]]:
    """A page whose body is to be written, in HTML; it takes its place when the block ends well.

    Its rows (`<div class="row">` in a `<dl>`) have these `columns`, in the words of CSS. Only the owner of
    the data folder may read it, since it holds titles and paths.
    """
    draft = path.with_name(path.name + ".new")
    draft.touch(mode=0o600)
    try:
        with draft.open("w", encoding="utf-8", errors="replace") as file:
            texts = {"title": title, "heading": heading, "introduction": introduction}
            file.write(_HEAD.format(columns=columns, **{key: escape(text) for key, text in texts.items()}))
            yield file
            file.write("</body>\n</html>\n")
        draft.replace(path)
    except BaseException:
        draft.unlink()
        raise
