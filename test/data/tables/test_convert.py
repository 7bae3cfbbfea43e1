# SPDX-License-Identifier: Apache-2.0
"""Tests of converting tables to bags, with made-up and published tables."""

from pathlib import Path

from lstm_dynamics_ros.core.assets import assets
from lstm_dynamics_ros.core.errors import ConfigError, DataError, LstmDynamicsError
from lstm_dynamics_ros.data.bags.reader import read_recording, read_recordings
from lstm_dynamics_ros.data.tables.convert import convert, read_tables
from lstm_dynamics_ros.data.tables.mapping import load_mapping, Mapping, SignalMapping
import numpy as np
import pytest


def csv(path: Path, rows: str, header: str = 'a,b,va,vb') -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'{header}\n{rows}\n', encoding='utf-8')
    return path


TABLE = Mapping(
    name='made',
    format='csv',
    files=('*.csv',),
    joint_names=('one', 'two'),
    dt=0.5,
    delimiter=',',
    position=SignalMapping(columns=('b', 'a'), unit='deg'),
    effort=SignalMapping(columns=(2.0, 3.0), scale=-2.0),
)


def change(**changes: object) -> Mapping:
    """Return the mapping of the made-up table with some settings changed."""
    values = {name: getattr(TABLE, name) for name in Mapping.__dataclass_fields__}
    return Mapping(**{**values, **changes})


def test_a_csv_table_becomes_a_bag_in_si_units(tmp_path: Path) -> None:
    csv(tmp_path / 'run7.csv', '90,180,1,2\n0,-90,3,4')
    (bag,) = convert(tmp_path, TABLE, tmp_path / 'out')
    recording = read_recording(bag)
    assert bag == tmp_path / 'out/run7'
    assert recording.joint_names == ('one', 'two')
    np.testing.assert_allclose(recording.position, np.pi / 2 * np.array([[2, 1], [-1, 0]]))
    np.testing.assert_array_equal(recording.effort, [[-2, -4], [-6, -8]])
    assert np.isnan(recording.velocity).all()
    assert recording.stamp_ns.tolist() == [1_000_000_000, 1_500_000_000]
    assert recording.notes['data_set'] == 'made'


def test_a_time_column_gives_the_stamps(tmp_path: Path) -> None:
    csv(tmp_path / 'x.csv', '5.25,1\n5.75,2\n7.0,3', 't,a')
    mapping = change(
        joint_names=('one',),
        dt=0.0,
        time=SignalMapping(columns=('t',)),
        position=SignalMapping(columns=('a',)),
        effort=SignalMapping(),
    )
    (recording,) = read_tables(tmp_path, mapping)
    assert recording.stamp_ns.tolist() == [1_000_000_000, 1_500_000_000, 2_750_000_000]


def test_an_npz_archive_is_read_by_keys(tmp_path: Path) -> None:
    rows = np.arange(12.0).reshape(2, 6)
    np.savez(tmp_path / 'x.npz', q_1=rows, q_2=rows + 100, gain=np.array(3.0))
    mapping = change(
        format='npz',
        files=('x.npz',),
        each=('run=1,2',),
        trajectory_name='r{run}',
        position=SignalMapping(key='q_{run}', transpose=True),
        effort=SignalMapping(key='q_{run}', transpose=True, scale_key='gain'),
    )
    first, second = read_tables(tmp_path, mapping)
    assert (first.name, second.name) == ('r1', 'r2')
    np.testing.assert_array_equal(second.position, (rows + 100).T)
    np.testing.assert_array_equal(first.effort, 3 * rows.T)


