# SPDX-License-Identifier: Apache-2.0
"""Latencies of simulated robots whose delays are known, and of data that cannot tell."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.data.excitation.probe import probe
from lstm_dynamics_ros.data.quality.latency_report import command_latency, tracking_latency
from lstm_dynamics_ros.data.recording import make_track, Recording
import numpy as np
import pytest

if TYPE_CHECKING:
    from lstm_dynamics_ros.sim.simulated_robot import SimulatedRun

DRIVE = 0.005
"""Dead time 2 ms and lag 3 ms of the embedded robots [s]."""

SECONDS = 14.0

Law = Callable[['SimulatedRun'], np.ndarray]


def recorded(
    name: str, cycles: int, law: Law | None = None, share: float = 0.02, lag: float = 0.003
) -> Recording:
    """Record a robot whose correction is a probe and acts some cycles of 5 ms late.

    Args:
        name: Which robot.
        cycles: Delay of the correction; 1 acts at once on the next sample.
        law: What is added to the probe, from the newest rows.
        share: Size of the probe as a share of the effort limits.
        lag: Lag of its drives [s].
    """
    pytest.importorskip('mujoco', reason='the embedded robots need the engine')
    from lstm_dynamics_ros.sim.motions import make_motion  # noqa: PLC0415
    from lstm_dynamics_ros.sim.robot import load_robot  # noqa: PLC0415
    from lstm_dynamics_ros.sim.simulate import simulate  # noqa: PLC0415
    from lstm_dynamics_ros.workflows.simulate import as_recording  # noqa: PLC0415

    robot = load_robot(name)
    wanted = probe(robot.effort_limit, duration=SECONDS, share=share)
    sent: list[np.ndarray] = []
    stamps: list[int] = []

    def corrector(run: 'SimulatedRun') -> np.ndarray:
        torque = wanted[len(sent)] + (law(run) if law else 0.0)
        sent.append(torque)
        stamps.append(int(run.stamp_ns[-1]) + 1_000_000)  # the next sample, where it could act
        late = len(sent) - cycles
        return sent[late] if late >= 0 else np.zeros_like(torque)

    motion = make_motion(robot, 'multi_sine', seed=1, duration=SECONDS, speed=0.3)
    hidden = replace(robot.hidden, lag=lag)
    run = simulate(robot, motion, hidden=hidden, corrector=corrector)
    return replace(
        as_recording(run, name),
        reference=make_track(run.joint_names, run.stamp_ns, velocity=run.reference_velocity),
        command=make_track(run.joint_names, np.array(stamps), effort=np.array(sent)),
    )


def rows(recording: Recording, index: np.ndarray, stamp_ns: np.ndarray) -> Recording:
    """Return some joint states of a recording under other stamps."""
    return replace(
        recording,
        stamp_ns=stamp_ns,
        position=recording.position[index],
        velocity=recording.velocity[index],
        effort=recording.effort[index],
    )


def thinned(recording: Recording, every: int) -> Recording:
    index = np.arange(0, len(recording), every)
    return rows(recording, index, recording.stamp_ns[index])


@pytest.fixture(scope='module')
def arm() -> Recording:
    return recorded('arm', 1)


@pytest.mark.parametrize(('robot', 'cycles'), [('arm', 1), ('arm', 4), ('pendulum', 1)])
def test_cycles_dead_time_and_lag_of_a_simulated_robot_add_up(robot: str, cycles: int) -> None:
    report = command_latency(recorded(robot, cycles))

    assert report.seconds is not None
    assert abs(report.seconds - (cycles - 1) * 0.005 - DRIVE) < 0.001
    for name in report.usable:
        assert abs(report.delays[name].seconds - (cycles - 1) * 0.005 - DRIVE) < 0.001, name
    assert len(report.usable) >= len(report.delays) - 1


def test_a_slow_drive_does_not_hide_behind_its_loop() -> None:
    report = command_latency(recorded('arm', 1, lag=0.010))

    for name, delay in report.delays.items():
        assert abs(delay.seconds - 0.002 - 0.010) < 0.001, name


def test_half_the_hold_is_added_and_steps_are_counted(arm: Recording) -> None:
    report = command_latency(arm)

    assert report.hold == pytest.approx(0.005)
    assert report.latency is not None
    assert abs(report.latency - DRIVE - 0.0025) < 0.001
    assert report.steps(0.001) in {7, 8}
    assert report.steps(1.0) == 1


def test_a_probe_on_top_of_feedback_tells_as_well() -> None:
    def damping(run: 'SimulatedRun') -> np.ndarray:
        return np.asarray(-2.0 * run.velocity[-1])

    report = command_latency(recorded('arm', 4, damping))

    assert report.seconds is not None
    assert abs(report.seconds - 0.015 - DRIVE) < 0.001


def test_a_correction_that_only_follows_the_measurements_is_not_believed() -> None:
    def stiffness(run: 'SimulatedRun') -> np.ndarray:
        return np.asarray(100.0 * (run.reference_position[-1] - run.position[-1]))

    report = command_latency(recorded('arm', 1, stiffness, share=1e-6))

    assert report.seconds is None
    assert 'cannot tell' in report.text(0.005)
    assert any('Add a probe' in problem for problem in report.problems.values())


def test_joint_states_at_the_rate_of_the_command_are_enough(arm: Recording) -> None:
    report = command_latency(thinned(arm, 5))

    assert report.seconds is not None
    assert abs(report.seconds - DRIVE) < 0.001


def test_an_effort_of_the_other_sign_is_said(arm: Recording) -> None:
    report = command_latency(replace(arm, effort=-arm.effort))

    assert set(report.problems.values()) == {'the effort has the opposite sign.'}


def test_a_motor_current_is_noted(arm: Recording) -> None:
    report = command_latency(replace(arm, effort=arm.effort / 20))

    assert report.seconds is not None
    assert any('motor current' in note for note in report.notes)


def test_a_joint_without_probe_does_not_count(arm: Recording) -> None:
    assert arm.command is not None
    effort = arm.command.effort.copy()
    effort[:, 2] = 0.0

    report = command_latency(replace(arm, command=replace(arm.command, effort=effort)))

    assert 'never changes' in report.problems['joint3']
    assert 'joint3' not in report.usable


def test_a_robot_that_follows_later_tracks_later(arm: Recording) -> None:
    assert arm.reference is not None
    stamps = np.arange(4 * len(arm), dtype=np.int64) * 1_000_000
    index = np.tile(np.arange(len(arm)), 4)  # repeated, so that there is enough of it
    reference = make_track(arm.joint_names, stamps, velocity=arm.reference.velocity[index])
    long = replace(rows(arm, index, stamps), reference=reference)
    late = replace(long, stamp_ns=stamps + 40_000_000)

    now, later = tracking_latency(long).seconds, tracking_latency(late).seconds

    assert now is not None
    assert later is not None
    assert abs(later - now - 0.04) < 0.004


def test_without_command_it_says_how_to_record_one(arm: Recording) -> None:
    with pytest.raises(DataError, match='has no command'):
        command_latency(replace(arm, command=None))


def test_joint_states_too_slow_for_the_band_are_refused(arm: Recording) -> None:
    with pytest.raises(DataError, match='joint states at 40 Hz, too slow'):
        command_latency(thinned(arm, 25))


def test_everything_goes_into_the_json(arm: Recording) -> None:
    values = command_latency(arm).to_json(0.01)

    assert values['latency_steps'] == 1
    assert isinstance(values['joints'], dict)
    assert set(values['joints']) == set(arm.joint_names)
