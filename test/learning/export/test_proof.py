# SPDX-License-Identifier: Apache-2.0
"""Tests of the proof that file and trained model agree."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from lstm_dynamics_ros.core.errors import ExportError
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.learning.columns import columns
from lstm_dynamics_ros.learning.export.onnx_graph import PackedStep
from lstm_dynamics_ros.learning.export.proof import LARGEST, prove, ROUNDING, STEPS
from lstm_dynamics_ros.learning.training.checkpoint import Checkpoint
from lstm_dynamics_ros.runtime.model_file import load_model
import pytest
import torch

Trained = Callable[[str, str], Checkpoint]


@pytest.fixture
def rows(runs: list[Segment], checkpoints: Trained) -> torch.Tensor:
    settings = checkpoints('forward', 'lstm').settings
    used = [columns(run, settings).observations for run in runs[3:]]
    return torch.stack([part[:STEPS] for part in used], 1)


def test_a_file_of_the_same_model_passes(
    checkpoints: Trained, rows: torch.Tensor, exported: Path
) -> None:
    made = checkpoints('forward', 'lstm')
    proof = prove(PackedStep(made.model()), load_model(exported), rows)
    assert proof.teacher_forced <= LARGEST
    assert proof.free_run <= LARGEST
    assert proof.free_run_apart <= max(LARGEST, ROUNDING * proof.rounding_apart)


@pytest.mark.parametrize('factor', [1.001, 0.999])
def test_weights_that_differ_by_a_thousandth_are_noticed(
    checkpoints: Trained, rows: torch.Tensor, exported: Path, factor: float
) -> None:
    made = checkpoints('forward', 'lstm')
    other = {name: part.clone() for name, part in made.weights.items()}
    other['linear.weight'] *= factor
    step = PackedStep(replace(made, weights=other).model())
    with pytest.raises(ExportError, match='torch and onnxruntime disagree over 500 steps'):
        prove(step, load_model(exported), rows)
