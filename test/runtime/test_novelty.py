# SPDX-License-Identifier: Apache-2.0
"""Tests for novelty.py, against the formula written out by hand."""

from collections.abc import Callable
from dataclasses import replace
import math
import tracemalloc

from lstm_dynamics_ros.core.card import ModelCard
from lstm_dynamics_ros.runtime.model_file import LoadedModel
from lstm_dynamics_ros.runtime.novelty import (
    FeatureRanges,
    Novelty,
    range_score,
    RangeCheck,
    WINDOW,
)
import numpy as np
from numpy.testing import assert_allclose
import pytest

USUAL = np.array([[0.1, 0.1, 0.2, 0.2, 4.0, 4.0]])
"""Usual spread of position, velocity and effort of two joints."""


@pytest.fixture(scope='module')
def lone(load: Callable[..., LoadedModel]) -> ModelCard:
    """Two joints; position to 3 rad, velocity to 4 rad/s, effort to 50 N m in training."""
    return load().card


@pytest.fixture(scope='module')
def card(lone: ModelCard) -> ModelCard:
    spread = {'position': [0.1, 0.1], 'velocity': [0.2, 0.2], 'effort': [4.0, 4.0]}
    return replace(lone, members=3, spread=spread)


@pytest.fixture
def inside() -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    return np.zeros((1, 6))


def test_the_usual_spread_inside_the_training_range_scores_one(
    card: ModelCard, inside: np.ndarray
) -> None:
    novelty = Novelty(card)
    assert novelty.uses_members
    for _ in range(3):
        novelty.update(inside, USUAL)
    assert_allclose(novelty.value, [1.0])
    assert_allclose(novelty.per_target, np.ones((1, 6)))


def test_a_target_whose_members_disagree_stands_out(card: ModelCard, inside: np.ndarray) -> None:
    novelty = Novelty(card)
    spread = USUAL.copy()
    spread[0, 2] *= 4.0
    novelty.update(inside, spread)
    mean = (5 * 1.0 + 16.0) / 6  # of the squared ratios
    assert_allclose(novelty.value, [math.sqrt(mean)])
    assert novelty.per_target[0, 2] == pytest.approx((16.0 * mean) ** 0.25)
    assert novelty.per_target[0, 0] == pytest.approx(mean**0.25)


def test_the_spread_is_averaged_over_the_window(card: ModelCard, inside: np.ndarray) -> None:
    novelty = Novelty(card)
    novelty.update(inside, USUAL)
    steps = round(WINDOW / card.dt)
    for _ in range(steps):
        novelty.update(inside, 3.0 * USUAL)
    share = 1 - math.exp(-steps * card.dt / WINDOW)
    assert_allclose(novelty.value, [math.sqrt(1.0 + share * 8.0)])


def test_a_feature_outside_its_range_counts_for_its_joint_most(
    card: ModelCard, inside: np.ndarray
) -> None:
    novelty = Novelty(card)
    inside[0, 1] = 3.0 + 0.3 * 6.0  # position of joint 2, 30 % of the range outside
    novelty.update(inside, USUAL)
    assert_allclose(novelty.value, [4.0])
    assert_allclose(novelty.per_target, [[2.0, 4.0] * 3])


def test_without_members_only_the_ranges_count(lone: ModelCard, inside: np.ndarray) -> None:
    novelty = Novelty(lone)
    assert not novelty.uses_members
    novelty.update(inside, 100.0 * USUAL)
    assert_allclose(novelty.value, [1.0])
    inside[0, 3] = -4.0 - 0.1 * 8.0
    novelty.update(inside, USUAL)
    assert_allclose(novelty.value, [2.0])
    assert_allclose(novelty.per_target, [[math.sqrt(2.0), 2.0] * 3])


def test_several_robots_are_scored_apart(card: ModelCard) -> None:
    novelty = Novelty(card, batch=2)
    novelty.update(np.zeros((2, 6)), np.vstack([USUAL, 5.0 * USUAL]))
    assert_allclose(novelty.value, [1.0, 5.0])


def test_before_the_first_step_and_after_a_reset_there_is_no_score(
    card: ModelCard, inside: np.ndarray
) -> None:
    novelty = Novelty(card)
    assert np.isnan(novelty.value).all()
    assert np.isnan(novelty.per_target).all()
    novelty.update(inside, 7.0 * USUAL)
    novelty.reset()
    assert np.isnan(novelty.value).all()
    novelty.update(inside, USUAL)
    assert_allclose(novelty.value, [1.0])


def test_a_score_can_go_on_from_another(card: ModelCard, inside: np.ndarray) -> None:
    one, other = Novelty(card), Novelty(card)
    for scale in (1.0, 4.0, 2.0):
        one.update(inside, scale * USUAL)
    other.memory = one.memory
    for novelty in (one, other):
        novelty.update(inside, 3.0 * USUAL)
    assert_allclose(other.value, one.value)


