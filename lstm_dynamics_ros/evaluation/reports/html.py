# SPDX-License-Identifier: Apache-2.0
"""Pages in one file: tables and pictures inline, nothing loaded from elsewhere.

A page is a template in a folder `templates/`, filled by :func:`render`. Every page extends
`page.html`; tables, pictures and lists are macros in `parts.html`.
"""

from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from html import escape
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from lstm_dynamics_ros import __version__
from lstm_dynamics_ros.core.atomic_file import write_text
from lstm_dynamics_ros.core.card import ModelCard
from markupsafe import Markup

OURS = 'lstm_dynamics_ros.evaluation.reports'
"""Package whose templates every other package may use."""

Entry = str | tuple[str, str]
"""A table cell: its text, or its text and a CSS class."""


class Table(NamedTuple):
    """A table with the text above and below it."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[Entry]]
    notes: Sequence[str] = ()


class Section(NamedTuple):
    """A part of a page with a heading of its own."""

    anchor: str
    title: str
    body: Markup
    """HTML, as :func:`render` returns it."""


def render(template: str, *, package: str = OURS, **data: object) -> Markup:
    """Return a template filled with data. Whatever is not markup already is escaped.

    Args:
        template: Name of the file, e.g. ``'replay.html'``.
        package: Package with a folder ``templates`` that is searched first, then ours.
        data: What the template names; a name it lacks is an error.
    """
    return Markup(_environment(package).get_template(template).render(data))


def write_section_page(
    path: Path, card: ModelCard, sections: Sequence[Section], *, recordings: str
) -> None:
    """Write a page about a model, under a temporary name until it is complete.

    Args:
        path: Where to; an existing page is replaced.
        card: Card of the model.
        sections: Its parts.
        recordings: What that was measured on, for people.
    """
    page = render(
        'sections.html',
        title=card.name,
        card=card,
        recordings=recordings,
        version=__version__,
        sections=sections,
    )
    write_text(path, page)


def page(title: str, body: Sequence[str]) -> str:
    """Return a whole page; ``body`` is HTML already."""
    return render('blocks.html', title=title, blocks=[Markup(text) for text in body])


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


@cache
def _environment(package: str) -> Environment:
    """Return the templates of a package, and ours."""
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(name) for name in dict.fromkeys((package, OURS))]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters['data_uri'] = _data_uri
    return environment


def _data_uri(png: bytes) -> str:
    return f'data:image/png;base64,{b64encode(png).decode("ascii")}'
