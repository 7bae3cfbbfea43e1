# SPDX-License-Identifier: Apache-2.0
"""Joints with a known stiction: what the network tells of them, and that steps agree."""

from lstm_dynamics_ros.training.stillness import Stillness
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


def test_it_learns_which_joints_are_still_and_how_fast_others_are() -> None:
    pieces = [stop_and_go(seed) for seed in range(16)]
    model = Stillness(2)
    left = model.learn([e for e, _ in pieces], [s for _, s in pieces], seed=0)
    assert float(left.max()) < 0.15
    effort, speed = stop_and_go(99)
    with torch.no_grad():
        before = torch.cat([effort[:1], effort[:-1]])
        still, rough, _ = model(effort[:, None], before[:, None], model.zero_state(1))
    right = (still[:, 0] > 0.5) == (speed.abs() < 0.08)
    assert float(right.float().mean()) > 0.9
    assert float((rough[:, 0] - speed).square().mean()) < 0.15


def test_rows_of_unknown_speed_do_not_count() -> None:
    effort, speed = stop_and_go(0)
    speed[:50] = torch.nan
    model = Stillness(2)
    assert torch.isfinite(model.learn([effort, effort], [speed, speed], seed=0)).all()


def test_steps_in_float64_give_what_the_sequence_gives() -> None:
    effort, _ = stop_and_go(1)
    model = Stillness(2).eval()
    hidden = model.zero_state(1)[0]
    with torch.no_grad():
        before = torch.cat([effort[:1], effort[:-1]])
        still, rough, _ = model(effort[:, None], before[:, None], model.zero_state(1))
        for k in range(len(effort)):
            ours, speed, hidden = model.step(effort[k : k + 1], before[k : k + 1], hidden)
            torch.testing.assert_close(ours.float(), still[k], rtol=1e-4, atol=1e-5)
            torch.testing.assert_close(speed.float(), rough[k], rtol=1e-4, atol=1e-5)
