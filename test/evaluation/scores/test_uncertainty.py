# SPDX-License-Identifier: Apache-2.0
"""Tests for coverage.py and uncertainty.py, with noise of known distribution."""

from collections.abc import Callable
from dataclasses import replace
import json

from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.evaluation.reports.uncertainty_section import uncertainty_section
from lstm_dynamics_ros.evaluation.scores.inverse import predict_effort
from lstm_dynamics_ros.evaluation.scores.uncertainty import (
    Coverage,
    coverage,
    followed_bounds,
    uncertainty,
)
from lstm_dynamics_ros.evaluation.scores.unseen_errors import Forecasts, unseen_errors
from lstm_dynamics_ros.runtime.bounds import NoBoundsError
from lstm_dynamics_ros.runtime.model_file import LoadedModel
import numpy as np
from numpy.testing import assert_allclose
import pytest

HALF = {0.5: 0.6744897501960817, 0.1: 1.6448536269514722, 0.01: 2.5758293035489004}
"""Half-widths for standard normal errors."""

SIZE = np.array([0.2, 5.0])
"""Standard deviation of the errors of each joint that the card was made of [N m]."""


@pytest.fixture(scope='module')
def bounded(load: Callable[..., LoadedModel]) -> LoadedModel:
    """An inverse model with the right bounds for normal errors."""
    bounds = {str(rate): {'0': {'effort': (half * SIZE).tolist()}} for rate, half in HALF.items()}
    return load(dt=0.01, kind='inverse', bounds=bounds)


@pytest.fixture(scope='module')
def noisy(
    bounded: LoadedModel, make_segment: Callable[..., Segment]
) -> Callable[[float], list[Segment]]:
    """Make two recordings whose effort is off by noise of a multiple of that size."""

    def make(scale: float) -> list[Segment]:
        made = []
        for seed in range(2):
            random = np.random.default_rng(seed)
            t = 0.01 * np.arange(4000)[:, None] + np.array([0.0, 1.0 + seed])
            motion = make_segment(
                np.sin(t),
                np.cos(t),
                name=f'run{seed}',
                dt=0.01,
            )
            predicted = predict_effort(bounded, motion)
            made.append(
                replace(
                    motion,
                    effort=predicted + scale * SIZE * random.standard_normal(predicted.shape),
                )
            )
        return made

    return make


def found(loaded: LoadedModel, segments: list[Segment]) -> Coverage:
    return coverage(unseen_errors(loaded, segments))


def test_right_bounds_cover_what_they_promise_and_are_as_wide_as_normal_errors_need(
    bounded: LoadedModel, noisy: Callable[[float], list[Segment]]
) -> None:
    result = found(bounded, noisy(1.0))
    for cover in result.covers:
        half = HALF[round(1 - cover.target, 6)]
        assert_allclose(cover.static, cover.target, atol=0.015)
        assert_allclose(cover.adaptive, cover.target, atol=0.01)
        assert_allclose(cover.width, 2 * half, rtol=0.03)
        assert_allclose(cover.rmse, SIZE, rtol=0.03)


def test_where_errors_are_larger_only_adaptive_bounds_cover_what_they_promise(
    bounded: LoadedModel, noisy: Callable[[float], list[Segment]]
) -> None:
    best = found(bounded, noisy(2.0)).headline()
    # P(|e| < 1.645 / 2) of a normal error is 0.589.
    assert_allclose(best.static, 0.589, atol=0.015)
    assert_allclose(best.adaptive, 0.9, atol=0.01)
    assert_allclose(best.width, 3.29 / 2, rtol=0.03)
    assert_allclose(best.adaptive_width, 3.29, rtol=0.06)


def test_bounds_that_are_too_wide_cannot_hide_it(
    bounded: LoadedModel, noisy: Callable[[float], list[Segment]]
) -> None:
    best = found(bounded, noisy(0.25)).headline()
    assert (best.static > 0.99).all()
    assert_allclose(best.width, 4 * 3.29, rtol=0.03)


