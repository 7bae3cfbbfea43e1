# SPDX-License-Identifier: Apache-2.0
"""What is scored, and how errors are pooled."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from lstm_dynamics_ros.core.errors import DataError, TooShortError
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.evaluation.forecasters import CAUSAL, Forecaster, Forecasts, KNOWN_TORQUE
from lstm_dynamics_ros.evaluation.forecasters.base import Starts
from lstm_dynamics_ros.evaluation.forecasters.naive import Persistence
from lstm_dynamics_ros.evaluation.metrics import MetricError
from lstm_dynamics_ros.evaluation.scores.horizons import horizon_scores
import numpy as np
from numpy.testing import assert_allclose
import pytest


class Off(Forecaster):
    """Knows the future, and is off by a constant."""

    def __init__(self, by: float, name: str = 'model', past: int = 1) -> None:
        self.by, self.name, self.lookback_steps = by, name, past

    def forecast(
        self, segment: Segment, starts: Starts, horizons: Sequence[int], *, mode: str
    ) -> Forecasts:
        del mode
        at = starts[:, None] + np.asarray(horizons)
        return {'position': segment.position[at] + self.by, 'velocity': segment.velocity[at]}


class Either(Off):
    """Has two ways to go on in causal mode."""

    def candidates(self, mode: str) -> tuple[Forecaster, ...]:
        if mode == KNOWN_TORQUE:
            return (self,)
        held, predicted = Off(0.5, self.name), Off(0.2, self.name)
        held.effort_source, predicted.effort_source = 'held', 'predicted'
        return held, predicted


@pytest.fixture
def walk(make_segment: Callable[..., Segment]) -> Callable[..., Segment]:
    def make(n: int = 200, seed: int = 0, scale: float = 1.0, **more: object) -> Segment:
        rng = np.random.default_rng(seed)
        q, dq = scale * rng.normal(size=(2, n, 2))
        return make_segment(q, dq, **more)

    return make


def test_errors_are_pooled_over_variance_of_all_targets(walk: Callable[..., Segment]) -> None:
    runs = [walk(100, 1, name='a'), walk(300, 2, scale=5.0, name='b')]
    scores = horizon_scores([Off(0.5)], runs, mode=CAUSAL, horizons=(3,), stride=1)
    targets = np.concatenate([run.position[3:] for run in runs])
    expected = 0.25 / targets.var(axis=0)
    entry = scores.entries['position', 3, 'model']
    assert_allclose(entry.nmse_per_joint, expected)
    assert_allclose(entry.nmse, expected.mean())
    assert_allclose(entry.rmse_per_joint, 0.5)
    assert scores.starts == 97 + 297


def test_each_trajectory_has_its_own_error_over_the_common_variance(
    walk: Callable[..., Segment],
) -> None:
    runs = [walk(100, 1, name='a'), walk(100, 2, name='b')]
    shifted = replace(runs[1], position=runs[1].position + 100.0)
    scores = horizon_scores(
        [Off(0.5), Persistence()], [runs[0], shifted], mode=CAUSAL, horizons=(1,), stride=1
    )
    by = scores.entries['position', 1, 'model'].nmse_per_trajectory
    assert by['a'] == pytest.approx(by['b'])
    variance = np.concatenate([runs[0].position[1:], shifted.position[1:]]).var(axis=0)
    assert by['a'] == pytest.approx((0.25 / variance).mean())


def test_starts_keep_to_washout_stride_and_end(walk: Callable[..., Segment]) -> None:
    scores = horizon_scores(
        [Off(0.0, past=11)], [walk(100)], mode=CAUSAL, horizons=(1, 20), stride=10
    )
    assert scores.starts == len(range(10, 80, 10))


def test_every_forecaster_gets_the_starts_of_the_one_that_needs_most(
    walk: Callable[..., Segment],
) -> None:
    both = [Off(0.0, past=40), Off(0.0, 'other', past=2)]
    scores = horizon_scores(both, [walk(100)], mode=CAUSAL, horizons=(1,), stride=1)
    assert scores.starts == 60


def test_targets_and_past_avoid_bridged_rows(walk: Callable[..., Segment]) -> None:
    run = walk(100)
    filled = run.filled.copy()
    filled[50] = True
    scores = horizon_scores(
        [Off(0.0, past=5)], [replace(run, filled=filled)], mode=CAUSAL, horizons=(3,), stride=1
    )
    # Starts 4 ... 96; those whose rows start-4 ... start+3 hold row 50 fall out: 47 ... 54.
    assert scores.starts == 93 - 8


def test_truth_replaces_the_targets_and_gives_the_noise_floor(
    walk: Callable[..., Segment],
) -> None:
    truth = walk(400, start_index=90)
    noise = np.where(np.arange(400)[:, None] % 2, 0.1, -0.1)
    run = replace(
        truth.rows(10, 400),
        position=truth.position[10:] + noise[10:],
        velocity=truth.velocity[10:] - 2 * noise[10:],
    )
    scores = horizon_scores([Off(0.0)], [run], mode=CAUSAL, truth=[truth], horizons=(1,), stride=1)
    variance = truth.position[11:].var(axis=0)
    assert_allclose(scores.entries['position', 1, 'model'].nmse, (0.01 / variance).mean())
    assert_allclose(scores.noise_floor['position', 1], (0.01 / variance).mean())
    floor = (0.04 / truth.velocity[11:].var(axis=0)).mean()
    assert_allclose(scores.noise_floor['velocity', 1], floor)
    assert scores.scored_against == 'truth'


def test_truth_that_does_not_cover_a_segment_is_refused(walk: Callable[..., Segment]) -> None:
    run = walk(100, start_index=5)
    with pytest.raises(DataError, match='No truth covers run from grid point 5, 100 rows'):
        horizon_scores([Off(0.0)], [run], mode=CAUSAL, truth=[run.rows(1, 100)])


def test_continuous_joints_are_compared_the_short_way_round(
    make_segment: Callable[..., Segment],
) -> None:
    turn = 0.1 * np.arange(400)[:, None]
    wrapped = (turn + np.pi) % (2 * np.pi) - np.pi
    run = make_segment(wrapped, joint_types=('continuous',))
    scores = horizon_scores([Persistence()], [run], mode=CAUSAL, horizons=(10,), stride=1)
    entry = scores.entries['position', 10, 'persistence']
    assert_allclose(entry.rmse_per_joint, 1.0)
    assert_allclose(entry.nmse, 1.0 / turn[10:].var())


def test_the_better_candidate_counts_and_is_named(walk: Callable[..., Segment]) -> None:
    runs = [walk(100)]
    causal = horizon_scores([Either(1.0)], runs, mode=CAUSAL, horizons=(1,), stride=1)
    entry = causal.entries['position', 1, 'model']
    assert_allclose(entry.rmse_per_joint, 0.2)
    assert entry.effort_source == 'predicted'
    known = horizon_scores([Either(1.0)], runs, mode=KNOWN_TORQUE, horizons=(1,), stride=1)
    assert_allclose(known.entries['position', 1, 'model'].rmse_per_joint, 1.0)


def test_still_joints_are_left_out_and_named(walk: Callable[..., Segment]) -> None:
    run = walk(100)
    position = run.position.copy()
    position[:, 1] = 0.3
    scores = horizon_scores(
        [Off(0.5)], [replace(run, position=position)], mode=CAUSAL, horizons=(1,), stride=1
    )
    entry = scores.entries['position', 1, 'model']
    assert scores.still_joints == ('joint2',)
    assert np.isnan(entry.nmse_per_joint[1])
    assert entry.nmse == pytest.approx(0.25 / position[1:, 0].var())


def test_without_velocity_only_position_is_scored(walk: Callable[..., Segment]) -> None:
    run = walk(100)
    blind = replace(run, velocity=np.full_like(run.velocity, np.nan))
    scores = horizon_scores([Persistence()], [blind], mode=CAUSAL, horizons=(1,))
    assert scores.kinds == ('position',)


def test_too_short_segments_say_how_long_they_must_be(walk: Callable[..., Segment]) -> None:
    with pytest.raises(TooShortError, match=r'is 0.10 s, but one window needs 0.26 s'):
        horizon_scores([Off(0.0)], [walk(20)], mode=CAUSAL, horizons=(51,))


def test_a_forecast_that_is_not_a_number_is_refused(walk: Callable[..., Segment]) -> None:
    with pytest.raises(MetricError, match='forecast of position in run is not a number'):
        horizon_scores([Off(np.nan)], [walk(100)], mode=CAUSAL, horizons=(1,))


@pytest.mark.parametrize('kind', ['revolute', 'continuous'])
def test_an_infinite_forecast_diverged(walk: Callable[..., Segment], kind: str) -> None:
    run = walk(100, joint_types=(kind,) * 2)
    scores = horizon_scores([Off(0.1), Off(np.inf, 'ridge')], [run], mode=CAUSAL, horizons=(1,))
    assert scores.to_json()['diverged'] == {'position': {'1': ['ridge']}, 'velocity': {'1': []}}


def test_joints_in_another_order_are_refused(walk: Callable[..., Segment]) -> None:
    other = replace(walk(100), joint_names=('joint2', 'joint1'))
    with pytest.raises(DataError, match='one joint order'):
        horizon_scores([Off(0.0)], [walk(100), other], mode=CAUSAL)
