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
    body = [
        html.heading(1, card.name),
        html.paragraph(
            f'{card.model_kind} model of {card.n_joints} joints, dt {1e3 * card.dt:g} ms, '
            f'measured on {recordings}. Written by lstm_dynamics_ros {__version__}.',
            soft=True,
        ),
    ]
    for section in sections:
        body.append(html.heading(2, section.title, section.anchor))
        body.append(html.card(section.body))
    write_text(path, html.page(card.name, body))
