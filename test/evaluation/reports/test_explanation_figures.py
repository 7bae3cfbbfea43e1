# SPDX-License-Identifier: Apache-2.0
"""Tests for explanation_figures.py: they draw, whatever the model."""

from collections.abc import Callable
from dataclasses import replace

from lstm_dynamics_ros.evaluation.reports import explanation_figures as figures
from lstm_dynamics_ros.learning.interpretation.explanation import Explanation
import numpy as np
import pytest

PNG = b'\x89PNG'


@pytest.mark.parametrize(
    'draw',
    [
        figures.past_figure,
        figures.influence_figure,
        figures.inputs_figure,
        figures.ages_figure,
        figures.probe_figure,
        figures.washout_figure,
    ],
    ids=lambda draw: draw.__name__,
)
def test_a_figure_is_a_picture(
    draw: Callable[[Explanation], bytes], explanation: Explanation
) -> None:
    assert draw(explanation).startswith(PNG)


def test_the_units_of_a_node_are_drawn(explanation: Explanation) -> None:
    (node,) = explanation.nodes
    for draw in (figures.node_figure, figures.decay_figure):
        assert draw(node, 0.01).startswith(PNG)


def test_units_that_never_forget_are_drawn_too(explanation: Explanation) -> None:
    node = replace(explanation.nodes[0], decay_time=np.full(8, np.inf))
    assert figures.node_figure(node, 0.01).startswith(PNG)
