# SPDX-License-Identifier: Apache-2.0
"""Sets on disk and their bags."""

from pathlib import Path

from lstm_dynamics_bench.published.source import converted, find_source
from lstm_dynamics_ros.core.errors import DataError
import numpy as np
import pytest


def test_bags_are_made_once_and_named_by_trajectory(real_data: Path, tmp_path: Path) -> None:
    source = find_source(real_data, 'kuka_lwr', tmp_path)
    names = converted(source)
    assert names == [f'run_{k}' for k in range(1, 11)]
    made = source.bags.stat().st_mtime_ns
    assert converted(source) == names
    assert source.bags.stat().st_mtime_ns == made
    assert [item.name for item in (tmp_path / 'bags').iterdir()] == [source.bags.name]


def test_recordings_have_the_joints_and_types_of_the_mapping(
    real_data: Path, tmp_path: Path
) -> None:
    source = find_source(real_data, 'emps', tmp_path)
    converted(source)
    (recording,) = source.recordings(['test'])
    assert recording.joint_types == ('prismatic',)
    assert source.velocity_source == 'derived'
    source = find_source(real_data, 'kuka_weigand2021', tmp_path)
    converted(source)
    (recording,) = source.recordings(['traj_B'], ('joint2', 'joint1'))
    assert recording.joint_names == ('joint2', 'joint1')
    assert np.isfinite(recording.velocity).all()


def test_a_missing_folder_says_what_is_there(real_data: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match='Say where the data are with --data'):
        find_source(tmp_path / 'nowhere', 'emps', tmp_path)
    (tmp_path / 'other').mkdir()
    with pytest.raises(DataError, match=r'has no folder emps\. It has: other'):
        find_source(tmp_path, 'emps', tmp_path)
    (tmp_path / 'emps').mkdir()
    with pytest.raises(DataError, match=r'has no file DATA_EMPS\.mat'):
        find_source(tmp_path, 'emps', tmp_path)
