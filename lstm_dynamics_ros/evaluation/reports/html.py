# SPDX-License-Identifier: Apache-2.0
"""A page in one file: tables and pictures inline, nothing loaded from elsewhere."""

from base64 import b64encode
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

STYLE = """
:root { color-scheme: light dark; --ink: #1f2933; --soft: #5f6b7a; --page: #f6f7f9; --card: #fff;
  --line: #dde2e8; --accent: #2563eb; --good: #0f7a3d; --bad: #b42318; --warn: #fff4e0; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ed; --soft: #9aa7b5; --page: #14181d;
  --card: #1d232a; --line: #333c46; --accent: #7aa7ff; --good: #5fd38d; --bad: #ff8a80;
  --warn: #3a2f16; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; }
main { max-width: 1260px; margin: 0 auto; padding: 28px 20px 60px; }
h1 { font-size: 26px; margin: 0 0 4px; } h2 { font-size: 19px; margin: 34px 0 10px; }
h3 { font-size: 15px; margin: 2px 0 8px; } p { margin: 6px 0; } .soft { color: var(--soft); }
section, .card { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  padding: 16px 18px; margin: 12px 0; overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 14px; }
th, td { padding: 5px 10px; text-align: right; white-space: nowrap;
  border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 600; } th:first-child, td:first-child { text-align: left; }
tr:last-child td { border-bottom: 0; } td.best { font-weight: 700; color: var(--accent); }
td.good { color: var(--good); font-weight: 600; } td.bad { color: var(--bad); font-weight: 600; }
table.facts td { text-align: left; white-space: normal; overflow-wrap: anywhere;
  vertical-align: top; }
table.facts td:first-child { color: var(--soft); white-space: nowrap; }
.warn { background: var(--warn); } .warn ul { margin: 4px 0; padding-left: 20px; }
img { display: block; width: 100%; height: auto; border-radius: 6px; background: #fff; }
nav a { color: var(--accent); text-decoration: none; margin-right: 14px; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(420px, 1fr)); gap: 12px; }
"""

Entry = str | tuple[str, str]
"""A table cell: its text, or its text and a CSS class."""


class Section(NamedTuple):
    """A part of a page with a heading of its own."""

    anchor: str
    title: str
    body: str
    """HTML."""


def page(title: str, body: Sequence[str]) -> str:
    """Return a whole page; ``body`` is HTML already."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n'
        + '\n'.join(body)
        + '\n</main>\n</body>\n</html>\n'
    )


def write_page(path: Path, text: str) -> None:
    """Write a page, under a temporary name until it is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f'.{path.name}.unfinished')
    try:
        unfinished.write_text(text, encoding='utf-8')
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def table(head: Sequence[str], rows: Sequence[Sequence[Entry]]) -> str:
    """Return a table of plain text."""
    heads = ''.join(f'<th>{escape(text)}</th>' for text in head)
    lines = ''.join(f'<tr>{"".join(_cell(entry) for entry in row)}</tr>\n' for row in rows)
    return f'<table>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{lines}</tbody>\n</table>'


def facts(rows: Sequence[tuple[str, str]]) -> str:
    """Return a table of two columns without a head."""
    lines = ''.join(
        f'<tr><td>{escape(key)}</td><td>{escape(value)}</td></tr>\n' for key, value in rows
    )
    return f'<table class="facts"><tbody>\n{lines}</tbody></table>'


def navigation(links: Sequence[tuple[str, str]]) -> str:
    """Return links (anchor, text) to headings of the page."""
    return (
        '<nav>'
        + ''.join(f'<a href="#{quote(anchor)}">{escape(text)}</a>' for anchor, text in links)
        + '</nav>'
    )


def image(png: bytes, what: str) -> str:
    """Return a picture, inline."""
    data = b64encode(png).decode('ascii')
    return f'<img alt="{escape(what)}" src="data:image/png;base64,{data}">'


def items(lines: Sequence[str]) -> str:
    """Return a list of plain text."""
    return '<ul>' + ''.join(f'<li>{escape(line)}</li>' for line in lines) + '</ul>'


def heading(level: int, text: str, anchor: str = '') -> str:
    """Return a heading of plain text."""
    mark = f' id="{escape(anchor)}"' if anchor else ''
    return f'<h{level}{mark}>{escape(text)}</h{level}>'


def paragraph(text: str, *, soft: bool = False) -> str:
    """Return a paragraph of plain text."""
    mark = ' class="soft"' if soft else ''
    return f'<p{mark}>{escape(text)}</p>'


def card(*parts: str, style: str = '') -> str:
    """Return a framed block of HTML."""
    return f'<div class="card {style}">' + '\n'.join(parts) + '</div>'


def _cell(entry: Entry) -> str:
    if isinstance(entry, str):
        return f'<td>{escape(entry)}</td>'
    text, style = entry
    return f'<td class="{escape(style)}">{escape(text)}</td>'
