# SPDX-License-Identifier: Apache-2.0
"""Tests for explanation_findings.py."""

from dataclasses import replace

from lstm_dynamics_ros.data.quality.finding import Finding
from lstm_dynamics_ros.evaluation.reports.explanation_findings import findings, reach
from lstm_dynamics_ros.learning.interpretation.explanation import Explanation, NodeActivity
import numpy as np
import pytest


def warnings_of(explanation: Explanation) -> list[Finding]:
    found = findings(explanation)
    return [item for items in found.values() for item in items if item.severity == 'warning']


def text_of(explanation: Explanation, code: str) -> str:
    found = [item for items in findings(explanation).values() for item in items]
    return ' '.join(item.text for item in found if item.code == code)


def with_node(explanation: Explanation, **changed: object) -> Explanation:
    node: NodeActivity = replace(explanation.nodes[0], **changed)  # type: ignore[arg-type]
    return replace(explanation, nodes=(node,))


def test_a_model_as_it_should_be_has_no_warnings(explanation: Explanation) -> None:
    assert not warnings_of(explanation)


def test_the_reach_is_where_the_past_no_longer_matters(explanation: Explanation) -> None:
    assert reach(explanation, 0) == pytest.approx(0.05)
    assert 'joint2: velocity depends on the last 50 ms' in text_of(explanation, 'past')


def test_a_past_that_always_matters_asks_for_a_longer_window(explanation: Explanation) -> None:
    change = np.array([0.8, 0.8, 0.8, 0.8, 0.3, 0.0])[:, None] * np.ones(2)
    odd = replace(explanation, history=replace(explanation.history, change=change))
    assert reach(odd, 0) == float('inf')
    assert 'older than 0.4 s. Look further back' in warnings_of(odd)[0].text


def test_an_old_input_that_stands_out_is_suspicious(explanation: Explanation) -> None:
    jacobian = explanation.influence.jacobian.copy()
    jacobian[0, 35, 1] = 0.5
    odd = replace(explanation, influence=replace(explanation.influence, jacobian=jacobian))
    (found,) = warnings_of(odd)
    assert found.text == (
        'joint1 depends more on the position of joint2 0.35 s ago than now: suspicious.'
    )


def test_a_joint_that_another_one_drives_is_named(explanation: Explanation) -> None:
    by_joint = np.array([[0.3, 1.0], [0.1, 1.0]])
    odd = replace(explanation, attribution=replace(explanation.attribution, by_joint=by_joint))
    assert 'joint1 depends more on joint2 than on itself' in warnings_of(odd)[0].text


def test_kinds_that_cancel_are_named_once_for_all_joints(explanation: Explanation) -> None:
    by_feature = explanation.attribution.by_feature.copy()
    by_feature[0, [0, 2]], by_feature[1, [1, 3]] = 12.0, 9.0
    odd = replace(explanation, attribution=replace(explanation.attribution, by_feature=by_feature))
    (found,) = warnings_of(odd)
    assert found.text.startswith('position and velocity of joint1 and joint2: alone')
    assert 'up to 12 times what they do together' in found.text


def test_contributions_that_do_not_add_up_are_not_to_be_trusted(explanation: Explanation) -> None:
    odd = replace(explanation, attribution=replace(explanation.attribution, gap=0.3))
    assert 'by up to 30%: do not trust' in warnings_of(odd)[0].text


def test_a_recording_outside_the_training_range_is_named(explanation: Explanation) -> None:
    odd = replace(explanation, outside={'velocity.joint1': 0.2, 'effort.joint2': 0.01})
    (found,) = warnings_of(odd)
    assert 'velocity.joint1 for 20% of the time' in found.text
    assert 'effort.joint2' not in found.text


def test_units_that_do_not_forget_are_counted(explanation: Explanation) -> None:
    times = np.array([np.inf, np.inf, *[0.02] * 6])
    odd = with_node(explanation, decay_time=times)
    assert '2 of 8 units had not forgotten within 0.4 s' in warnings_of(odd)[0].text


def test_a_nudge_that_grows_is_named(explanation: Explanation) -> None:
    odd = with_node(explanation, strongest=np.array([1, 1.2, 1.5, 2, 3, 4.0]))
    assert 'grown 4 times after 0.4 s' in warnings_of(odd)[0].text


def test_many_stuck_units_mean_that_a_smaller_cell_would_do(explanation: Explanation) -> None:
    closed = np.full((3, 8), 0.1)
    closed[:, :4] = 0.99
    assert 'A smaller cell would do' in warnings_of(with_node(explanation, closed=closed))[0].text


def test_a_unit_that_follows_a_label_is_named(explanation: Explanation) -> None:
    assert (
        text_of(explanation, 'follows') == 'unit 3 follows the friction sign of joint1, R2 0.60.'
    )
    assert 'R2 0.90 with them, 0.70 without' in text_of(explanation, 'remembers')


def test_a_washout_longer_than_that_of_the_card_is_named(explanation: Explanation) -> None:
    odd = replace(explanation, contraction=replace(explanation.contraction, steps=20))
    assert 'forgets more slowly' in warnings_of(odd)[0].text


def test_copies_that_never_agree_are_named(explanation: Explanation) -> None:
    odd = replace(explanation, contraction=replace(explanation.contraction, steps=41))
    assert 'do not agree to 1 %' in warnings_of(odd)[0].text


def test_a_model_without_memory_is_said_to_have_none(explanation: Explanation) -> None:
    still = replace(explanation, nodes=(), probes=())
    assert text_of(still, 'memory') == 'The model has no recurrent cell: nothing in it remembers.'
    assert not warnings_of(still)
