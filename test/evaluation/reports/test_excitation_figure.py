# SPDX-License-Identifier: Apache-2.0
"""Tests for excitation_figure.py."""

from pathlib import Path

from lstm_dynamics_ros.data.excitation.limits import ExcitationLimits
from lstm_dynamics_ros.data.excitation.plan import Efforts, excitations
from lstm_dynamics_ros.data.excitation.settings import ExcitationSettings
from lstm_dynamics_ros.evaluation.reports.excitation_figure import write_excitation_figure
import numpy as np
from PIL import Image
import pytest

LIMITS = ExcitationLimits(
    joint_names=('a', 'lift'),
    joint_types=('revolute', 'prismatic'),
    home=np.zeros(2),
    lower=np.full(2, -1.0),
    upper=np.full(2, 1.0),
    velocity=np.full(2, 2.0),
    acceleration=np.full(2, np.inf),
    effort=np.full(2, 50.0),
)


@pytest.mark.parametrize('efforts', [None, lambda q, dq, ddq: 9.81 * q + dq + ddq])
def test_every_joint_is_drawn_with_its_limits_in_red(
    tmp_path: Path, efforts: Efforts | None
) -> None:
    settings = ExcitationSettings(trajectories=1, duration=12.0, restarts=1)
    item = next(excitations(LIMITS, settings, efforts=efforts))

    write_excitation_figure(tmp_path / 'preview.png', item, LIMITS)

    with Image.open(tmp_path / 'preview.png') as picture:
        pixels = np.asarray(picture.convert('RGB')).astype(int)
    assert pixels.shape[:2] == (400, 1300)
    red = (pixels[..., 0] > 180) & (pixels[..., 1] < 90) & (pixels[..., 2] < 90)
    lines = np.flatnonzero(red[:, :430].sum(axis=1) > 100)  # two for each position
    assert len(np.flatnonzero(np.diff(lines) > 3)) == 3
    assert [path.name for path in tmp_path.iterdir()] == ['preview.png']
