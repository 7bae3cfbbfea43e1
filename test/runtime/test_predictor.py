# SPDX-License-Identifier: Apache-2.0
"""Tests for runtime/predictor.py."""

from collections.abc import Callable
from typing import Any

from lstm_dynamics_ros.core.errors import ConfigError, ModelFileError, ShapeError
from lstm_dynamics_ros.core.state import JointState
from lstm_dynamics_ros.runtime import predictor as predictor_module
from lstm_dynamics_ros.runtime.model_file import load_model, LoadedModel
from lstm_dynamics_ros.runtime.predictor import Predictor
from lstm_dynamics_ros.signals.time_grid import GridPoint
import numpy as np
import pytest

Load = Callable[..., LoadedModel]


def point(index: int, value: float = 0.3, *, restarted: bool = False) -> GridPoint:
    """Return a grid point with smooth, bounded signals of two joints."""
    phase = 0.1 * index + np.array([0.0, 1.0])
    state = JointState(
        index * 5_000_000, value * np.sin(phase), value * np.cos(phase), np.sin(2 * phase)
    )
    return GridPoint(index, state, restarted, False)


@pytest.mark.parametrize('cell', ['lstm', 'gru'])
def test_predictions_are_those_of_the_textbook_equations(
    load: Load, textbook: Callable[..., Any], cell: str
) -> None:
    predictor, numbers = Predictor(load(cell=cell)), textbook(cell=cell)
    state = numbers.zero(1)
    for k in range(100):
        now = point(k)
        obs = np.concatenate([now.state.position, now.state.velocity, now.state.effort])[None]
        expected, state = numbers.step(obs, state)
        np.testing.assert_allclose(predictor.update(now), expected[0], rtol=1e-5, atol=1e-6)


def test_it_is_warm_after_the_washout(load: Load) -> None:
    predictor = Predictor(load(washout=3))
    warm = []
    for k in range(5):
        predictor.update(point(k))
        warm.append(predictor.warm)
    assert warm == [False, False, True, True, True]


def test_a_model_without_washout_is_not_warm_before_the_first_point(load: Load) -> None:
    predictor = Predictor(load(washout=0))
    assert not predictor.warm
    predictor.update(point(0))
    assert predictor.warm


def test_a_restarted_point_makes_it_forget(load: Load) -> None:
    loaded = load()
    used, fresh = Predictor(loaded), Predictor(loaded)
    for k in range(20):
        used.update(point(k))
    again = used.update(point(50, restarted=True))
    np.testing.assert_array_equal(again, fresh.update(point(50, restarted=True)))
    assert used.seen == 1
    assert used.counters['resets'] == 1


def test_the_horizon_leaves_the_memory_as_it_is(load: Load) -> None:
    loaded = load()
    looking, plain = Predictor(loaded), Predictor(loaded)
    for k in range(30):
        np.testing.assert_array_equal(looking.update(point(k)), plain.update(point(k)))
        looking.horizon(7)
        first = looking.horizon(7, 'hold')
        np.testing.assert_array_equal(first, looking.horizon(7, 'hold'))


def test_the_horizon_begins_with_the_last_prediction(load: Load) -> None:
    predictor = Predictor(load())
    for k in range(3):
        prediction = predictor.update(point(k))
    np.testing.assert_array_equal(predictor.horizon(4)[0], prediction)


def test_the_horizon_is_what_updates_with_its_own_rows_would_give(load: Load) -> None:
    loaded = load()
    looking, stepping = Predictor(loaded), Predictor(loaded)
    for k in range(10):
        looking.update(point(k))
        row = stepping.update(point(k))
    for k, expected in enumerate(looking.horizon(8)):
        np.testing.assert_allclose(row, expected, rtol=1e-6)
        state = JointState(0, row[:2], row[2:4], row[4:])
        row = stepping.update(GridPoint(10 + k, state, False, False))


