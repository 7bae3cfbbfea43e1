# SPDX-License-Identifier: Apache-2.0
"""Tests for safety/gate.py. All numbers are worked out by hand."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from lstm_dynamics_ros.core.errors import ConfigError, ShapeError, UnknownNameError
from lstm_dynamics_ros.core.state import JointState, Vector
from lstm_dynamics_ros.safety.gate import Gate, SafeCommand
from lstm_dynamics_ros.safety.gate_settings import GateSettings, SAFE_COMMANDS
from lstm_dynamics_ros.safety.joint_limits import JointLimits
from lstm_dynamics_ros.signals.minimum_jerk import smoothstep
import numpy as np
import pytest

FULL = GateSettings(blend=1.0, max_effort_fraction=0.5, max_effort_rate=1e6, fade_in=0.0)
SLOW = replace(FULL, max_effort_fraction=1.0, max_effort_rate=200.0)  # 1 N m per step of 5 ms
NAMES = ('joint1', 'joint2')
LIMITS = JointLimits((-1.0, -2.0), (1.0, 2.0), (2.0, 2.0), (20.0, 10.0))


def once(chosen: GateSettings, torque: list[float], *, confidence: float = 1.0) -> Vector:
    gate = Gate(chosen, (20.0, 10.0), 0.005)
    out = gate.pass_through(np.array(torque), armed=True, confidence=confidence)
    assert out is not None
    return out


def test_disarmed_nothing_comes_out() -> None:
    gate = Gate(FULL, (20.0, 10.0), 0.005)
    assert gate.pass_through(np.array([1.0, 2.0]), armed=False) is None


def state(position: list[float], velocity: list[float]) -> JointState:
    return JointState(0, np.array(position), np.array(velocity), np.zeros(2))


def steps(gate: Gate, torque: list[float], n: int, *, armed: bool = True) -> list[Vector | None]:
    return [gate.pass_through(np.array(torque), armed=armed) for _ in range(n)]


def test_small_torque_passes_unchanged() -> None:
    np.testing.assert_array_equal(once(FULL, [3.0, -4.0]), [3.0, -4.0])


def test_blend_scales() -> None:
    np.testing.assert_allclose(once(replace(FULL, blend=0.1), [3.0, -4.0]), [0.3, -0.4])


def test_blend_comes_before_the_clamp() -> None:
    np.testing.assert_allclose(once(replace(FULL, blend=0.1), [60.0, -60.0]), [6.0, -5.0])


def test_clamp_is_a_share_of_each_limit() -> None:
    np.testing.assert_array_equal(once(FULL, [30.0, -30.0]), [10.0, -5.0])


@pytest.mark.parametrize(
    ('confidence', 'share'), [(0.5, 0.5), (0.0, 0.0), (np.nan, 0.0), (2.0, 0.0)]
)
def test_confidence_scales_and_an_impossible_one_is_none(confidence: float, share: float) -> None:
    out = once(FULL, [4.0, -4.0], confidence=confidence)
    np.testing.assert_allclose(out, [4.0 * share, -4.0 * share])


def test_the_output_changes_no_faster_than_the_rate() -> None:
    gate = Gate(SLOW, (20.0, 10.0), 0.005)
    for expected in ([1.0, -0.4], [2.0, -0.4], [2.5, -0.4], [2.5, -0.4]):
        out = gate.pass_through(np.array([2.5, -0.4]), armed=True)
        assert out is not None
        np.testing.assert_allclose(out, expected)
    assert gate.counters['torque_slewed'] == 2


@pytest.mark.parametrize('bad', [np.nan, np.inf, -np.inf])
def test_torque_that_is_not_finite_counts_as_zero(bad: float) -> None:
    gate = Gate(SLOW, (20.0, 10.0), 0.005)
    gate.pass_through(np.array([1.0, 1.0]), armed=True)
    gate.pass_through(np.array([2.0, 2.0]), armed=True)
    out = gate.pass_through(np.array([2.0, bad]), armed=True)
    assert out is not None
    np.testing.assert_allclose(out, [1.0, 1.0])  # on the way to zero, no faster than the rate
    assert gate.counters['torque_not_finite'] == 1


def test_no_torque_goes_back_to_zero_at_the_rate() -> None:
    gate = Gate(SLOW, (20.0, 10.0), 0.005)
    gate.pass_through(np.array([1.0, 0.5]), armed=True)
    out = gate.pass_through(None, armed=True)
    assert out is not None
    np.testing.assert_allclose(out, [0.0, 0.0])


def test_after_disarming_it_starts_from_zero_again() -> None:
    gate = Gate(SLOW, (20.0, 10.0), 0.005)
    for _ in range(5):
        gate.pass_through(np.array([5.0, 5.0]), armed=True)
    while gate.pass_through(np.array([5.0, 5.0]), armed=False) is not None:
        pass
    out = gate.pass_through(np.array([5.0, 5.0]), armed=True)
    assert out is not None
    np.testing.assert_allclose(out, [1.0, 1.0])


def test_a_joint_without_a_limit_gets_nothing() -> None:
    gate = Gate(FULL, (20.0, None), 0.005)
    out = gate.pass_through(np.array([3.0, 3.0]), armed=True)
    assert out is not None
    np.testing.assert_array_equal(out, [3.0, 0.0])
    assert np.flatnonzero(np.isinf(gate.limits.effort)).tolist() == [1]


def test_the_caller_cannot_change_what_the_gate_remembers() -> None:
    gate = Gate(SLOW, (20.0, 10.0), 0.005)
    out = gate.pass_through(np.array([5.0, 5.0]), armed=True)
    assert out is not None
    out[:] = 19.0
    again = gate.pass_through(np.array([5.0, 5.0]), armed=True)
    assert again is not None
    np.testing.assert_allclose(again, [2.0, 2.0])


def test_torque_of_another_length_is_refused() -> None:
    with pytest.raises(ShapeError, match=r'\(2,\), got \(3,\)'):
        once(FULL, [1.0, 2.0, 3.0])


def test_a_period_must_be_positive() -> None:
    with pytest.raises(ConfigError, match='control period'):
        Gate(FULL, (20.0, 10.0), 0.0)


def test_after_arming_the_torque_fades_in_without_a_kink() -> None:
    gate = Gate(replace(FULL, fade_in=0.02), (20.0, 10.0), 0.005)
    outs = np.array(steps(gate, [4.0, -4.0], 5))
    shares = np.array([0.15625, 0.5, 0.84375, 1.0, 1.0])  # 3 x^2 - 2 x^3 at 1/4, 1/2, 3/4
    np.testing.assert_allclose(outs, shares[:, None] * [4.0, -4.0])


def test_a_change_of_blend_is_ramped() -> None:
    slow = replace(FULL, blend=0.0, fade_in=0.02, fade_out=0.01)
    gate = Gate(slow, (20.0, 10.0), 0.005)
    steps(gate, [4.0, -4.0], 10)
    gate.settings = replace(slow, blend=0.75)
    up = np.array(steps(gate, [4.0, -4.0], 4))
    gate.settings = replace(slow, blend=0.0)
    down = np.array(steps(gate, [4.0, -4.0], 2))
    np.testing.assert_allclose(up[:, 0], [1.0, 2.0, 3.0, 3.0])
    np.testing.assert_allclose(down[:, 0], [1.0, 0.0])


def test_only_enabled_joints_get_torque_and_others_join_by_a_ramp() -> None:
    one = replace(FULL, enabled_joints=('joint2',), fade_in=0.01)
    gate = Gate(one, (20.0, 10.0), 0.005, joint_names=NAMES)
    outs = np.array(steps(gate, [4.0, -4.0], 2))
    np.testing.assert_allclose(outs[-1], [0.0, -4.0])
    gate.settings = replace(one, enabled_joints=())
    np.testing.assert_allclose(np.array(steps(gate, [4.0, -4.0], 2))[:, 0], [2.0, 4.0])


def test_an_unknown_enabled_joint_is_refused_and_the_settings_stay() -> None:
    gate = Gate(FULL, (20.0, 10.0), 0.005, joint_names=NAMES)
    with pytest.raises(UnknownNameError, match=r"'elbow'\. Known: joint1, joint2"):
        gate.settings = replace(FULL, enabled_joints=('elbow',))
    assert gate.settings is FULL


def test_the_safe_command_ramp_ends_at_zero_and_in_silence() -> None:
    gate = Gate(replace(FULL, fade_out=0.02), (20.0, 10.0), 0.005)
    steps(gate, [4.0, -4.0], 3)
    *ramp, end, silence = steps(gate, [4.0, -4.0], 5, armed=False)
    np.testing.assert_allclose(np.array(ramp)[:, 0], [3.375, 2.0, 0.625])
    np.testing.assert_array_equal(np.asarray(end), [0.0, 0.0])
    assert silence is None
    assert gate.silent


def test_the_ramp_takes_as_long_as_the_rate_needs() -> None:
    gate = Gate(replace(SLOW, fade_out=0.0), (20.0, 10.0), 0.005)  # 5 N m at 200 N m/s
    steps(gate, [5.0, 5.0], 10)
    outs = [out for out in steps(gate, [5.0, 5.0], 30, armed=False) if out is not None]
    assert len(outs) == 8  # 1.5 * 5 / 200 s: the steepest part of a smooth step
    changes = np.diff([5.0, *np.array(outs)[:, 0]])
    assert (np.abs(changes) <= 1.0 + 1e-12).all()
    np.testing.assert_array_equal(outs[-1], [0.0, 0.0])


def test_the_safe_command_zero_is_sent_once() -> None:
    gate = Gate(replace(SLOW, safe_command='zero'), (20.0, 10.0), 0.005)
    steps(gate, [4.0, -4.0], 10)
    zero, silence = steps(gate, [4.0, -4.0], 2, armed=False)
    np.testing.assert_array_equal(np.asarray(zero), [0.0, 0.0])
    assert silence is None


@pytest.mark.parametrize(('period', 'held'), [(0.005, 4), (0.02, 1), (0.03, 0)])
def test_the_safe_command_hold_lasts_at_most_20_ms(period: float, held: int) -> None:
    gate = Gate(replace(FULL, safe_command='hold'), (20.0, 10.0), period)
    steps(gate, [4.0, -4.0], 3)
    outs = steps(gate, [9.0, 9.0], held + 2, armed=False)
    np.testing.assert_array_equal(np.array(outs[:-1]), [[4.0, -4.0]] * held + [[0.0, 0.0]])
    assert outs[-1] is None


def test_a_disarmed_gate_that_never_sent_stays_silent() -> None:
    gate = Gate(FULL, (20.0, 10.0), 0.005)
    assert gate.silent
    assert steps(gate, [4.0, -4.0], 3, armed=False) == [None] * 3


def test_armed_again_on_the_way_to_zero_it_goes_on_from_there_at_the_rate() -> None:
    gate = Gate(replace(SLOW, fade_in=1.0, fade_out=0.1), (20.0, 10.0), 0.005)
    steps(gate, [10.0, 10.0], 300)
    before = steps(gate, [10.0, 10.0], 8, armed=False)[-1]
    after = steps(gate, [10.0, 10.0], 1)[0]
    np.testing.assert_allclose(np.asarray(after), np.asarray(before) - 1.0)


def test_bad_torque_in_a_row_is_counted_until_a_good_one() -> None:
    gate = Gate(FULL, (20.0, 10.0), 0.005)
    steps(gate, [1.0, np.nan], 3)
    assert gate.bad_in_a_row == 3
    steps(gate, [1.0, 1.0], 1)
    assert gate.bad_in_a_row == 0
    assert gate.counters['torque_not_finite'] == 3


def test_bad_torque_is_counted_while_it_is_only_watched() -> None:
    gate = Gate(FULL, (20.0, 10.0), 0.005)
    steps(gate, [np.inf, 1.0], 2, armed=False)
    assert gate.bad_in_a_row == 2


def test_it_says_which_joints_were_cut_and_by_what() -> None:
    gate = Gate(SLOW, (20.0, 10.0), 0.005)
    steps(gate, [0.5, 30.0], 1)
    assert gate.limiter.clamped.tolist() == [False, True]
    assert gate.limiter.slewed.tolist() == [False, True]
    assert gate.limiter.cut
    steps(gate, [0.5, 0.5], 1)
    assert not gate.limiter.cut


def test_a_long_time_at_the_clamp_is_reported_once() -> None:
    gate = Gate(replace(FULL, saturation_time=0.02), (20.0, 10.0), 0.005)
    too_long = []
    for torque in (30.0,) * 8 + (1.0,):
        steps(gate, [torque, 0.0], 1)
        too_long.append(gate.saturated_too_long)
    assert too_long == [False] * 4 + [True] * 4 + [False]
    assert gate.counters['sustained_saturation'] == 1


def test_at_a_position_limit_only_torque_inward_passes() -> None:
    gate = Gate(FULL, (20.0, 10.0), 0.005, limits=LIMITS)
    at_limits = state([1.0, -2.0], [0.0, 0.0])
    outward = gate.pass_through(np.array([3.0, -3.0]), armed=True, measured=at_limits)
    np.testing.assert_array_equal(np.asarray(outward), [0.0, 0.0])
    assert gate.limiter.limited.tolist() == [True, True]
    inward = gate.pass_through(np.array([-3.0, 3.0]), armed=True, measured=at_limits)
    np.testing.assert_array_equal(np.asarray(inward), [-3.0, 3.0])
    assert not gate.limiter.limited.any()


def test_with_limits_nothing_passes_without_a_measurement() -> None:
    gate = Gate(FULL, (20.0, 10.0), 0.005, limits=LIMITS)
    np.testing.assert_array_equal(np.asarray(steps(gate, [3.0, 3.0], 1)[0]), [0.0, 0.0])


def test_of_two_effort_limits_the_smaller_counts() -> None:
    nothing = (None, None)
    limits = JointLimits(nothing, nothing, nothing, (4.0, None))
    gate = Gate(FULL, (20.0, None), 0.005, limits=limits)
    assert np.flatnonzero(np.isinf(gate.limits.effort)).tolist() == [1]
    out = gate.pass_through(
        np.array([9.0, 9.0]), armed=True, measured=state([0.0, 0.0], [0.0, 0.0])
    )
    np.testing.assert_array_equal(np.asarray(out), [2.0, 0.0])


def test_the_energy_given_to_the_robot_stays_within_the_budget() -> None:
    gate = Gate(replace(FULL, energy_budget=2.0), (20.0, 10.0), 0.005)
    velocity = np.array([1.5, -0.5])
    energy = 0.0
    for _ in range(2000):
        out = gate.pass_through(
            np.array([4.0, -4.0]), armed=True, measured=state([0.0, 0.0], velocity.tolist())
        )
        energy += float(np.asarray(out) @ velocity) * 0.005
    assert 1.9 < energy <= 2.0
    assert gate.counters['energy_spent'] > 0


def test_with_an_empty_budget_torque_against_the_motion_still_passes() -> None:
    gate = Gate(replace(FULL, energy_budget=1e-6), (20.0, 10.0), 0.005)
    moving = state([0.0, 0.0], [1.0, 1.0])
    for _ in range(3):
        gate.pass_through(np.array([5.0, 0.0]), armed=True, measured=moving)
    out = gate.pass_through(np.array([4.0, -1.0]), armed=True, measured=moving)
    np.testing.assert_allclose(np.asarray(out), [0.0, -1.0], atol=1e-12)


numbers = st.floats(allow_nan=True, allow_infinity=True, width=64)
pairs = st.tuples(numbers, numbers)
ticks = st.lists(
    st.tuples(pairs, st.booleans(), numbers, pairs, pairs, st.booleans()), max_size=40
)


@settings(max_examples=150, deadline=None)
@given(ticks, st.sampled_from(['ramp', 'hold']), st.sampled_from([0.0, 5.0]))
def test_whatever_comes_in_no_limit_is_exceeded_by_what_goes_out(
    ticks: list[tuple[list[float], bool, float, list[float], list[float], bool]],
    safe_command: str,
    budget: float,
) -> None:
    gate = Gate(
        replace(SLOW, fade_in=0.02, safe_command=safe_command, energy_budget=budget),
        (20.0, 10.0),
        0.005,
        limits=LIMITS,
    )
    last = np.zeros(2)
    for torque, armed, confidence, position, velocity, known in ticks:
        measured = state(list(position), list(velocity)) if known else None
        with np.errstate(all='ignore'):
            out = gate.pass_through(
                np.array(torque), armed=armed, confidence=confidence, measured=measured
            )
        if out is None:
            np.testing.assert_array_equal(last, [0.0, 0.0])
            continue
        assert np.isfinite(out).all()
        assert (np.abs(out) <= [20.0, 10.0]).all()
        if safe_command == 'ramp' or armed:
            assert (np.abs(out - last) <= 1.0 + 1e-12).all()
        if measured is not None:  # outward at a limit: never more than before
            grows = np.abs(out) > np.abs(last) + 1e-12
            for i, limit in enumerate((1.0, 2.0)):
                high = position[i] >= limit and velocity[i] >= 0 and out[i] > 0
                low = position[i] <= -limit and velocity[i] <= 0 and out[i] < 0
                fast = abs(velocity[i]) > 2.0 and out[i] * np.sign(velocity[i]) > 0
                assert not ((high or low or fast) and grows[i])
        last = out


def commands(kind: str, fade_out: float = 0.02, period: float = 0.005) -> list[list[float]]:
    safe = SafeCommand(kind, np.array([8.0, -4.0]), fade_out, period)
    out = []
    while not safe.complete:
        out.append(safe.step().tolist())
    return out


def test_a_ramp_is_smooth_and_ends_at_zero() -> None:
    np.testing.assert_allclose(
        commands('ramp'), [[6.75, -3.375], [4.0, -2.0], [1.25, -0.625], [0.0, 0.0]]
    )


def test_a_ramp_shorter_than_a_period_is_zero_at_once() -> None:
    assert commands('ramp', fade_out=0.0) == [[0.0, 0.0]]


def test_zero_is_one_command() -> None:
    assert commands('zero') == [[0.0, 0.0]]


@pytest.mark.parametrize(('period', 'held'), [(0.001, 20), (0.005, 4), (0.008, 2), (0.05, 0)])
def test_hold_lasts_at_most_20_ms(period: float, held: int) -> None:
    assert commands('hold', period=period) == [[8.0, -4.0]] * held + [[0.0, 0.0]]


@pytest.mark.parametrize('kind', SAFE_COMMANDS)
def test_every_way_ends_at_zero_and_stays_there(kind: str) -> None:
    safe = SafeCommand(kind, np.array([8.0, -4.0]), 0.02, 0.005)
    outs = [safe.step().tolist() for _ in range(30)]
    assert outs[-1] == [0.0, 0.0]
    assert safe.complete


def test_the_smooth_step_is_the_cubic_between_0_and_1() -> None:
    assert [smoothstep(x) for x in (-1.0, 0.0, 0.25, 0.5, 1.0, 2.0)] == [0, 0, 0.15625, 0.5, 1, 1]
