# SPDX-License-Identifier: Apache-2.0
"""Pages in one file: tables and pictures inline, nothing loaded from elsewhere.

A page is a template in a folder `templates/`, filled by :func:`render`. Every page extends
`page.html`; tables, pictures and lists are macros in `parts.html`.
"""

from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

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
        sections=sections,
    )
    write_text(path, page)


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
    environment.globals['version'] = __version__
    environment.filters['data_uri'] = _data_uri
    return environment


def _data_uri(png: bytes) -> str:
    return f'data:image/png;base64,{b64encode(png).decode("ascii")}'
