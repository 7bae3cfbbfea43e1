# SPDX-License-Identifier: Apache-2.0
"""Made results of the benchmark."""

from dataclasses import replace

from lstm_dynamics_bench.published.reference_file import Reproduced
from lstm_dynamics_bench.published.result import RealResult, SetResult
from lstm_dynamics_bench.published.robot_set import SetScore, Trace
from lstm_dynamics_ros.evaluation.scores.protocol_result import Diverged, ProtocolResult
import numpy as np
import pytest


def score(mae: float, nrmse: float) -> SetScore:
    lost = Diverged(0 if np.isfinite(mae) else 2, 6)
    return SetScore(
        figures={'free_run_mae_deg': mae, 'sixty_sixty_nrmse': nrmse},
        tables=(
            ProtocolResult(
                protocol='kr300 forward',
                unit='deg',
                joint_names=('a', 'b'),
                figures={
                    'model': {'free run MAE': np.full(2, mae)},
                    'fir(60)': {'free run MAE': np.array([10.0, 12.0])},
                },
                diverged={'model': {'free run MAE': lost}},
            ),
        ),
        traces=(
            Trace(
                title='test_00',
                unit='deg',
                joint_names=('a', 'b'),
                time=np.arange(5.0),
                measured=np.arange(10.0).reshape(5, 2),
                predicted=np.array([[np.nan, 1.0]] * 5),
            ),
        ),
        extras={
            'coverage': {
                'static': 0.9,
                'adaptive': 0.91,
                'width_in_rmse': 3.3,
                'target': 0.9,
                'adaptive_width_in_rmse': 3.4,
                'folds': [{'horizon': 60}],
            },
            'ood': {'ratio': 4.25},
        },
    )


@pytest.fixture
def kr300_result() -> SetResult:
    """Two seeds of a set; nothing diverged."""
    return SetResult(
        name='kr300',
        sha256='ab' * 32,
        reproduced={
            'kr300_fir60_mae_deg': Reproduced([14.39], [14.4]),
            'kr300_arx10_sixty_nrmse': Reproduced([0.6177], [0.6177]),
        },
        scores={0: score(9.0, 0.3), 1: score(11.0, 0.5)},
        training_seconds={0: 60.0, 1: 120.0},
        scoring_seconds={0: 2.0, 1: 3.0},
        settings={'hidden_size': 8},
    )


@pytest.fixture
def result(kr300_result: SetResult) -> RealResult:
    """A set with figures, and one that failed."""
    return RealResult(
        sets={'kr300': kr300_result},
        failed={'emps': 'emps model: the loss is not finite.'},
        seeds=(0, 1),
        seconds=90.0,
    )


@pytest.fixture
def diverged(kr300_result: SetResult) -> RealResult:
    """A set where free runs of the second seed diverged."""
    lost = replace(kr300_result, scores={0: score(9.0, 0.3), 1: score(np.inf, 0.5)})
    return RealResult(sets={'kr300': lost}, failed={}, seeds=(0, 1), seconds=1.0)
