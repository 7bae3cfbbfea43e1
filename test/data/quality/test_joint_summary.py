# SPDX-License-Identifier: Apache-2.0
"""Tests of the figures of one joint."""

from collections.abc import Callable
from dataclasses import replace

from lstm_dynamics_ros.data.quality.joint_summary import speed, summarise
from lstm_dynamics_ros.data.recording import Recording
import numpy as np
import pytest

Make = Callable[..., Recording]


def test_velocity_is_derived_from_the_position_where_none_was_measured(
    make_recording: Make,
) -> None:
    made = make_recording(duration=10.0, rate=500.0)
    without = replace(made, velocity=np.full_like(made.velocity, np.nan))
    derived = speed(without, 0)
    np.testing.assert_allclose(derived[2:-2], made.velocity[2:-2, 0], atol=0.02)
    np.testing.assert_array_equal(speed(made, 0), made.velocity[:, 0])
    assert summarise([without], 0).missing['velocity'] == 1.0


def test_position_and_velocity_that_fit_have_factor_one(make_recording: Make) -> None:
    joint = summarise([make_recording(duration=10.0, rate=500.0)], 0)
    assert joint.velocity_factor == pytest.approx(1.0, abs=0.01)
    assert joint.velocity_fit > 0.999


def test_saturation_is_the_share_of_time_at_the_extremes(make_recording: Make) -> None:
    made = make_recording(duration=10.0)
    effort = np.clip(made.effort, -2.5, 2.5)
    joint = summarise([replace(made, effort=effort)], 0)
    assert joint.saturated == pytest.approx((np.abs(effort[:, 0]) == 2.5).mean(), abs=1e-12)
    assert summarise([made], 0).saturated == 0.0


def test_a_recording_of_one_row_gives_figures(make_recording: Make) -> None:
    joint = summarise([make_recording(duration=0.01)], 0)
    assert joint.range == 0.0
    assert np.isnan(joint.velocity_factor)
