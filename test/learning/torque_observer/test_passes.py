# SPDX-License-Identifier: Apache-2.0
"""Passes against their parts, one after the other, and what one sees of another."""

from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.learning.columns import columns, Trajectory
from lstm_dynamics_ros.learning.families.torque_observer import TorqueObserverSettings
from lstm_dynamics_ros.learning.torque_observer import stiction_detector
from lstm_dynamics_ros.learning.torque_observer.identification import identify
from lstm_dynamics_ros.learning.torque_observer.observer import LEEWAY, TorqueObserver
from lstm_dynamics_ros.learning.torque_observer.passes import (
    FilterPass,
    Memory,
    memory_size,
    Passes,
    PassMemory,
    unpacked,
)
from lstm_dynamics_ros.learning.torque_observer.training_data import (
    cut_pieces,
    hidden_runs,
    next_output,
)
import numpy as np
import pytest
import torch
from torch import Tensor

TYPES = ('revolute', 'revolute')
SETTINGS = TorqueObserverSettings(hidden_size=8, rollout_steps=300, observer_passes=2)
KNOWN = 10


@pytest.fixture(scope='module')
def model(runs: list[Segment]) -> TorqueObserver:
    torch.manual_seed(0)
    made = TorqueObserver(SETTINGS, TYPES)
    with pytest.MonkeyPatch.context() as patch:
        # How well it has learned does not matter here.
        patch.setattr(stiction_detector, 'UPDATES', 20)
        identify(made, [columns(run, SETTINGS) for run in runs[:2]], SETTINGS)
    return made.eval()


@pytest.fixture(scope='module')
def rows(runs: list[Segment]) -> Tensor:
    """Observations of two pieces, shape (60, 2, F)."""
    table = columns(runs[4], SETTINGS).observations
    return torch.stack([table[100:160], table[400:460]], 1)


def known_at_first(steps: int) -> Tensor:
    return (torch.arange(steps) < KNOWN).float().reshape(-1, 1, 1).expand(-1, 2, -1)


def by_hand(own: FilterPass, rows: Tensor, earlier: Tensor | None) -> Tensor:
    """Return the features of a pass from its filter and its network alone, shape (T, N, 20)."""
    effort = rows[..., 4:]
    before = torch.cat([effort[:1], effort[:-1]])
    still, rough, _ = own.stillness(effort, before, own.stillness.zero_state(2), earlier)
    mean, covariance = own.filter.start(rows[0, :, :2].double(), rows[0, :, 2:4].double())
    made = []
    for k, row in enumerate(rows.double()):
        estimate = own.filter.step(
            mean,
            covariance,
            position=row[:, :2],
            known=known_at_first(len(rows))[k].double(),
            effort=row[:, 4:],
            still=still[k].double(),
            rough=rough[k].double(),
        )
        mean, covariance = estimate.mean, estimate.covariance
        made.append(torch.cat([estimate.features, still[k].double(), rough[k].double()], 1))
    return torch.stack(made)


@torch.no_grad()
def test_a_later_pass_is_filter_and_network_on_what_the_earlier_one_says(
    model: TorqueObserver, rows: Tensor
) -> None:
    _, memory = model.remembered(model.zero_state(2))
    fresh = torch.ones(2, 1, dtype=torch.bool)
    outputs, _ = model.passes.sequence(rows, memory, fresh=fresh, known=known_at_first(len(rows)))
    first = by_hand(model.passes.each()[0], rows, None)
    second = by_hand(model.passes.each()[1], rows, first.float())
    # The memory between steps is float32, here it is not.
    torch.testing.assert_close(outputs[0].features, first, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(outputs[1].features, second, rtol=1e-3, atol=1e-3)
    filtered, _ = model.filtered(rows, model.zero_state(2), known=known_at_first(len(rows)))
    effort = rows[..., 4:].numpy() / model.filter.effort_spread.numpy()
    expected = np.concatenate(
        [second.numpy(), effort, np.tanh(2 * effort), first.numpy()[..., :12]], -1
    )
    np.testing.assert_allclose(filtered.inputs, expected, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(
        filtered.base[..., :2], outputs[1].ahead[..., :2] * model.filter.spread[:2]
    )
    np.testing.assert_allclose(filtered.width, np.minimum(LEEWAY * outputs[1].width.numpy(), 1))


@torch.no_grad()
def test_an_earlier_pass_does_not_know_of_a_later_one(model: TorqueObserver, rows: Tensor) -> None:
    _, memory = model.remembered(model.zero_state(2))
    fresh, known = torch.ones(2, 1, dtype=torch.bool), known_at_first(len(rows))
    first = Passes(TYPES, 1)
    first.each()[0].load_state_dict(model.passes.each()[0].state_dict())
    alone, _ = first.eval().sequence(
        rows, memory._replace(passes=memory.passes[:1]), fresh=fresh, known=known
    )
    both, _ = model.passes.sequence(rows, memory, fresh=fresh, known=known)
    torch.testing.assert_close(alone[0].features, both[0].features, rtol=0, atol=0)


@torch.no_grad()
def test_pieces_are_seen_as_the_sequences_they_are(model: TorqueObserver, rows: Tensor) -> None:
    pieces = cut_pieces(
        [Trajectory('', rows[:, k], rows[:, k]) for k in range(2)],
        known=KNOWN,
        steps=59,
        stride=59,
    )
    assert pieces is not None
    torch.testing.assert_close(pieces.rows, rows, rtol=0, atol=0)
    assert pieces.measured[:, 0, 0].tolist() == [1.0] * KNOWN + [0.0] * 49
    first = by_hand(model.passes.each()[0], rows[:-1], None)
    output = next_output(model, pieces, [])
    torch.testing.assert_close(output.features, first, rtol=1e-3, atol=1e-3)
    filtered_all, _ = model.filtered(rows[:-1], model.zero_state(2), known=known_at_first(59))
    runs = hidden_runs(model, pieces, [output])
    for part, other in zip(runs.filtered, filtered_all, strict=True):
        torch.testing.assert_close(part, other, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(runs.targets, rows[1:, :, :4], rtol=0, atol=0)


def test_a_packed_memory_holds_every_number_once() -> None:
    generator = torch.Generator().manual_seed(0)
    hidden = [3, 5]
    passes = [
        PassMemory(*(torch.randn(2, *size, generator=generator) for size in ((6,), (6, 6), (h,))))
        for h in hidden
    ]
    memory = Memory(tuple(passes), torch.randn(2, 2, generator=generator))
    flat = memory.packed()
    assert flat.shape == (2, memory_size(2, hidden)) == (2, 2 * (6 + 36) + 8 + 2)
    found = unpacked(flat, 2, hidden)
    torch.testing.assert_close(found.effort, memory.effort, rtol=0, atol=0)
    for ours, theirs in zip(found.passes, memory.passes, strict=True):
        for part, other in zip(ours, theirs, strict=True):
            torch.testing.assert_close(part, other, rtol=0, atol=0)


def test_a_single_pass_sees_efforts_alone() -> None:
    one, two = Passes(TYPES, 1).each(), Passes(TYPES, 2).each()
    assert one[0].stillness.earlier_mean.shape == two[0].stillness.earlier_mean.shape == (0,)
    assert two[1].stillness.earlier_mean.shape == (20,)
