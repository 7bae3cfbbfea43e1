# SPDX-License-Identifier: Apache-2.0
"""Tests for probe_labels.py."""

from collections.abc import Callable
from pathlib import Path

from lstm_dynamics_ros.learning.interpretation.card_inputs import Run
from lstm_dynamics_ros.learning.interpretation.probes import label_names, labels, memoryless_inputs
from lstm_dynamics_ros.runtime.model_file import load_model
import numpy as np

DT = 0.05


def run(*velocity: float) -> Run:
    rows = np.array(velocity)[:, None]
    return Run(name='a', observations=rows, velocity=rows)


def test_the_sign_of_friction_is_zero_at_rest() -> None:
    found = labels(run(1.0, 0.001, -1.0), DT, {})
    np.testing.assert_array_equal(found[:, 0], [1.0, 0.0, -1.0])


def test_a_reversal_is_recent_for_a_tenth_of_a_second() -> None:
    found = labels(run(1.0, 1.0, -1.0, -1.0, -1.0, -1.0), DT, {})
    np.testing.assert_array_equal(found[:, 1], [0, 0, 1, 1, 0, 0])


def test_a_rest_between_two_motions_in_one_direction_is_no_reversal() -> None:
    assert not labels(run(1.0, 0.0, 0.0, 1.0, 1.0), DT, {})[:, 1].any()
    np.testing.assert_array_equal(labels(run(1.0, 0.0, -1.0, -1.0), DT, {})[:, 1], [0, 0, 1, 1])


def test_a_payload_is_that_of_the_trajectory() -> None:
    np.testing.assert_array_equal(labels(run(1.0, 2.0), DT, {'a': 1.5})[:, 2], 1.5)


def test_labels_have_names(make_model: Callable[..., Path], tmp_path: Path) -> None:
    card = load_model(make_model(tmp_path / 'm.onnx', n_joints=1)).card
    assert label_names(card, {}) == ['friction sign of joint1', 'reversal of joint1']
    assert label_names(card, {'a': 1.0})[-1] == 'payload'


def test_the_sign_of_a_velocity_is_told_without_memory(
    make_model: Callable[..., Path], tmp_path: Path
) -> None:
    card = load_model(make_model(tmp_path / 'm.onnx', n_joints=1)).card
    observations = np.random.default_rng(0).normal(size=(50, 3))
    inputs = memoryless_inputs(card, observations)
    np.testing.assert_array_equal(inputs[:, :3], observations)
    signs = np.sign(observations[:, 1])
    assert any(np.corrcoef(column, signs)[0, 1] > 0.9 for column in inputs.T)