def test_bounds_that_follow_novelty_cover_where_errors_do_too(
    bounded: LoadedModel, noisy: Callable[[float], list[Segment]]
) -> None:
    card = replace(bounded.card, novelty_weights={'0': {'effort': (0.9, 0.0)}})
    unseen = unseen_errors(bounded, noisy(1.0)[:1])
    (part,) = unseen.by_horizon[0]
    excess = np.zeros_like(part.excess)
    excess[: len(excess) // 2, 0] = 4.0**2 - 1.0
    grown = np.sqrt(1.0 + 0.9 * excess[:, 0])
    made = part._replace(errors=part.errors * grown, excess=excess)
    found = [
        coverage(replace(unseen, card=one, by_horizon={0: [made]})).headline()
        for one in (card, bounded.card)
    ]
    assert_allclose(found[0].static, 0.9, atol=0.02)
    assert_allclose(found[0].adaptive, 0.9, atol=0.02)
    assert (found[1].static < 0.75).all()
    # Mean width over RMSE of errors of two sizes.
    size = np.array([grown[0, 0], 1.0])
    assert_allclose(found[0].width, 3.29 * size.mean() / np.sqrt((size**2).mean()), rtol=0.03)


def forecasts(errors: np.ndarray, horizon: int) -> Forecasts:
    made = np.arange(len(errors))
    excess = np.zeros((len(errors), 2, 1))
    return Forecasts('run', made, made + horizon, errors, errors, errors[:, 0], excess)


def test_adaptive_bounds_know_an_error_only_once_it_has_been_measured() -> None:
    errors = np.zeros((40, 1))
    errors[10] = 100.0  # made at row 10, for row 15
    quiet, shaken = (
        followed_bounds(forecasts(e, 5), np.ones((40, 1)), np.ones(1), 0.1)
        for e in (np.zeros((40, 1)), errors)
    )
    assert_allclose(shaken[:15], quiet[:15])
    assert_allclose(shaken[15:] - quiet[15:], 0.1)


def test_an_effort_now_is_bounded_before_it_is_measured() -> None:
    one = np.ones((3, 1))
    half = followed_bounds(forecasts(100.0 * one, 0), one, np.ones(1), 0.1)
    assert_allclose(half[:, 0], [1.0, 1.09, 1.18])


def test_a_free_run_that_diverges_is_outside_and_said_to(
    bounded: LoadedModel, noisy: Callable[[float], list[Segment]]
) -> None:
    unseen = unseen_errors(bounded, noisy(1.0)[:1])
    (part,) = unseen.by_horizon[0]
    errors = part.errors.copy()
    errors[::4] = np.nan
    result = coverage(replace(unseen, by_horizon={0: [part._replace(errors=errors)]}))
    assert result.diverged[0] == len(errors[::4])
    assert_allclose(result.headline().static, 0.75 * 0.9, atol=0.02)
    assert 'diverged' in result.text()
    json.dumps(result.to_json(), allow_nan=False)


def test_a_card_with_too_little_data_for_90_percent_shows_what_is_nearest(
    bounded: LoadedModel, noisy: Callable[[float], list[Segment]]
) -> None:
    card = replace(bounded.card, bounds={'0.5': bounded.card.bounds['0.5']})
    result = coverage(replace(unseen_errors(bounded, noisy(1.0)), card=card))
    assert result.target == 0.5
    assert result.to_json()['target'] == 0.5
    assert '0.50' in result.text()


def test_a_horizon_that_was_not_forecast_has_no_coverage(
    bounded: LoadedModel, noisy: Callable[[float], list[Segment]]
) -> None:
    with pytest.raises(NoBoundsError, match='no coverage 7 steps ahead'):
        found(bounded, noisy(1.0)).headline(7)


def test_a_card_without_bounds_says_so(
    inverse_model: LoadedModel, oscillators: list[Segment]
) -> None:
    with pytest.raises(NoBoundsError, match='has no bounds'):
        found(inverse_model, oscillators[:1])
    both = uncertainty(inverse_model, oscillators[:1])
    assert both.coverage is None
    assert 'has no bounds' in both.text()
    assert 'has no bounds' in both.to_json()['coverage']['unbounded']
    assert 'has no bounds' in uncertainty_section(both).body


def test_json_and_text_show_the_headline_beside_everything(
    bounded: LoadedModel, noisy: Callable[[float], list[Segment]]
) -> None:
    both = uncertainty(bounded, noisy(1.0))
    written = json.loads(json.dumps(both.to_json(), allow_nan=False))['coverage']
    assert written['target'] == 0.9
    assert written['static'] == pytest.approx(0.9, abs=0.015)
    assert written['width_in_rmse'] == pytest.approx(3.29, rel=0.03)
    assert written['adaptive'] == pytest.approx(0.9, abs=0.01)
    assert {entry['target'] for entry in written['detail']} == {0.5, 0.9, 0.99}
    assert 'static' in both.text()


def test_the_report_shows_coverage_against_target(
    bounded: LoadedModel, noisy: Callable[[float], list[Segment]]
) -> None:
    section = uncertainty_section(uncertainty(bounded, noisy(1.0)))
    assert 'data:image/png' in section.body
    assert 'worst joint' in section.body
    assert 'lone model' in section.body
