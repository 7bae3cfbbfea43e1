# SPDX-License-Identifier: Apache-2.0
"""The table of a protocol."""

import json

from lstm_dynamics_ros.evaluation.scores.divergence import Diverged
from lstm_dynamics_ros.evaluation.scores.protocol_result import pooled, ProtocolResult
import numpy as np
from numpy.testing import assert_allclose


def fold(values: tuple[float, float], lost: int = 0) -> ProtocolResult:
    return ProtocolResult(
        protocol='p',
        unit='N m',
        joint_names=('a', 'b'),
        figures={'model': {'x': np.array(values)}, 'ridge': {'x': np.array([1.0, 1.0])}},
        notes=('note',),
        diverged={'model': {'x': Diverged(lost, 4)}},
    )


def test_json_brings_back_what_went_in() -> None:
    there = fold((np.inf, np.inf), lost=2)
    back = ProtocolResult.from_json(json.loads(json.dumps(there.to_json(), allow_nan=False)))
    assert_allclose(back.figures['model']['x'], [np.inf, np.inf])
    assert_allclose(back.figures['ridge']['x'], [1.0, 1.0])
    assert back.diverged['model']['x'] == Diverged(2, 4)
    assert back.text() == there.text()


def test_folds_are_pooled_joint_by_joint() -> None:
    whole = pooled([fold((1.0, 2.0)), fold((3.0, 6.0))], 'both')
    assert_allclose(whole.figures['model']['x'], [2.0, 4.0])
    assert whole.mean('model', 'x') == 3.0
    assert whole.diverged['model']['x'] == (0, 8)


def test_a_diverged_fold_leaves_no_figure_for_the_whole() -> None:
    whole = pooled([fold((1.0, 2.0)), fold((np.inf, np.inf), lost=3)], 'both')
    assert whole.mean('model', 'x') == np.inf
    assert whole.to_json()['mean']['model']['x'] is None
    assert whole.to_json()['diverged']['model']['x'] == {'runs': 3, 'of': 8}
    assert '3 of 8 diverged' in whole.text()
