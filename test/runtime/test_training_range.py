# SPDX-License-Identifier: Apache-2.0
"""Tests for novelty.py: the ranges of training."""

from collections.abc import Callable
from dataclasses import replace
import math
from pathlib import Path

from lstm_dynamics_ros.core.card import ModelCard
from lstm_dynamics_ros.runtime.model_file import load_model
from lstm_dynamics_ros.runtime.novelty import FeatureRanges, range_score, RangeCheck
import numpy as np
import pytest


@pytest.fixture(scope='module')
def card(make_model: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> ModelCard:
    """Two joints; position to 3 rad, velocity to 4 rad/s in training."""
    return load_model(make_model(tmp_path_factory.mktemp('model') / 'm.onnx')).card


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