def test_an_update_allocates_no_arrays(card: ModelCard) -> None:
    novelty = Novelty(card, batch=500)
    inside, spread = np.zeros((500, 6)), np.repeat(USUAL, 500, axis=0)
    novelty.update(inside, spread)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(100):
            novelty.update(inside, spread)
        grown = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    assert grown < spread.nbytes // 6  # not even one column


def observation(card: ModelCard, **values: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    row = np.zeros(len(card.features))
    for i, signal in enumerate(card.features):
        row[i] = values.get(signal.name.replace('.', '_'), 0.0)
    return row


def test_the_range_score_is_the_distance_outside_over_the_tolerance(card: ModelCard) -> None:
    ranges = FeatureRanges.from_card(card, 0.1)  # position +-3: width 6, tolerance 0.6 rad
    assert range_score(observation(card), ranges) == 0.0
    assert range_score(observation(card, position_joint2=3.0), ranges) == pytest.approx(0.0)
    assert range_score(observation(card, position_joint2=-3.3), ranges) == pytest.approx(0.5)
    assert range_score(observation(card, velocity_joint1=4.8), ranges) == pytest.approx(1.0)
    assert math.isnan(range_score(observation(card, velocity_joint1=math.nan), ranges))


def test_the_angle_of_a_continuous_joint_and_unknown_ranges_do_not_count(
    card: ModelCard,
) -> None:
    turning = replace(card, joint_types=('revolute', 'continuous'))
    ranges = FeatureRanges.from_card(turning, 0.1)
    assert range_score(observation(card, position_joint2=50.0), ranges) == 0.0
    none = FeatureRanges.from_card(replace(card, training_ranges={}), 0.1)
    assert range_score(observation(card, position_joint1=50.0), none) == 0.0


def test_scores_are_made_of_the_two_signs(card: ModelCard) -> None:
    novelty, spread = Novelty(card), USUAL.copy()
    spread[0, 2] *= 4.0
    novelty.update(observation(card, velocity_joint2=5.6)[None], spread)  # 20 % outside
    disagreement, outside = novelty.excess[0].copy()
    mean = (5 * 1.0 + 16.0) / 6
    assert_allclose(disagreement + 1.0, np.sqrt(mean * np.array([1, 1, 16, 1, 1, 1])))
    assert_allclose(outside + 1.0, [3.0, 9.0] * 3)
    assert_allclose(novelty.per_target[0] ** 2, (disagreement + 1.0) * (outside + 1.0))


@pytest.mark.parametrize(
    ('how', 'angle', 'score'),
    [
        ('value', 4.2, 3.0),  # 1.2 rad of a range of 6 outside: 20 %
        ('none', 4.2, 1.0),
        ('sums', 4.2, 1.0),  # sine and cosine of -3 to 3 rad are all there are
        ('sin_cos', 0.3 + math.tau, 1.0),
    ],
)
def test_positions_count_as_the_model_sees_them(
    card: ModelCard, how: str, angle: float, score: float
) -> None:
    novelty = Novelty(replace(card, position_features=how))
    novelty.update(observation(card, position_joint1=angle)[None], USUAL)
    assert_allclose(novelty.value, [score])


def test_sine_and_cosine_have_ranges_of_their_own(card: ModelCard) -> None:
    narrow = replace(card.training_ranges['position.joint1'], minimum=-1.0, maximum=2.0)
    ranges = card.training_ranges | {'position.joint1': narrow}
    novelty = Novelty(replace(card, position_features='sin_cos', training_ranges=ranges))
    for angle in (0.0, 2.0, 0.5 - math.tau):
        novelty.update(observation(card, position_joint1=angle)[None], USUAL)
        assert_allclose(novelty.value, [1.0])
    novelty.update(observation(card, position_joint1=3.0)[None], USUAL)
    width = 1.0 - math.cos(2.0)  # of the cosine: 1 at 0, least at 2 rad
    assert_allclose(novelty.value, [1.0 + (math.cos(2.0) - math.cos(3.0)) / (0.1 * width)])


def test_features_outside_the_training_range_are_named(card: ModelCard) -> None:
    check = RangeCheck(card, 0.1)  # position to 3 + 0.1 * 6, velocity to 4 + 0.1 * 8
    inside = observation(card, position_joint2=3.5, velocity_joint2=4.7)
    outside = observation(card, position_joint2=3.7, velocity_joint2=4.9)
    assert check.outside(inside) == ()
    assert check.outside(outside) == ('position.joint2', 'velocity.joint2')


def test_without_ranges_nothing_is_outside(card: ModelCard) -> None:
    check = RangeCheck(replace(card, training_ranges={}), 0.1)
    assert check.outside(observation(card, position_joint2=1e6)) == ()


def test_the_angle_of_a_continuous_joint_is_never_outside(card: ModelCard) -> None:
    check = RangeCheck(replace(card, joint_types=('revolute', 'continuous')), 0.1)
    turned = observation(card, position_joint2=50.0, velocity_joint2=5.0)
    assert check.outside(turned) == ('velocity.joint2',)
