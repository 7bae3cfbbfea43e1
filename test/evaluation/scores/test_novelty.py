# SPDX-License-Identifier: Apache-2.0
"""Tests for novelty.py, on errors made to follow the score."""

import json

from lstm_dynamics_ros.evaluation.scores.novelty import by_decile, novelty_check, NoveltyCheck
from lstm_dynamics_ros.evaluation.scores.unseen_errors import Forecasts, UnseenErrors
from lstm_dynamics_ros.runtime.model_file import LoadedModel
import numpy as np
from numpy.testing import assert_allclose
import pytest

N = 1000


def check(loaded: LoadedModel, errors: np.ndarray, scores: np.ndarray) -> NoveltyCheck:
    """Check an inverse model of two joints; both arrays have shape (N, 2)."""
    rows = np.arange(N)
    half, excess = N // 2, np.zeros((N, 2, 2))
    parts = [
        Forecasts(name, rows[s], rows[s], errors[s], scores[s], scores[s].mean(axis=1), excess[s])
        for name, s in (('a', slice(half)), ('b', slice(half, None)))
    ]
    return novelty_check(UnseenErrors(card=loaded.card, mode='inverse', by_horizon={0: parts}))


def test_the_ratio_is_that_of_the_errors_in_the_outer_deciles(inverse_model: LoadedModel) -> None:
    order = np.random.default_rng(0).permutation(N)
    size = np.array([1.0, 1.0, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 2.0, 6.0])[order // (N // 10)]
    errors = np.where(order % 2, size, -size)[:, None] * [0.01, 30.0]
    found = check(inverse_model, errors, np.tile(1.0 + order[:, None], 2))
    assert found.ratio == pytest.approx(6.0)
    assert found.ratio_absolute == pytest.approx(6.0)
    assert found.ratio_together == pytest.approx(6.0)
    assert_allclose(found.ratios, [6.0, 6.0])
    assert_allclose(found.rms[5] / found.rms[0], 2.0)


def test_each_joint_is_sorted_by_its_own_score(inverse_model: LoadedModel) -> None:
    rising = np.arange(1.0, N + 1)
    errors = np.stack([rising, rising[::-1]], axis=1)
    found = check(inverse_model, errors, errors.copy())
    top, bottom = rising[-100:], rising[:100]
    expected = np.sqrt(np.mean(top**2) / np.mean(bottom**2))
    assert_allclose(found.ratios, expected)
    assert found.ratio == pytest.approx(expected)
    assert found.ratio_together < 1.1  # all have the same score of all together


def test_a_score_that_says_nothing_has_a_ratio_of_one(inverse_model: LoadedModel) -> None:
    errors = np.random.default_rng(1).standard_normal((N, 2))
    errors[:100] *= 50.0
    found = check(inverse_model, errors, np.ones((N, 2)))
    assert found.ratio == pytest.approx(1.0)
    assert 'lone model' in found.text()


def test_values_of_equal_score_are_shared_out() -> None:
    scores = np.repeat([1.0, 2.0], [150, 50])
    values = np.concatenate([np.arange(150.0), np.full(50, 7.0)])
    assert_allclose(
        by_decile(values, scores), [74.5] * 7 + [(10 * 74.5 + 10 * 7.0) / 20] + [7.0] * 2
    )


def test_what_diverged_and_what_never_errs_is_left_out_and_named(
    inverse_model: LoadedModel,
) -> None:
    errors = np.stack([np.arange(1.0, N + 1), np.zeros(N)], axis=1)
    errors[3, 0] = np.inf
    found = check(inverse_model, errors, np.arange(2.0 * N).reshape(N, 2))
    assert found.diverged == 1
    assert found.forecasts == N - 1
    assert found.targets == ('effort.joint1',)
    assert '1 more forecasts diverged' in found.text()
    written = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert written['ratio'] == pytest.approx(found.ratio)
    assert len(written['rms_by_decile']) == 10
