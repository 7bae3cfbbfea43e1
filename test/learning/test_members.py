# SPDX-License-Identifier: Apache-2.0
"""Members are trained on different splits, go into one model file, and need enough data."""

from dataclasses import replace
from pathlib import Path
import re
from typing import Any

from lstm_dynamics_ros.core.card import Range
from lstm_dynamics_ros.core.errors import TrainingError
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.learning.columns import columns
from lstm_dynamics_ros.learning.export.export import export
from lstm_dynamics_ros.learning.families import training_settings
from lstm_dynamics_ros.learning.families.forward import ForwardSettings
from lstm_dynamics_ros.learning.families.inverse import InverseSettings
from lstm_dynamics_ros.learning.members import (
    check_size,
    joined_ranges,
    Member,
    recurrent_weights,
    train_members,
)
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


def test_weights_are_counted_as_the_equations_have_them() -> None:
    settings = InverseSettings(hidden_size=10, head_size=0, history_steps=1, ripple_limit=0)
    seen = 2 * 2 + 2 * 2 + 2  # position, velocity, sine and cosine of 2 joints, linear part
    lstm = 4 * 10 * (seen + 10) + 2 * 4 * 10
    assert recurrent_weights(settings, ('revolute',) * 2) == lstm + 2 * 10 + 2


def test_enough_data_is_accepted(runs: list[Segment], small: dict[str, Any]) -> None:
    check_size(runs, ForwardSettings(**small))


def test_the_largest_size_that_fits_is_named_and_fits(
    runs: list[Segment], small: dict[str, Any]
) -> None:
    settings = ForwardSettings(**(small | {'hidden_size': 512}))
    with pytest.raises(TrainingError, match='use --force') as refused:
        check_size(runs[:1], settings)
    found = re.search(r'largest that fits is hidden_size (\d+)', str(refused.value))
    assert found
    size = int(found[1])
    check_size(runs[:1], replace(settings, hidden_size=size))
    with pytest.raises(TrainingError):
        check_size(runs[:1], replace(settings, hidden_size=size + 1))


def test_data_too_short_for_any_size_say_so(runs: list[Segment], small: dict[str, Any]) -> None:
    with pytest.raises(TrainingError, match='None fits'):
        check_size([runs[0].rows(0, 5)], ForwardSettings(**small))