def test_given_effort_is_used(load: Load) -> None:
    predictor = Predictor(load())
    predictor.update(point(0))
    held = predictor.horizon(3, 'hold')
    same = predictor.horizon(3, np.tile(point(0).state.effort, (2, 1)))
    np.testing.assert_allclose(same, held, rtol=1e-6)
    assert not np.allclose(predictor.horizon(3, np.full((2, 2), 9.0))[2, 2:4], held[2, 2:4])


def test_given_effort_of_another_shape_is_refused(load: Load) -> None:
    predictor = Predictor(load())
    predictor.update(point(0))
    with pytest.raises(ShapeError, match='Future effort'):
        predictor.horizon(3, np.zeros(2))
    with pytest.raises(ShapeError, match='Future effort'):
        predictor.horizon(3, np.zeros((3, 2)))


def test_a_horizon_before_the_first_step_is_refused(load: Load) -> None:
    with pytest.raises(ConfigError, match='there is none yet: step first'):
        Predictor(load()).horizon(3)


@pytest.mark.parametrize('value', [np.nan, 0.3])
def test_there_is_no_horizon_where_there_is_no_prediction(load: Load, value: float) -> None:
    predictor = Predictor(load())
    predictor.update(point(0, value))
    predictor.reset()
    assert predictor.horizon(3).shape == (3, 6)
    assert np.isnan(predictor.horizon(3)).all()


def test_a_model_may_be_given_by_name_or_by_path(load: Load) -> None:
    loaded = load()
    assert Predictor(loaded.path).card == loaded.card
    assert Predictor('pendulum_forward').card == load_model('pendulum_forward').card
    with pytest.raises(ModelFileError, match=r'there is no such file. Models that come along: '):
        Predictor('pendulum_forwrad')


@pytest.mark.parametrize('bad', [np.nan, np.inf, -np.inf, 1e300, 1e10])
def test_what_is_not_finite_never_reaches_the_hidden_state(load: Load, bad: float) -> None:
    loaded = load()
    hurt, fresh = Predictor(loaded), Predictor(loaded)
    hurt.update(point(0))
    wrong = point(1)
    wrong.state.velocity[1] = bad
    assert np.isnan(hurt.update(wrong)).all()
    assert not hurt.valid
    assert hurt.counters['input_not_finite'] == 1
    np.testing.assert_array_equal(hurt.update(point(2)), fresh.update(point(2)))
    assert hurt.valid


def test_a_hidden_state_that_is_not_finite_is_thrown_away(load: Load) -> None:
    loaded = load()
    hurt, fresh = Predictor(loaded), Predictor(loaded)
    hurt.update(point(0))
    hurt._step.buffers[1][:] = np.nan  # of c; the kernels of onnxruntime hide NaN in h
    assert np.isnan(hurt.update(point(1))).all()
    assert hurt.counters['output_not_finite'] == 1
    assert not hurt.valid
    np.testing.assert_array_equal(hurt.update(point(2)), fresh.update(point(2)))


