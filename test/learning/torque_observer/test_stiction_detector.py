# SPDX-License-Identifier: Apache-2.0
"""Joints with a known stiction: what the network tells of them, and that steps agree."""

from collections.abc import Iterable

from lstm_dynamics_ros.learning.torque_observer import stiction_detector
from lstm_dynamics_ros.learning.torque_observer.stiction_detector import Pieces, StictionDetector
import numpy as np
import pytest
import torch
from torch import Tensor


def stop_and_go(seed: int, steps: int = 100) -> tuple[Tensor, Tensor]:
    """Return efforts and normalised speeds of two joints that move only above a stiction of 1."""
    generator = torch.Generator().manual_seed(seed)
    time = torch.arange(steps).unsqueeze(1) * 0.1
    phase = 6.28 * torch.rand(2, generator=generator)
    effort = 2.0 * torch.sin(time * torch.tensor([0.7, 1.1]) + phase)
    over = (effort.abs() - 1.0).clamp_min(0)
    return effort, over * effort.sign() / 0.4


def many(seeds: Iterable[int]) -> Pieces:
    """Return such pieces side by side."""
    efforts, speeds = zip(*(stop_and_go(seed) for seed in seeds), strict=True)
    return Pieces(torch.stack(efforts, 1), torch.stack(speeds, 1))


def test_it_learns_which_joints_are_still_and_how_fast_others_are() -> None:
    model = StictionDetector(2)
    left = model.learn([many(range(16))], seed=0)
    assert float(left.max()) < 0.15
    effort, speed = stop_and_go(99)
    with torch.no_grad():
        before = torch.cat([effort[:1], effort[:-1]])
        still, rough, _ = model(effort[:, None], before[:, None], model.zero_state(1))
    right = (still[:, 0] > 0.5) == (speed.abs() < 0.08)
    assert float(right.float().mean()) > 0.9
    assert float((rough[:, 0] - speed).square().mean()) < 0.15


def test_rows_of_unknown_speed_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stiction_detector, 'UPDATES', 20)
    pieces = many([0, 0])
    pieces.speed[:50] = torch.nan
    model = StictionDetector(2)
    assert torch.isfinite(model.learn([pieces], seed=0)).all()


@pytest.mark.slow
def test_what_earlier_passes_say_is_used() -> None:
    """Efforts of a robot that is pushed about say nothing here; an earlier pass knows it all."""
    pieces = many(range(16))
    effort = torch.randn(pieces.effort.shape, generator=torch.Generator().manual_seed(0))
    deaf = StictionDetector(2).learn([pieces._replace(effort=effort)], seed=0)
    said = 7.0 + 3.0 * pieces.speed
    informed = Pieces(effort, pieces.speed, said)
    model = StictionDetector(2, earlier=2)
    knowing = model.learn([informed, informed], seed=0)
    assert float(deaf.min()) > 0.5
    assert float(knowing.max()) < 0.1
    np.testing.assert_allclose(model.earlier_mean, np.mean(said.numpy(), (0, 1)), rtol=1e-4)


@pytest.mark.parametrize('earlier', [0, 3])
def test_steps_in_float64_give_what_the_sequence_gives(earlier: int) -> None:
    effort, _ = stop_and_go(1)
    model = StictionDetector(2, hidden=7, earlier=earlier).eval()
    model.earlier_mean.fill_(0.5)
    model.earlier_spread.fill_(2.0)
    said = torch.randn(len(effort), 1, earlier) if earlier else None
    hidden = model.zero_state(1)[0]
    with torch.no_grad():
        before = torch.cat([effort[:1], effort[:-1]])
        still, rough, _ = model(effort[:, None], before[:, None], model.zero_state(1), said)
        for k in range(len(effort)):
            ours, speed, hidden = model.step(
                effort[k : k + 1], before[k : k + 1], hidden, None if said is None else said[k]
            )
            torch.testing.assert_close(ours.float(), still[k], rtol=1e-4, atol=1e-5)
            torch.testing.assert_close(speed.float(), rough[k], rtol=1e-4, atol=1e-5)


def test_what_is_seen_is_the_formula() -> None:
    model = StictionDetector(2, earlier=1)
    model.effort_spread.fill_(2.0)
    model.change_spread.fill_(0.5)
    model.earlier_mean.fill_(3.0)
    model.earlier_spread.fill_(4.0)
    effort, before = np.array([1.0, -4.0]), np.array([0.5, -1.0])
    change = (effort - before) / 0.5
    expected = [*(effort / 2), *np.tanh(effort), *change, *np.abs(change), (5.0 - 3.0) / 4.0]
    rows = [torch.from_numpy(row)[None] for row in (effort, before, np.array([5.0]))]
    np.testing.assert_allclose(model.features(*rows)[0], expected)
