# SPDX-License-Identifier: Apache-2.0
"""Both kinds of model, scored from end to end."""

from dataclasses import replace
import json

from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.evaluation.forecasters.fit_arx import fit_arx
from lstm_dynamics_ros.evaluation.scores.evaluate import digest, evaluate
from lstm_dynamics_ros.runtime.model_file import LoadedModel


def test_a_forward_model_is_scored_in_both_modes_beside_all_baselines(
    forward_model: LoadedModel, oscillators: list[Segment]
) -> None:
    ridge = fit_arx(oscillators[:3])
    result = evaluate(forward_model, oscillators[3:], ridge=ridge, truth=oscillators[3:])
    read = json.loads(json.dumps(result.to_json(), allow_nan=False))
    names = {'model', 'persistence', 'constant_velocity', 'ridge'}
    for key in ('nmse', 'nmse_causal'):
        for kind in ('position', 'velocity'):
            assert set(read[key][kind]) == {'1', '10', '50'}
            assert set(read[key][kind]['50']) == names
    assert read['nmse']['position']['50']['ridge'] < 1e-6
    assert read['known_torque']['noise_floor']['velocity']['1'] == 0
    assert read['model']['sha256'] == forward_model.sha256
    assert result.text().startswith('test_lstm (')


def test_an_inverse_model_is_scored_on_effort(
    inverse_model: LoadedModel, oscillators: list[Segment]
) -> None:
    result = evaluate(inverse_model, oscillators[3:], training=oscillators[:3])
    assert result.inverse is not None
    assert set(result.inverse.figures) == {'model', 'effort_persistence', 'ridge', 'mean'}
    assert result.to_json()['trajectories'] == ['run3']
    assert 'effort from motion' in result.text()


def test_the_digest_tells_other_data_apart(oscillators: list[Segment]) -> None:
    other = replace(oscillators[0], position=oscillators[0].position + 1e-9)
    assert digest(oscillators[:1]) == digest([oscillators[0]])
    assert digest(oscillators[:1]) != digest([other])
    assert digest(oscillators[:2]) != digest(oscillators[:1])