def test_a_hidden_state_that_grows_without_bound_is_thrown_away(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    predictor = Predictor(load())
    monkeypatch.setattr(predictor_module, 'LARGEST_STATE', 1e-3)
    assert np.isnan(predictor.update(point(0))).all()
    assert predictor.counters['state_too_large'] == 1
    assert predictor.seen == 0


def test_an_inverse_model_predicts_effort_for_the_same_point(load: Load) -> None:
    predictor = Predictor(load(kind='inverse'))
    effort = predictor.update(point(3))
    assert effort.shape == (2,)
    state = predictor.as_state(effort, 15_000_000)
    np.testing.assert_array_equal(state.effort, effort)
    assert np.isnan(state.position).all()
    assert np.isnan(state.velocity).all()
    with pytest.raises(ConfigError, match='Only a forward model'):
        predictor.horizon(3)


def test_a_prediction_becomes_a_joint_state(load: Load) -> None:
    predictor = Predictor(load(with_effort_target=False))
    state = predictor.as_state(np.array([1.0, 2.0, 3.0, 4.0]), 7)
    assert state.stamp_ns == 7
    np.testing.assert_array_equal(state.position, [1.0, 2.0])
    np.testing.assert_array_equal(state.velocity, [3.0, 4.0])
    assert np.isnan(state.effort).all()


@pytest.mark.parametrize('cell', ['lstm', 'gru'])
def test_a_peek_is_what_an_update_with_that_observation_would_have_said(
    load: Load, cell: str
) -> None:
    loaded = load(cell=cell)
    looking = Predictor(loaded)
    rows = np.random.default_rng(3).normal(size=(4, len(loaded.card.features)))
    expected = []
    for row in rows:
        other = Predictor(loaded)
        for k in range(7):
            other.update(point(k))
        expected.append(other.update(point(7), row))
    for k in range(8):
        looking.update(point(k))
    for _ in range(2):
        np.testing.assert_allclose(looking.peek(rows), expected, rtol=1e-6)


def test_a_peek_at_the_newest_observation_is_the_prediction(load: Load) -> None:
    predictor = Predictor(load())
    for k in range(5):
        prediction = predictor.update(point(k, restarted=k == 2))
        peeked = predictor.peek(np.tile(predictor.observation, (3, 1)))
        np.testing.assert_allclose(peeked, np.tile(prediction, (3, 1)), rtol=1e-6)


def test_a_peek_leaves_the_memory_as_it_is(load: Load) -> None:
    loaded = load()
    looking, plain = Predictor(loaded), Predictor(loaded)
    for k in range(20):
        np.testing.assert_array_equal(looking.update(point(k)), plain.update(point(k)))
        rows = np.full((1 + k % 2, len(loaded.card.features)), 0.5)
        looking.peek(rows)


def test_there_is_nothing_to_peek_at_before_the_first_point(load: Load) -> None:
    predictor = Predictor(load())
    assert np.isnan(predictor.peek(np.zeros((2, 6)))).all()


def test_a_row_that_is_not_believable_spoils_no_other(load: Load) -> None:
    predictor = Predictor(load())
    predictor.update(point(0))
    rows = np.tile(predictor.observation, (3, 1))
    expected = predictor.peek(rows)
    rows[1] = np.nan, 1e300, 0.0, 0.0, 0.0, 0.0
    peeked = predictor.peek(rows)
    assert np.isnan(peeked[1]).all()
    np.testing.assert_array_equal(peeked[[0, 2]], expected[[0, 2]])


def test_rows_that_do_not_fit_are_refused(load: Load) -> None:
    predictor = Predictor(load())
    predictor.update(point(0))
    with pytest.raises(ShapeError, match='Observations'):
        predictor.peek(np.zeros((2, 5)))


def test_a_step_of_plain_arrays_is_an_update_with_the_same_state(load: Load) -> None:
    loaded = load()
    plain, following = Predictor(loaded), Predictor(loaded)
    for k in range(10):
        state = point(k).state
        stepped = plain.step(state.position.tolist(), state.velocity, tuple(state.effort))
        np.testing.assert_array_equal(stepped, following.update(point(k)))
    assert plain.seen == 10


def test_a_step_without_what_the_model_is_fed_is_refused(load: Load) -> None:
    with pytest.raises(ConfigError, match='is fed effort, which was left out'):
        Predictor(load()).step(np.zeros(2), np.zeros(2))


def test_a_step_with_the_wrong_number_of_joints_is_refused(load: Load) -> None:
    with pytest.raises(ShapeError, match=r'The velocity must have shape \(2,\), got \(3,\)'):
        Predictor(load()).step(np.zeros(2), np.zeros(3), np.zeros(2))


def test_a_step_of_a_model_that_is_fed_an_acceleration_is_refused() -> None:
    with pytest.raises(ConfigError, match='is fed acceleration, which follows from more'):
        Predictor(load_model('arm_memoryless')).step(np.zeros(7), np.zeros(7), np.zeros(7))