def test_blocks_shifts_and_padding(tmp_path: Path) -> None:
    # Two blocks of 4 rows. Row k: effort of time k, position of time k + 1; one row of padding.
    position = np.arange(1.0, 9)[:, None]
    effort = np.array([1.0, 2, 3, 4, 5, 6, 7, 0])[:, None]
    np.savez(tmp_path / 'x.npz', y=position, u=effort)
    mapping = change(
        format='npz',
        files=('x.npz',),
        joint_names=('one',),
        trajectory_name='b{block}',
        block_rows=4,
        drop_zero_tail=True,
        position=SignalMapping(key='y', shift=1),
        effort=SignalMapping(key='u'),
    )
    first, second = read_tables(tmp_path, mapping)
    # The last position comes after the last effort; the first effort before the first position.
    np.testing.assert_array_equal(first.position[:, 0], [1, 2, 3, 4])
    np.testing.assert_array_equal(first.effort[:, 0], [2, 3, 4, np.nan])
    assert first.stamp_ns.tolist() == [1_500_000_000 + 500_000_000 * k for k in range(4)]
    assert second.name == 'b01'
    np.testing.assert_array_equal(second.position[:, 0], [5, 6, 7])
    np.testing.assert_array_equal(second.effort[:, 0], [6, 7, np.nan])


def test_splits_are_noted_and_can_name_trajectories(tmp_path: Path) -> None:
    csv(tmp_path / 'Train/a.csv', '1,2,3,4')
    csv(tmp_path / 'Test/a.csv', '5,6,7,8')
    mapping = change(
        files=('train=Train/*.csv', 'test=Test/*.csv'), trajectory_name='{split}_{stem}'
    )
    recordings = list(read_tables(tmp_path, mapping))
    assert [(r.name, r.notes['split']) for r in recordings] == [
        ('train_a', 'train'),
        ('test_a', 'test'),
    ]


def test_progress_is_told(tmp_path: Path) -> None:
    for name in 'ab':
        csv(tmp_path / f'{name}.csv', '1,2,3,4')
    calls: list[tuple[int, int, str]] = []
    convert(tmp_path, TABLE, tmp_path / 'out', progress=lambda *now: calls.append(now))
    assert calls == [(1, 2, 'a'), (2, 2, 'b')]


WRONG: list[tuple[dict[str, object], str]] = [
    (
        {'position': SignalMapping(columns=('bb', 'a'))},
        r"x\.csv has no column 'bb'.*It has: a, b, va, vb. Did you mean 'b'",
    ),
    (
        {'position': SignalMapping(columns=(0.0, 9.0))},
        r'has 4 columns, numbered from 0; got column 9',
    ),
    ({'effort': SignalMapping(key='tau')}, r"has no array 'tau'"),
    (
        {'effort': SignalMapping(columns=(2.0,))},
        r'effort has 1 columns, expected 2 \(one, two\)',
    ),
    ({'files': ('*.txt',)}, r"has no file '\*\.txt' \(key files\)\. It has: x\.csv"),
    ({'block_rows': 3}, r'1 rows cannot be cut into blocks of 3 \(key block_rows\)'),
    ({'trajectory_name': '{run}'}, r"'\{run\}' has an unknown placeholder. Known: \{stem\}"),
    ({'delimiter': ';'}, r'x\.csv cannot be read as a table'),
]


@pytest.mark.parametrize(('changes', 'error'), WRONG)
def test_what_is_wrong_is_said_with_file_key_and_what_is_there(
    tmp_path: Path, changes: dict[str, object], error: str
) -> None:
    csv(tmp_path / 'x.csv', '1,2,3,4')
    with pytest.raises(LstmDynamicsError, match=error):
        list(read_tables(tmp_path, change(**changes)))


@pytest.mark.parametrize(
    ('rows', 'error'),
    [('1,2,oops,4', 'cannot be read as a table: .*oops'), ('1,2,3', '4 names but 3 columns')],
)
def test_a_table_of_something_else_is_refused(tmp_path: Path, rows: str, error: str) -> None:
    csv(tmp_path / 'x.csv', rows)
    with pytest.raises(DataError, match=error):
        list(read_tables(tmp_path, TABLE))


def test_two_trajectories_of_one_name_are_refused(tmp_path: Path) -> None:
    for name in 'ab':
        csv(tmp_path / f'{name}.csv', '1,2,3,4')
    with pytest.raises(ConfigError, match='several trajectories one name: same'):
        convert(tmp_path, change(trajectory_name='same'), tmp_path / 'out')


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match='nowhere does not exist'):
        list(read_tables(tmp_path / 'nowhere', TABLE))


@pytest.mark.parametrize('name', sorted(assets('config/mappings', '*.yaml')))
def test_shipped_mappings_are_valid(name: str) -> None:
    assert load_mapping(name).name == name


