# SPDX-License-Identifier: Apache-2.0
"""Tests of the columns of a model."""

from collections.abc import Callable
from dataclasses import replace

from lstm_dynamics_ros.core.errors import DataError, JointNamesError, TrainingError
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.learning.columns import columns, signals, usable
from lstm_dynamics_ros.learning.families.forward import ForwardSettings
from lstm_dynamics_ros.learning.families.inverse import InverseSettings
import numpy as np
import pytest

FORWARD = ForwardSettings()
INVERSE = InverseSettings()


def test_signals_are_blocks_of_one_kind_with_units() -> None:
    made = signals(('position', 'effort'), ('a', 'b'), ('revolute', 'prismatic'), delay=-1)
    assert [signal.name for signal in made] == [
        'position.a',
        'position.b',
        'effort.a',
        'effort.b',
    ]
    assert [signal.unit for signal in made] == ['rad', 'm', 'N m', 'N']
    assert {signal.delay for signal in made} == {-1}


def test_columns_stand_in_the_order_of_the_signals(runs: list[Segment]) -> None:
    run = columns(runs[0], FORWARD)
    expected = np.hstack([runs[0].position, runs[0].velocity, runs[0].effort])
    np.testing.assert_array_equal(run.observations.numpy(), expected.astype(np.float32))
    np.testing.assert_array_equal(run.targets.numpy(), expected.astype(np.float32))


def test_an_inverse_model_sees_motion_and_predicts_effort(runs: list[Segment]) -> None:
    run = columns(runs[0], INVERSE)
    assert run.observations.shape[1] == 4
    np.testing.assert_array_equal(run.targets.numpy(), runs[0].effort.astype(np.float32))


def test_rows_with_missing_values_split_a_segment(make_segment: Callable[..., Segment]) -> None:
    table = np.arange(60.0).reshape(10, 6)
    table[4, 5] = np.nan
    pieces = usable([make_segment(table)], FORWARD)
    assert [(piece.start_index, len(piece)) for piece in pieces] == [(0, 4), (5, 5)]


def test_a_signal_that_is_never_there_is_named(make_segment: Callable[..., Segment]) -> None:
    table = np.zeros((10, 6))
    table[:, 5] = np.nan
    with pytest.raises(DataError, match=r'Never there: effort of joint2\. '):
        usable([make_segment(table)], FORWARD)


def test_missing_effort_is_no_matter_where_effort_is_not_needed(
    make_segment: Callable[..., Segment],
) -> None:
    table = np.zeros((10, 6))
    table[:, 4:] = np.nan
    settings = ForwardSettings(features=('position', 'velocity'))
    assert len(usable([make_segment(table)], settings)) == 1


def test_another_grid_is_refused(runs: list[Segment]) -> None:
    with pytest.raises(DataError, match=r'run0 is on a grid of 0\.01 s, .* 0\.005'):
        usable([replace(runs[0], dt=0.01)], FORWARD)


def test_other_joints_are_refused(runs: list[Segment]) -> None:
    with pytest.raises(JointNamesError):
        usable([runs[0], replace(runs[1], joint_names=('a', 'b'))], FORWARD)


def test_no_segment_is_refused() -> None:
    with pytest.raises(DataError, match='at least one segment'):
        usable([], FORWARD)


def test_a_residual_model_needs_a_prior(runs: list[Segment]) -> None:
    with pytest.raises(TrainingError, match='needs a rigid-body prior'):
        usable(runs, InverseSettings(model_kind='residual_inverse'))
