# SPDX-License-Identifier: Apache-2.0
"""Tests for explanation_page.py."""

from dataclasses import replace
import json
from pathlib import Path

from lstm_dynamics_ros.evaluation.reports.explanation_page import (
    explanation_json,
    explanation_page,
    explanation_text,
    SECTIONS,
    summary,
    write_explanation,
)
from lstm_dynamics_ros.learning.interpretation.explanation import Explanation
import numpy as np


def test_the_page_holds_every_section_and_nothing_from_elsewhere(
    explanation: Explanation, tmp_path: Path
) -> None:
    calls: list[tuple[int, int, str]] = []
    path = tmp_path / 'new' / 'report.html'
    write_explanation(path, explanation, lambda *now: calls.append(now))
    page = path.read_text(encoding='utf-8')
    for title in SECTIONS.values():
        assert title in page
    assert page.count('data:image/png') == 8
    assert 'http' not in page
    assert 'the change of velocity predicted one step ahead' in page
    assert calls[-1][0] == calls[-1][1]
    assert list(path.parent.iterdir()) == [path]


def test_a_model_without_memory_has_no_sections_of_it(explanation: Explanation) -> None:
    page = explanation_page(replace(explanation, nodes=(), probes=()))
    assert 'Memory of the units' not in page
    assert 'What the units know' not in page


def test_warnings_stand_at_the_top(explanation: Explanation) -> None:
    odd = replace(explanation, outside={'velocity.joint1': 0.2})
    page = explanation_page(odd)
    assert page.index('Look at these') < page.index('How far back it looks</h2>')
    assert summary(odd)[0] == '1 warning.'
    assert summary(explanation)[:2] == [
        'No warnings.',
        'The velocity depends on the past up to 50 ms (joint1 longest).',
    ]


def test_names_are_escaped(explanation: Explanation) -> None:
    odd = replace(explanation, recordings=('<script>',), nodes=(), probes=())
    assert '<script>' not in explanation_page(odd)


def test_the_terminal_marks_warnings(explanation: Explanation) -> None:
    odd = replace(explanation, outside={'velocity.joint1': 0.2})
    assert '\n  ! velocity.joint1 are outside' in explanation_text(odd)
    assert '\n  ! ' not in explanation_text(explanation)


def test_the_json_is_plain_and_finite(explanation: Explanation) -> None:
    node = replace(explanation.nodes[0], decay_time=np.array([np.inf] * 8))
    text = json.dumps(explanation_json(replace(explanation, nodes=(node,))), allow_nan=False)
    values = json.loads(text)
    assert values['nodes'][0]['decay_time'] == [None] * 8
    assert values['reach_s'] == [0.05, 0.05]
    assert values['attribution']['by_joint'] == [[1.0, 0.1], [0.1, 1.0]]
    assert values['findings']['past'][0]['severity'] == 'info'
