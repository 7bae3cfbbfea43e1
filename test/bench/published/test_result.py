# SPDX-License-Identifier: Apache-2.0
"""Figures over seeds, and their JSON."""

import json
import math

from lstm_dynamics_bench.published.result import RealResult, SetResult


def test_seeds_give_a_mean_and_its_spread(kr300_result: SetResult) -> None:
    assert kr300_result.mean('free_run_mae_deg') == 10.0
    assert kr300_result.spread('free_run_mae_deg') == (9.0, 11.0)


def test_the_json_has_what_is_asked_for_by_name(result: RealResult) -> None:
    values = json.loads(json.dumps(result.to_json(), allow_nan=False))
    own = values['sets']['kr300']
    assert (own['free_run_mae_deg'], own['sixty_sixty_nrmse']) == (10.0, 0.4)
    assert own['range']['free_run_mae_deg'] == [9.0, 11.0]
    assert own['per_seed']['sixty_sixty_nrmse'] == [0.3, 0.5]
    assert own['training_seconds'] == {'0': 60.0, '1': 120.0}
    assert values['coverage']['kr300']['static'] == 0.9
    assert values['ood']['kr300']['ratio'] == 4.25
    assert values['frozen']['kr300_fir60_mae_deg'] == {'frozen': [14.39], 'ours': [14.4]}
    assert values['data_sha256'] == {'kr300': 'ab' * 32}
    assert values['failed']['emps'].startswith('emps model')
    assert values['seeds'] == [0, 1]
    assert {'lstm_dynamics_ros', 'numpy', 'python'} <= set(values['versions'])


def test_one_diverged_seed_leaves_no_mean(diverged: RealResult) -> None:
    own = diverged.to_json()['sets']['kr300']
    assert math.isinf(diverged.sets['kr300'].mean('free_run_mae_deg'))
    assert own['free_run_mae_deg'] is None
    assert own['per_seed']['free_run_mae_deg'] == [9.0, None]
    assert own['diverged'] == {'free run MAE': {'runs': 2, 'of': 12}}
    assert own['sixty_sixty_nrmse'] == 0.4
