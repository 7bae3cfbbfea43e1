# SPDX-License-Identifier: Apache-2.0
"""Tests for block_novelty.py, against one run after the other, step by step."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.learning.columns import columns
from lstm_dynamics_ros.learning.export.block_novelty import BlockNovelty
from lstm_dynamics_ros.learning.families.forward import ForwardSettings
from lstm_dynamics_ros.learning.models.dynamics_model import DynamicsModel
from lstm_dynamics_ros.learning.models.ensemble import Ensemble, spread
from lstm_dynamics_ros.learning.training.checkpoint import Checkpoint
from lstm_dynamics_ros.learning.training.dataset import cut
from lstm_dynamics_ros.runtime.model_file import load_model
from lstm_dynamics_ros.runtime.novelty import Novelty
from numpy.testing import assert_allclose
import pytest
import torch

STARTS = (20, 27)


@pytest.mark.parametrize('members', [1, 3])
@torch.no_grad()
def test_blocks_are_as_novel_as_the_robot_would_find_them(
    checkpoints: Callable[[str, str], Checkpoint],
    exported: Path,
    runs: list[Segment],
    members: int,
) -> None:
    made = checkpoints('forward', 'lstm')
    several = [made.model() for _ in range(members)]
    for k, one in enumerate(several):
        assert isinstance(one, DynamicsModel)
        one.linear.bias.add_(0.01 * k)
    model = Ensemble(several).eval() if members > 1 else several[0]
    usual = {kind: [0.1] * model.n_joints for kind in made.settings.targets}
    card = replace(
        load_model(exported).card, members=members, spread=usual, training_ranges=made.ranges
    )
    assert isinstance(made.settings, ForwardSettings)
    windows = cut([columns(run, made.settings) for run in runs[:2]], [0, 1], [5, 9], 40)
    found = BlockNovelty([model], [card]).excess(0, windows, STARTS, (1, 6))
    assert found.shape == (2, len(STARTS), 2, 2, model.n_targets)
    for block in range(2):
        rows = windows.observations[:, block : block + 1]
        for k, start in enumerate(STARTS):
            novelty, state = Novelty(card), model.zero_state(1)
            row = rows[0]
            for step in range(start + 6):
                if isinstance(model, Ensemble):
                    each, state = model.step_each(row, state)
                else:
                    alone, state = model.step(row, state)
                    each = alone.unsqueeze(0)
                novelty.update(row.numpy(), spread(each).numpy())
                if step == start:
                    assert_allclose(found[0, k, block], novelty.excess[0], rtol=1e-3, atol=1e-5)
                row = rows[step + 1] if step < start else each.mean(0)
            assert_allclose(found[1, k, block], novelty.excess[0], rtol=1e-3, atol=1e-4)
