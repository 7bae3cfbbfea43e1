# SPDX-License-Identifier: Apache-2.0
"""What the observer takes for a measurement, and that steps, sequences and members agree."""

from collections.abc import Sequence
from typing import Any

from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.learning.columns import columns
from lstm_dynamics_ros.learning.export.onnx_graph import PackedStep
from lstm_dynamics_ros.learning.families.torque_observer import TorqueObserverSettings
from lstm_dynamics_ros.learning.models.base import is_measurement, tagged
from lstm_dynamics_ros.learning.models.ensemble import Ensemble
from lstm_dynamics_ros.learning.torque_observer import stiction_detector
from lstm_dynamics_ros.learning.torque_observer.identification import identify
from lstm_dynamics_ros.learning.torque_observer.observer import TorqueObserver
import pytest
import torch
from torch import Tensor

TYPES = ('revolute', 'revolute')
SETTINGS: dict[str, Any] = {
    'hidden_size': 8,
    'rollout_steps': 300,
}


def observer(runs: Sequence[Segment], seed: int = 0, passes: int = 1) -> TorqueObserver:
    settings = TorqueObserverSettings(**SETTINGS, seed=seed, observer_passes=passes)
    torch.manual_seed(seed)
    model = TorqueObserver(settings, TYPES)
    with pytest.MonkeyPatch.context() as patch:
        # How well it has learned does not matter here.
        patch.setattr(stiction_detector, 'UPDATES', 20)
        identify(model, [columns(run, settings) for run in runs], settings)
    return model.eval()


@pytest.fixture(scope='module', params=[1, 2])
def model(request: pytest.FixtureRequest, runs: list[Segment]) -> TorqueObserver:
    return observer(runs[:2], passes=request.param)


@pytest.fixture(scope='module')
def rows(runs: list[Segment]) -> Tensor:
    """Measured observations of three pieces, shape (T, 3, F)."""
    table = columns(runs[4], TorqueObserverSettings(**SETTINGS)).observations
    return torch.stack([table[100:180], table[400:480], table[700:780]], 1)


def test_a_row_equal_to_the_last_prediction_to_the_last_bit_is_no_is_measurement() -> None:
    prediction = torch.randn(2, 4)
    row = torch.cat([prediction, torch.randn(2, 2)], 1)
    assert is_measurement(row, tagged(prediction)).flatten().tolist() == [0.0, 0.0]
    row[1, 3] = torch.nextafter(row[1, 3], torch.tensor(9.0))
    assert is_measurement(row, tagged(prediction)).flatten().tolist() == [0.0, 1.0]


def test_before_anything_was_predicted_all_is_is_measurement() -> None:
    assert is_measurement(torch.zeros(1, 6), torch.zeros(1, 5)).item() == 1.0


@torch.no_grad()
def test_in_a_free_run_only_the_efforts_count(model: TorqueObserver, rows: Tensor) -> None:
    seen_by_filter, _ = model.filtered(
        rows,
        model.zero_state(3),
        known=(torch.arange(len(rows)) < 10).float().reshape(-1, 1, 1).expand(-1, 3, -1),
    )
    state = model.zero_state(3)
    prediction = rows[0, :, :4]
    predictions = []
    for k, row in enumerate(rows):
        seen = row if k < 10 else torch.cat([prediction, row[:, 4:]], 1)
        prediction, state = model.step(seen, state)
        predictions.append(prediction)
    hidden, _ = model.cell(model.normalised(seen_by_filter.inputs), model.cell.zero_state(3))
    expected = model.correct(seen_by_filter, hidden)
    torch.testing.assert_close(torch.stack(predictions), expected, rtol=1e-3, atol=1e-3)


@torch.no_grad()
def test_a_measurement_in_a_free_run_is_taken_in(model: TorqueObserver, rows: Tensor) -> None:
    prediction, state = model.sequence(rows[:20], model.zero_state(3))
    prediction = prediction[-1]
    for row in rows[20:60]:
        prediction, state = model.step(torch.cat([prediction, row[:, 4:]], 1), state)
    moved = torch.cat([prediction, rows[60, :, 4:]], 1)
    moved[:, :2] += 0.01
    prediction, _ = model.step(moved, state)
    still = state._replace(last_prediction=tagged(moved[:, :4]))
    ignored, _ = model.step(moved, still)
    assert float((prediction[:, :2] - ignored[:, :2]).min()) > 0.009


@torch.no_grad()
def test_steps_give_what_the_sequence_gives(model: TorqueObserver, rows: Tensor) -> None:
    whole, states = model.branches(rows, model.zero_state(3), [29, 59], skip=10)
    state = model.zero_state(3)
    for k, row in enumerate(rows):
        prediction, state = model.step(row, state)
        if k >= 10:
            torch.testing.assert_close(prediction, whole[k - 10], rtol=1e-4, atol=1e-4)
        if k in (29, 59):
            kept = states[k // 30]
            assert state.memory is not None
            torch.testing.assert_close(kept.memory, state.memory, rtol=1e-3, atol=1e-3)


@torch.no_grad()
def test_a_packed_step_keeps_the_whole_state(model: TorqueObserver, rows: Tensor) -> None:
    step = PackedStep(model)
    packed: tuple[Tensor, ...] = step.zero_state(3)
    state = model.zero_state(3)
    for row in rows[:30]:
        prediction, *after = step(row, *packed)
        packed = tuple(after)
        expected, state = model.step(row, state)
        torch.testing.assert_close(prediction, expected, rtol=0, atol=0)


@pytest.fixture(scope='module')
def both(runs: list[Segment], model: TorqueObserver) -> Ensemble:
    return Ensemble([model, observer(runs[2:3], 1, len(model.passes))]).eval()


@torch.no_grad()
def test_members_are_told_what_their_mean_predicted(both: Ensemble, rows: Tensor) -> None:
    mean, state = both.sequence(rows[:20], both.zero_state(3))
    assert state.last_prediction is not None
    torch.testing.assert_close(state.last_prediction[:, 1:], mean[-1], rtol=0, atol=0)
    for row in rows[20:40]:
        seen = torch.cat([state.last_prediction[:, 1:], row[:, 4:]], 1)
        assert not is_measurement(seen, state.last_prediction).any()
        prediction, state = both.step(seen, state)
        assert state.last_prediction is not None
        torch.testing.assert_close(state.last_prediction[:, 1:], prediction, rtol=0, atol=0)


@torch.no_grad()
def test_the_correction_cannot_move_what_the_filter_is_sure_of(
    model: TorqueObserver, rows: Tensor
) -> None:
    seen_by_filter, _ = model.filtered(rows, model.zero_state(3))
    sure = seen_by_filter._replace(width=torch.zeros_like(seen_by_filter.width))
    wild = 100 * torch.randn(len(rows), 3, 8)
    torch.testing.assert_close(model.correct(sure, wild), seen_by_filter.base.float())


@pytest.mark.parametrize(
    ('changed', 'types', 'message'),
    [
        ({'predict_effort': True}, TYPES, 'predict_effort to false'),
        ({'features': ('position',)}, TYPES, 'goes with position, velocity and effort'),
        ({}, ('revolute', 'continuous'), 'no continuous joints'),
    ],
)
def test_what_it_cannot_do_is_refused(
    changed: dict[str, Any], types: tuple[str, ...], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        TorqueObserver(TorqueObserverSettings(**(SETTINGS | changed)), types)
