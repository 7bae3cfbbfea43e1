# SPDX-License-Identifier: Apache-2.0
"""Tests for explain.py."""

from collections.abc import Callable

from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.learning.interpretation.explain import explain
from lstm_dynamics_ros.learning.interpretation.settings import ExplainSettings
from lstm_dynamics_ros.runtime.model_file import LoadedModel
import numpy as np
import pytest

FEW = ExplainSettings(moments=6)


@pytest.fixture(scope='module')
def forward(load: Callable[..., LoadedModel]) -> LoadedModel:
    return load(layers=2)


def test_everything_is_found_of_a_model_of_two_layers(
    forward: LoadedModel, runs: list[Segment]
) -> None:
    calls: list[tuple[int, int, str]] = []
    found = explain(
        forward,
        runs[:3],
        settings=FEW,
        payloads={'run0': 0.0, 'run1': 1.0, 'run2': 2.0},
        progress=lambda *now: calls.append(now),
    )
    assert found.kind == 'velocity'
    assert found.recordings == ('run0', 'run1', 'run2')
    assert found.influence.jacobian.shape == (2, 41, 6)
    assert found.attribution.gap < 0.02
    assert [len(node.decay_time) for node in found.nodes] == [8, 8]
    assert len(found.probes) == 5
    assert found.probes[-1].label == 'payload'
    assert 'of node' in found.probes[0].unit
    assert calls[-1][0] == calls[-1][1]
    assert [now[0] for now in calls] == sorted(now[0] for now in calls)


def test_the_window_and_the_target_can_be_chosen(
    forward: LoadedModel, runs: list[Segment]
) -> None:
    settings = ExplainSettings(moments=4, window=0.1, target='effort')
    found = explain(forward, runs[:1], settings=settings)
    assert found.kind == 'effort'
    np.testing.assert_allclose(found.ages[-1], 0.1)
    assert found.probed_by.endswith('stretches of time')


def test_rows_outside_the_training_range_are_counted(
    forward: LoadedModel, runs: list[Segment]
) -> None:
    beyond = Segment(**vars(runs[0]) | {'effort': runs[0].effort + 100.0})
    found = explain(forward, [beyond], settings=ExplainSettings(moments=4, window=0.1))
    assert found.outside == {'effort.joint1': 1.0, 'effort.joint2': 1.0}


def test_a_recording_too_short_says_how_long_it_must_be(
    forward: LoadedModel, runs: list[Segment]
) -> None:
    with pytest.raises(DataError, match=r'is 0\.25 s, but .* needs 0\.33 s'):
        explain(forward, [runs[0].rows(0, 50)])
