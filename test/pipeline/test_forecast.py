# SPDX-License-Identifier: Apache-2.0
"""Tests for forecast.py: bounds and novelty while it runs."""

from collections.abc import Callable
import math
from typing import Any

from lstm_dynamics_ros.core.card import Range
from lstm_dynamics_ros.core.state import RawSample
from lstm_dynamics_ros.pipeline.pipeline import Pipeline, PipelineSettings, Step
from lstm_dynamics_ros.runtime.model_file import LoadedModel
from lstm_dynamics_ros.runtime.novelty import Novelty, WINDOW
import numpy as np
from numpy.testing import assert_allclose, assert_array_equal
from pipeline_feed import moving, run
import pytest

MS = 1_000_000
WASHOUT = 5
STATIC = {'position': [1e-4, 2e-4], 'velocity': [2e-2, 5e-2]}
"""Half-widths of the forward models at a miss rate of 0.1; that of joint 2 is too wide."""

Load = Callable[..., LoadedModel]


@pytest.fixture(scope='module')
def bounded(load: Load) -> LoadedModel:
    """A forward model with bounds of position and velocity, none of effort."""
    return load(bounds={'0.1': {'1': STATIC}})


def sample(k: int) -> RawSample:
    """Return a smooth motion of two joints, one message per step of the model."""
    return moving(5 * k)


def half(tick: Step, kind: str = 'velocity') -> np.ndarray[Any, np.dtype[np.float64]]:
    assert tick.bounds is not None
    values: np.ndarray[Any, np.dtype[np.float64]] = getattr(tick.bounds, kind)
    return values


def test_bounds_begin_with_those_of_the_card(bounded: LoadedModel) -> None:
    first = run(Pipeline(bounded), [sample(0)])[0]
    assert_allclose(half(first, 'position'), STATIC['position'])
    assert_allclose(half(first), STATIC['velocity'])


def test_bounds_carry_the_stamp_of_the_prediction_that_they_are_of(bounded: LoadedModel) -> None:
    for tick in run(Pipeline(bounded), map(sample, range(10))):
        assert tick.bounds is not None
        assert tick.predicted is not None
        assert tick.bounds.stamp_ns == tick.predicted.stamp_ns == tick.stamp_ns + 5 * MS


def test_what_the_model_does_not_bound_is_nan(bounded: LoadedModel) -> None:
    assert np.isnan(half(run(Pipeline(bounded), [sample(0)])[0], 'effort')).all()


def test_bounds_follow_the_errors_once_the_model_is_warm(bounded: LoadedModel) -> None:
    ticks = run(Pipeline(bounded), map(sample, range(200)))
    static = np.array(STATIC['velocity'])
    expected = static.copy()
    missed = np.zeros(2)
    for tick in ticks:
        if tick.warm and tick.error is not None:
            miss = np.abs(tick.error.velocity) > expected
            expected = np.clip(expected + 0.1 * static * (miss - 0.1), 0.1 * static, 10 * static)
            missed += miss
        assert_allclose(half(tick), expected)
    assert (missed > 0).any()
    assert (missed < 150).any()


def test_bounds_do_not_depend_on_the_control_rate(bounded: LoadedModel) -> None:
    every = {tick.stamp_ns: tick for tick in run(Pipeline(bounded), map(sample, range(100)))}
    slow = Pipeline(bounded, PipelineSettings(control_rate=40.0))
    ticks = run(slow, map(sample, range(100)))
    assert len(ticks) == 20
    for tick in ticks:
        assert_array_equal(half(tick), half(every[tick.stamp_ns]))
        assert tick.novelty == every[tick.stamp_ns].novelty


def test_after_a_gap_bounds_begin_again(bounded: LoadedModel) -> None:
    pipeline = Pipeline(bounded)
    before = run(pipeline, map(sample, range(100)))[-1]
    assert not np.array_equal(half(before), STATIC['velocity'])
    after = run(pipeline, [sample(200)])[-1]
    assert_allclose(half(after), STATIC['velocity'])


def test_a_bridged_measurement_teaches_nothing(bounded: LoadedModel) -> None:
    pipeline = Pipeline(bounded)
    before = run(pipeline, map(sample, range(50)))[-1]
    # Of the points 50 to 52 the one in the middle is bridged. A hit is a fall by 0.01, a miss a
    # rise by 0.09: two of them make one of these, three do not.
    after = pipeline.tick([sample(52)])
    assert after is not None
    assert pipeline.counters['filled'] == 1
    fallen = (half(before) - half(after)) / STATIC['velocity']
    assert all(np.isclose(one, [0.02, -0.08, -0.18]).any() for one in fallen)