def test_baxter_is_converted_row_by_row(published: Path, tmp_path: Path) -> None:
    source = published / 'baxter_ugr'
    recordings = list(read_tables(source, load_mapping('baxter_ugr')))
    splits = [recording.notes['split'] for recording in recordings]
    assert (splits.count('train'), splits.count('test')) == (12, 4)
    (square,) = [r for r in recordings if r.name == 'test_square_ang_vel_torq']
    table = np.loadtxt(source / 'Test/square_ang_vel_torq.csv', skiprows=1)
    rows = np.hstack([square.position, square.velocity, square.effort])
    np.testing.assert_array_equal(rows, table)


def test_kuka_lwr_is_converted_row_by_row(published: Path, tmp_path: Path) -> None:
    loadmat = pytest.importorskip('scipy.io').loadmat
    source = published / 'kuka_lwr'
    bags = convert(source, load_mapping('kuka_lwr'), tmp_path)
    assert [bag.name for bag in bags] == [f'run_{k}' for k in range(1, 11)]
    table = loadmat(source / 'KukaDirectDynamics.mat')['kukatraj10']
    recording = read_recording(bags[9])
    rows = np.hstack([recording.position, recording.velocity, recording.effort])
    np.testing.assert_array_equal(rows, table[:, :21])
    assert set(np.diff(recording.stamp_ns)) == {10_000_000}


def test_kr300_is_cut_into_its_trajectories(published: Path) -> None:
    loadmat = pytest.importorskip('scipy.io').loadmat
    source = published / 'kr300'
    recordings = {r.name: r for r in read_tables(source, load_mapping('kr300'))}
    assert len(recordings) == 72
    table = loadmat(source / 'forward_identification_without_raw_data_shifted.mat')
    block = recordings['test_02']
    np.testing.assert_array_equal(block.effort[:-1], table['u_test'][:, 1211:1815].T)
    assert np.isnan(block.effort[-1]).all()
    np.testing.assert_allclose(block.position, np.deg2rad(table['y_test'][:, 1210:1815].T))
    assert len(recordings['val_05']) == 605 - 8
    splits = [recording.notes['split'] for recording in recordings.values()]
    assert [splits.count(name) for name in ('train', 'val', 'test')] == [60, 6, 6]


def test_emps_force_is_the_gain_times_the_control_signal(published: Path) -> None:
    loadmat = pytest.importorskip('scipy.io').loadmat
    train, test = read_tables(published / 'emps', load_mapping('emps'))
    assert (train.notes['split'], test.notes['split']) == ('train', 'test')
    assert train.joint_types == ('prismatic',)
    table = loadmat(published / 'emps/DATA_EMPS.mat')
    np.testing.assert_allclose(train.effort, 35.15065188248547 * table['vir'])
    assert train.reference is not None
    np.testing.assert_array_equal(train.reference.position, table['qg'])
    assert train.duration == pytest.approx(24.84, abs=1e-6)


def test_weigand_velocity_is_the_derivative_of_its_position(published: Path) -> None:
    pytest.importorskip('scipy.io')
    recordings = list(
        read_tables(published / 'kuka_weigand2021', load_mapping('kuka_weigand2021'))
    )
    assert [r.name for r in recordings] == ['traj_A', 'traj_B', 'traj_C']
    for recording in recordings:
        derived = np.gradient(recording.position, 0.004, axis=0)
        for j in range(3):
            slope = np.polyfit(recording.velocity[:, j], derived[:, j], 1)[0]
            assert slope == pytest.approx(1.0, abs=0.01)


def test_published_bags_are_copied(published: Path, tmp_path: Path) -> None:
    mapping = load_mapping('ur10_unisa_rosbag2')
    bags = convert(published / 'ur10_unisa_rosbag2', mapping, tmp_path)
    (recording,) = read_recordings([bags[0]])
    original = read_recording(published / 'ur10_unisa_rosbag2/panda_exciting_trajectory.db3')
    np.testing.assert_array_equal(recording.effort, original.effort)
    np.testing.assert_array_equal(recording.stamp_ns, original.stamp_ns)
