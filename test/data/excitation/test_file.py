# SPDX-License-Identifier: Apache-2.0
"""What is written is what was planned, read back by other means."""

from pathlib import Path
from typing import Any

from lstm_dynamics_ros.core.errors import ConfigError, DataError
from lstm_dynamics_ros.data.excitation.file import (
    SUMMARY,
    write_excitation,
    write_probe,
    write_summary,
)
from lstm_dynamics_ros.data.excitation.limits import ExcitationLimits
from lstm_dynamics_ros.data.excitation.plan import Excitation, excitations
from lstm_dynamics_ros.data.excitation.probe import probe
from lstm_dynamics_ros.data.excitation.settings import ExcitationSettings
import numpy as np
import pytest
from rosbags.rosbag2 import Reader
from rosbags.typesys import get_typestore, Stores
import yaml

STORE = get_typestore(Stores.ROS2_JAZZY)
SETTINGS = ExcitationSettings(trajectories=1, duration=12.0, restarts=1)
LIMITS = ExcitationLimits(
    joint_names=('a', 'wheel'),
    joint_types=('revolute', 'continuous'),
    home=np.array([0.2, 0.0]),
    lower=np.array([-1.0, -np.inf]),
    upper=np.array([1.0, np.inf]),
    velocity=np.array([2.0, 3.0]),
    acceleration=np.full(2, np.inf),
    effort=np.full(2, 10.0),
)


@pytest.fixture(scope='module')
def planned() -> Excitation:
    wide = ExcitationSettings(trajectories=1, duration=12.0, restarts=1, amplitude=(0.4,))
    return next(excitations(LIMITS, wide))


def test_the_bag_holds_one_trajectory_that_starts_when_it_comes(
    planned: Excitation, tmp_path: Path
) -> None:
    write_excitation(planned, tmp_path, rate=100.0, topic='arm/joint_trajectory')

    with Reader(tmp_path / 'excite_00') as reader:
        ((connection, _, raw),) = reader.messages()
    message: Any = STORE.deserialize_cdr(raw, connection.msgtype)
    assert connection.topic == '/arm/joint_trajectory'
    assert (message.header.stamp.sec, message.header.stamp.nanosec) == (0, 0)
    assert message.joint_names == ['a', 'wheel']
    assert len(message.points) == 1201
    for k in (0, 500, 1200):
        point = message.points[k]
        when = point.time_from_start.sec + 1e-9 * point.time_from_start.nanosec
        assert when == pytest.approx(0.01 * k)
        np.testing.assert_array_equal(point.positions, planned.position[10 * k])
        np.testing.assert_array_equal(point.velocities, planned.velocity[10 * k])
        np.testing.assert_array_equal(point.accelerations, planned.acceleration[10 * k])


def test_the_table_holds_the_same_points(planned: Excitation, tmp_path: Path) -> None:
    write_excitation(planned, tmp_path, rate=50.0)

    table = np.genfromtxt(tmp_path / 'excite_00.csv', delimiter=',', names=True, deletechars='')
    assert table.dtype.names == (
        'time',
        'position.a',
        'position.wheel',
        'velocity.a',
        'velocity.wheel',
        'acceleration.a',
        'acceleration.wheel',
    )
    np.testing.assert_allclose(table['time'], np.arange(601) * 0.02, atol=1e-9)
    np.testing.assert_allclose(table['position.a'], planned.position[::20, 0], atol=1e-8)


def test_the_summary_is_plain_yaml_with_the_warning(planned: Excitation, tmp_path: Path) -> None:
    write_summary([planned], LIMITS, SETTINGS, tmp_path)

    summary = yaml.safe_load((tmp_path / SUMMARY).read_text())
    assert 'Self-collision' in summary['warning']
    assert summary['limits']['upper'] == [1.0, None]
    assert summary['settings']['duration'] == 12.0
    shares = summary['trajectories']['excite_00']['largest_share_of']
    assert 0.0 < shares['velocity']['a'] <= 0.5


def test_the_probe_is_one_message_per_period(tmp_path: Path) -> None:
    signal = probe((10.0, 4.0), duration=2.0)
    write_probe(signal, tmp_path / 'new' / 'probe')

    with Reader(tmp_path / 'new' / 'probe') as reader:
        messages: list[tuple[int, Any]] = [
            (stamp, STORE.deserialize_cdr(raw, connection.msgtype))
            for connection, stamp, raw in reader.messages()
        ]
    assert [stamp for stamp, _ in messages] == [5_000_000 * k for k in range(400)]
    np.testing.assert_array_equal([message.data for _, message in messages], signal)


@pytest.mark.parametrize('rate', [0.0, 300.0, -100.0, 7.0])
def test_a_rate_that_does_not_fit_is_refused(
    planned: Excitation, tmp_path: Path, rate: float
) -> None:
    with pytest.raises(ConfigError, match='must divide 1000 Hz'):
        write_excitation(planned, tmp_path, rate=rate)


def test_what_is_there_is_kept_unless_asked(planned: Excitation, tmp_path: Path) -> None:
    write_excitation(planned, tmp_path)
    with pytest.raises(DataError, match='exists already'):
        write_excitation(planned, tmp_path)
    write_excitation(planned, tmp_path, overwrite=True)