def test_bounds_of_an_inverse_model_do_not_know_the_error_they_are_of(load: Load) -> None:
    loaded = load(kind='inverse', bounds={'0.1': {'0': {'effort': [1e-6, 1e6]}}})
    ticks = run(Pipeline(loaded), map(sample, range(WASHOUT + 2)))
    warm = [tick for tick in ticks if tick.warm]
    assert warm[0].bounds is not None
    assert warm[0].bounds.stamp_ns == warm[0].stamp_ns
    assert_allclose(half(warm[0], 'effort'), [1e-6, 1e6])
    assert_allclose(half(warm[1], 'effort'), [1.09e-6, 0.99e6])
    assert np.isnan(half(warm[0], 'position')).all()


@pytest.mark.parametrize('kind', ['forward', 'inverse'])
def test_bounds_follow_novelty_and_errors_count_by_that_of_their_prediction(
    load: Load, kind: str
) -> None:
    forward = kind == 'forward'
    target, horizon = ('velocity', '1') if forward else ('effort', '0')
    start = np.array([1.5, 1000.0])
    loaded = load(
        kind=kind,
        bounds={'0.1': {horizon: {target: start.tolist()}}},
        novelty_weights={horizon: {target: (0.0, 1.0)}},
        training_ranges={'velocity.joint1': Range(minimum=-0.4, maximum=0.4, mean=0.0, std=0.2)},
    )
    widest, pipeline = 1.0, Pipeline(loaded)
    scored = Novelty(loaded.card)
    unit, errors, grown = start.copy(), np.full(2, np.nan), np.ones(2)
    where = loaded.card.columns(target, of='targets')
    for k in range(200):
        (tick,) = run(pipeline, [sample(k)])
        newest = np.full(2, np.nan)
        if tick.warm and tick.error is not None:
            newest = getattr(tick.error, target)
        judged = newest / grown if forward else errors
        miss = np.abs(judged) > unit
        step = np.where(np.isnan(judged), 0.0, 0.1 * start * (miss - 0.1))
        unit = np.clip(unit + step, 0.1 * start, 10.0 * start)
        scored.update(tick.observation[None], np.zeros((1, len(loaded.card.targets))))
        grown = np.sqrt(1.0 + scored.excess[0, 1, where])
        errors = newest / grown
        assert_allclose(half(tick, target), unit * grown)
        widest = max(widest, grown[0])
    assert widest > 1.5


def test_other_miss_rates_of_the_card_can_be_asked_for(load: Load) -> None:
    wide = {kind: [3.0 * value for value in values] for kind, values in STATIC.items()}
    loaded = load(bounds={'0.1': {'1': STATIC}, '0.01': {'1': wide}})
    rare = Pipeline(loaded, PipelineSettings(bounds_miss_rate=0.01))
    assert_allclose(half(run(rare, [sample(0)])[0]), wide['velocity'])


@pytest.mark.parametrize(
    ('bounds', 'why'),
    [({}, 'has no bounds'), ({'0.2': {'1': STATIC}}, 'for miss rates from 0.2 to 0.2, got 0.1')],
)
def test_without_bounds_on_the_card_there_are_none_and_it_says_why(
    load: Load, bounds: dict[str, Any], why: str
) -> None:
    pipeline = Pipeline(load(bounds=bounds))
    tick = run(pipeline, map(sample, range(10)))[-1]
    assert tick.predicted is not None
    assert tick.bounds is None
    assert why in pipeline.forecast.uncertainty.why_unbounded


def test_novelty_is_that_of_the_spread_over_the_usual_one(
    load: Load, textbook: Callable[..., Any]
) -> None:
    usual = {'position': [1e-6, 2e-6], 'velocity': [1e-3, 2e-3], 'effort': [0.1, 0.1]}
    ticks = run(Pipeline(load(members=3, spread=usual)), map(sample, range(60)))
    numbers, scale = textbook(), np.concatenate(list(usual.values()))
    state, squares = numbers.zero(1), None
    weight = 1.0 - math.exp(-0.005 / WINDOW)
    for k, tick in enumerate(ticks):
        obs = np.concatenate(sample(k)[2:])[None]
        prediction, state = numbers.step(obs, state)
        ratio = ((prediction - obs @ numbers.linear)[0] / scale) ** 2
        squares = ratio if squares is None else squares + weight * (ratio - squares)
        assert tick.novelty == pytest.approx(math.sqrt(squares.mean()), rel=1e-4)


def test_without_members_novelty_is_one_inside_the_training_range(bounded: LoadedModel) -> None:
    pipeline = Pipeline(bounded)
    assert {tick.novelty for tick in run(pipeline, map(sample, range(20)))} == {1.0}
    fast = sample(20)._replace(velocity=[4.8, 0.0])  # the range is +-4: 10 % outside
    assert run(pipeline, [fast])[-1].novelty == pytest.approx(2.0)


def test_there_is_no_novelty_where_the_model_could_not_be_used(
    bounded: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = Pipeline(bounded)
    run(pipeline, map(sample, range(20)))

    def explode() -> None:
        raise RuntimeError('out of memory')

    monkeypatch.setattr(pipeline.model_tracker.predictor._step, 'step', explode)
    tick = run(pipeline, [sample(20)])[-1]
    assert tick.predicted is None
    assert math.isnan(tick.novelty)
    assert tick.bounds is None
