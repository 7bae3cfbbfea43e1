# SPDX-License-Identifier: Apache-2.0
"""The mirror image of recordings."""

from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.learning.derived_segments import with_mirror_image
import numpy as np
import pytest


def test_the_mirror_image_turns_the_joints_with_sign_minus_one(runs: list[Segment]) -> None:
    both = with_mirror_image(runs[:2], (1.0, -1.0))
    assert [item.name for item in both] == ['run0', 'run1', 'run0 mirrored', 'run1 mirrored']
    for kind in ('position', 'velocity', 'effort'):
        before, after = getattr(runs[1], kind), getattr(both[3], kind)
        np.testing.assert_array_equal(after[:, 0], before[:, 0])
        np.testing.assert_array_equal(after[:, 1], -before[:, 1])


def test_the_image_of_the_image_is_the_original(runs: list[Segment]) -> None:
    image = with_mirror_image(runs[:1], (-1.0, -1.0))[1]
    again = with_mirror_image([image], (-1.0, -1.0))[1]
    np.testing.assert_array_equal(again.position, runs[0].position)


def test_no_signs_mean_no_image(runs: list[Segment]) -> None:
    assert with_mirror_image(runs, ()) == runs


@pytest.mark.parametrize('signs', [(1.0,), (1.0, 0.5)])
def test_signs_that_do_not_fit_are_refused(runs: list[Segment], signs: tuple[float, ...]) -> None:
    with pytest.raises(ConfigError, match='1 or -1 for each of joint1, joint2'):
        with_mirror_image(runs, signs)
