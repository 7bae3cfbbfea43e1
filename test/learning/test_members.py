# SPDX-License-Identifier: Apache-2.0
"""Members are trained on different splits, and go into one model file."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from lstm_dynamics_ros.core.card import Range
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.learning.columns import columns
from lstm_dynamics_ros.learning.export.export import export
from lstm_dynamics_ros.learning.families import training_settings
from lstm_dynamics_ros.learning.members import joined_ranges, Member, train_members
from lstm_dynamics_ros.learning.settings import TrainingSettings
from lstm_dynamics_ros.runtime.model_file import load_model
from lstm_dynamics_ros.runtime.onnx_step import OnnxStep
import numpy as np
import pytest
import torch


@pytest.fixture(scope='module')
def settings(small: dict[str, Any]) -> TrainingSettings:
    return training_settings(
        small | {'members': 3, 'max_epochs': 2, 'model_kind': 'inverse'}, leave_out_foreign=True
    )


@pytest.fixture(scope='module')
def trained(
    runs: list[Segment], settings: TrainingSettings, tmp_path_factory: pytest.TempPathFactory
) -> list[Member]:
    return train_members(runs, settings, folder=tmp_path_factory.mktemp('members'))


@pytest.mark.slow
def test_every_trajectory_is_unseen_by_one_member(
    trained: list[Member], runs: list[Segment]
) -> None:
    held = [segment.name for member in trained for segment in member.held_out]
    assert sorted(held) == sorted(run.name for run in runs)
    for member in trained:
        unseen = {segment.name for segment in member.held_out}
        assert not unseen & set(member.checkpoint.data['train'])
        assert not unseen & {segment.name for segment in member.learned}


@pytest.mark.slow
def test_members_start_from_different_seeds(trained: list[Member]) -> None:
    assert [member.checkpoint.settings.seed for member in trained] == [0, 1, 2]


@pytest.mark.slow
def test_training_goes_on_where_it_was_interrupted(
    runs: list[Segment], settings: TrainingSettings, tmp_path: Path, trained: list[Member]
) -> None:
    calls: list[int] = []

    def stop(done: int, _: int, __: str) -> None:
        calls.append(done)
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_members(runs, settings, folder=tmp_path, progress=stop)
    again = train_members(runs, settings, folder=tmp_path)
    assert calls == [0, 1, 2, 3]  # 0 while the linear part is regularised
    for member, other in zip(again, trained, strict=True):
        for name, value in member.checkpoint.weights.items():
            assert torch.equal(value, other.checkpoint.weights[name]), name


@pytest.mark.slow
def test_the_file_holds_all_members_and_says_how_far_they_spread(
    trained: list[Member], runs: list[Segment], settings: TrainingSettings, tmp_path: Path
) -> None:
    card = export(trained, tmp_path / 'model.onnx')
    loaded = load_model(tmp_path / 'model.onnx')
    assert card.members == loaded.card.members == 3
    step = OnnxStep(loaded)
    rows = columns(runs[0], settings).observations.numpy()[:50]
    models = [member.checkpoint.model() for member in trained]
    with torch.no_grad():
        each = [
            m.sequence(torch.from_numpy(rows)[:, None], m.zero_state(1))[0][:, 0].numpy()
            for m in models
        ]
    for row in rows:
        step.obs[0] = row
        prediction = step.step()
    assert step.has_spread
    last = np.array([predictions[-1] for predictions in each])
    size = np.abs(last).max()
    np.testing.assert_allclose(prediction[0], last.mean(0), atol=1e-4 * size)
    np.testing.assert_allclose(step.spread[0], last.std(0, ddof=1), atol=1e-4 * size)
    assert len(card.spread['effort']) == 2
    assert min(card.spread['effort']) > 0


@pytest.mark.slow
def test_a_lone_member_has_no_spread(
    trained: list[Member], runs: list[Segment], tmp_path: Path
) -> None:
    card = export(trained[:1], tmp_path / 'model.onnx')
    step = OnnxStep(load_model(tmp_path / 'model.onnx'))
    assert (card.members, card.spread, step.has_spread) == (1, {}, False)


@pytest.mark.slow
def test_what_any_member_saw_is_inside_the_training_range(trained: list[Member]) -> None:
    first = trained[0].checkpoint
    name = next(iter(first.ranges))
    wide = replace(
        first, ranges=first.ranges | {name: Range(minimum=-99.0, maximum=98.0, mean=0, std=1)}
    )
    found = joined_ranges([first, wide])[name]
    assert (found.minimum, found.maximum) == (-99.0, 98.0)
