# SPDX-License-Identifier: Apache-2.0
"""What becomes of figures once they are there."""

from dataclasses import replace
import json

from lstm_dynamics_ros.evaluation.scores.result import HorizonScore, Scores
import numpy as np
import pytest


def entry(nmse: float, **trajectories: float) -> HorizonScore:
    return HorizonScore(
        nmse=nmse,
        nmse_per_joint=np.array([nmse, np.nan]),
        rmse_per_joint=np.array([np.sqrt(nmse), 0.0]),
        nmse_per_trajectory=trajectories,
        effort_source='held',
    )


SCORES = Scores(
    mode='causal',
    horizons=(1, 10),
    kinds=('position',),
    names=('model', 'persistence', 'ridge'),
    joint_names=('joint1', 'joint2'),
    dt=0.005,
    entries={
        ('position', 1, 'model'): entry(0.1, a=0.1, b=0.1),
        ('position', 1, 'persistence'): entry(0.4, a=0.05, b=0.7),
        ('position', 1, 'ridge'): entry(0.2, a=0.2, b=0.2),
        ('position', 10, 'model'): entry(0.3, a=0.2, b=0.4),
        ('position', 10, 'persistence'): entry(0.6, a=0.6, b=0.6),
        ('position', 10, 'ridge'): entry(0.0, a=0.0, b=0.0),
    },
    noise_floor={('position', 1): 0.01, ('position', 10): 0.02},
    still_joints=('joint2',),
    starts=7,
    scored_against='truth',
)


def test_nested_figures_are_by_kind_horizon_and_name() -> None:
    expected = {'model': 0.1, 'persistence': 0.4, 'ridge': 0.2}
    assert SCORES.nmse()['position']['1'] == expected


def test_the_ratio_is_to_the_best_baseline() -> None:
    assert SCORES.best_baseline('position', 1) == 'ridge'
    assert SCORES.ratio('position', 1) == pytest.approx(0.5)


def test_a_baseline_that_diverged_divides_nothing() -> None:
    entries = dict(SCORES.entries)
    entries['position', 1, 'ridge'] = entry(24.0, a=0.01, b=48.0)
    scores = replace(SCORES, entries=entries)
    assert scores.best_baseline('position', 1) == 'persistence'
    assert scores.ratio('position', 1) == pytest.approx(0.25)
    assert scores.worst_trajectory('position', 1)[1] == pytest.approx(2.0)
    assert scores.to_json()['diverged']['position'] == {'1': ['ridge'], '10': []}
    assert 'diverged' in scores.text()


def test_where_all_baselines_diverged_there_is_no_ratio() -> None:
    entries = dict(SCORES.entries)
    for name in SCORES.names[1:]:
        entries['position', 1, name] = entry(np.inf, a=np.inf, b=np.inf)
    scores = replace(SCORES, entries=entries)
    assert scores.best_baseline('position', 1) is None
    assert scores.to_json()['ratio_to_best']['position']['1'] is None
    assert scores.to_json()['worst_trajectory']['position']['1'] == {'name': '', 'ratio': None}


def test_what_was_chosen_stands_in_text_and_json() -> None:
    chosen = {'ridge': {'order': 10, 'strength': 1e-6, 'positions': False}}
    scores = replace(SCORES, chosen=chosen)
    assert 'ridge: order 10, strength 1e-06, positions no' in scores.text()
    assert scores.to_json()['chosen'] == chosen


def test_a_baseline_without_error_cannot_be_beaten() -> None:
    assert SCORES.ratio('position', 10) == np.inf


def test_the_worst_trajectory_is_against_the_best_baseline_there() -> None:
    name, ratio = SCORES.worst_trajectory('position', 1)
    assert name == 'a'
    assert ratio == pytest.approx(2.0)


def test_json_has_no_nan() -> None:
    text = json.dumps(SCORES.to_json()['detail'], allow_nan=False)
    read = json.loads(text)
    assert read['position']['1']['model']['nmse_per_joint'] == [0.1, None]


def test_the_text_names_mode_steps_noise_and_still_joints() -> None:
    text = SCORES.text()
    assert 'causal' in text
    assert 'noise floor' in text
    assert 'left out: joint2' in text
    assert 'effort after the start: model held, persistence held, ridge held' in text
