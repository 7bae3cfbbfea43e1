# SPDX-License-Identifier: Apache-2.0
"""Tests for correction_effect.py."""

from lstm_dynamics_ros.evaluation.scores.correction_effect import CorrectionEffect
import numpy as np
from numpy.testing import assert_allclose
import pytest

SECOND = 1_000_000_000


def make(seconds: float = 20.0, fade_in: float = 1.0, slow: float = 0.02) -> CorrectionEffect:
    """Return a recording with an error of 10 |sin| mrad before and 1 |sin| mrad after.

    Arming is asked for after 10 s and granted ``slow`` seconds later.
    """
    stamp_ns = 7 * SECOND + np.arange(0, round(seconds * 200)) * 5_000_000
    time = (stamp_ns - stamp_ns[0]) / SECOND
    size = np.where(time < 10.0 + slow, 0.010, np.where(time < 11.0 + slow, 0.005, 0.001))
    wave = size * np.sin(2 * np.pi * time / 10.0)
    return CorrectionEffect(
        joint_names=('a', 'b'),
        stamp_ns=stamp_ns,
        error=np.stack([wave, 2 * wave], axis=1),
        torque_stamp_ns=stamp_ns[time >= 10.0],
        torque=np.full(((time >= 10.0).sum(), 2), (3.0, 4.0)),
        asked_ns=int(stamp_ns[0]) + 10 * SECOND,
        armed_ns=int(stamp_ns[0]) + round((10 + slow) * SECOND),
        fade_in=fade_in,
        period=10.0,
    )


def test_equal_stretches_of_the_motion_are_compared() -> None:
    effect = make()
    assert effect.before.sum() == effect.after.sum() == round((10.0 - 1.0 - 0.02) * 200)
    before, after = effect.stamp_ns[effect.before], effect.stamp_ns[effect.after]
    assert (after - before == 10 * SECOND).all()
    assert before[-1] < effect.asked_ns
    assert after[0] >= effect.armed_ns + SECOND


def test_the_ratio_is_that_of_the_errors() -> None:
    assert_allclose(make().to_json()['ratio'], 0.1, rtol=1e-9)


def test_figures_are_those_of_each_joint() -> None:
    effect = make(fade_in=0.0, slow=0.0)
    # RMS of a sine over a period is its amplitude over the root of two, here after a tenth of
    # the stretch at half of the error before.
    assert_allclose(effect.before_rms, np.array([0.010, 0.020]) / np.sqrt(2), rtol=1e-3)
    figures = effect.to_json()
    assert figures['per_joint']['b']['correction_rms_nm'] == pytest.approx(4.0)
    joints = figures['per_joint'].values()
    pooled = np.sqrt(np.mean([joint['after_mrad'] ** 2 for joint in joints]))
    assert figures['after_mrad'] == pytest.approx(pooled)
    assert figures['max_before_mrad'] == pytest.approx(20.0, rel=1e-3)


def test_a_recording_that_ended_early_is_compared_as_far_as_it_goes() -> None:
    effect = make(seconds=15.0)
    assert effect.complete
    assert effect.compared == pytest.approx(15.0 - 11.02, abs=0.006)
    assert effect.to_json()['ratio'] == pytest.approx(0.1)


def test_a_recording_that_ended_in_the_fade_in_is_not_complete() -> None:
    assert not make(seconds=10.5).complete
