# SPDX-License-Identifier: Apache-2.0
"""Tests for live_view.py."""

from io import StringIO
import math

from lstm_dynamics_ros.workflows.live.live_view import LiveView
from sensor_msgs.msg import JointState


def state(*position: float) -> JointState:
    names = [f'joint{i + 1}' for i in range(len(position))]
    return JointState(name=names, position=list(position), velocity=[0.5] * len(position))


def test_every_joint_has_a_line_with_both_positions() -> None:
    out = StringIO()
    LiveView(out).draw(state(0.1, -0.2), state(0.15, -0.25), {'state': 'monitoring'})
    lines = out.getvalue().splitlines()
    assert len(lines) == 4
    assert 'joint1' in lines[1]
    assert '0.1000' in lines[1]
    assert '0.1500' in lines[1]
    assert lines[3].endswith('state monitoring')


def test_drawing_again_writes_over_it() -> None:
    out = StringIO()
    view = LiveView(out)
    view.draw(state(0.1), state(0.1), {})
    out.truncate(0)
    view.draw(state(0.2), state(0.2), {})
    assert '\x1b[3A' in out.getvalue()


def test_positions_that_do_not_fit_or_are_no_numbers_do_no_harm() -> None:
    out = StringIO()
    LiveView(out).draw(state(9.0, math.nan), state(-9.0, math.inf), {})
    bar = out.getvalue().splitlines()[1].split()[-1]
    assert bar[0] == '|'
    assert bar[-1] == '#'


def test_columns_and_a_line_can_be_added() -> None:
    out = StringIO()
    LiveView(out).draw(
        state(0.1, -0.2),
        state(0.1, -0.2),
        {'state': 'monitoring'},
        columns={'error mrad': [1.234, -5.0]},
        more={'before': '21.40', 'after': '0.90'},
    )
    lines = out.getvalue().splitlines()
    assert 'error mrad' in lines[0]
    assert '1.23' in lines[1]
    assert '-5.00' in lines[2]
    assert lines[4].endswith('before 21.40  after 0.90')
