# SPDX-License-Identifier: Apache-2.0
"""Sections of a report as a page of their own."""

from collections.abc import Sequence
from pathlib import Path

from lstm_dynamics_ros import __version__
from lstm_dynamics_ros.core.atomic_file import write_text
from lstm_dynamics_ros.core.card import ModelCard
from lstm_dynamics_ros.evaluation.reports import html


def write_section_page(
    path: Path, card: ModelCard, sections: Sequence[html.Section], *, recordings: str
) -> None:
    """Write a page about a model, under a temporary name until it is complete.

    Args:
        path: Where to; an existing page is replaced.
        card: Card of the model.
        sections: What is said of it.
        recordings: What that was measured on, for people.
    """
    page = html.render(
        'sections.html',
        title=card.name,
        card=card,
        recordings=recordings,
        version=__version__,
        sections=sections,
    )
    write_text(path, page)
