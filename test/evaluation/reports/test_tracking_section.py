# SPDX-License-Identifier: Apache-2.0
"""Tests for tracking_section.py."""

from lstm_dynamics_ros.evaluation.reports.tracking_section import tracking_section
from lstm_dynamics_ros.evaluation.scores.correction_effect import CorrectionEffect
import numpy as np


def test_it_shows_the_figures_of_every_joint_and_of_all() -> None:
    stamp_ns = np.arange(0, 20_000_000_000, 10_000_000)
    size = np.where(stamp_ns < 10_000_000_000, 0.010, 0.001)
    effect = CorrectionEffect(
        joint_names=('shoulder', 'elbow'),
        stamp_ns=stamp_ns,
        error=np.stack([size, 0.5 * size], axis=1),
        torque_stamp_ns=stamp_ns[1000:],
        torque=np.full((1000, 2), 3.25),
        asked_ns=10_000_000_000,
        armed_ns=10_000_000_000,
        fade_in=1.0,
        period=10.0,
    )
    section = tracking_section(effect)
    assert section.body.count('<img') == 1
    for text in ('>shoulder<', '>10<', '>1<', '>0.1<', '>3.25<', '>all<', '9.0 s', '>7.91<'):
        assert text in section.body
