# SPDX-License-Identifier: Apache-2.0
"""A loaded model for the tests of ``runtime``."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from lstm_dynamics_ros.runtime.model_file import load_model, LoadedModel
import pytest

Load = Callable[..., LoadedModel]


@pytest.fixture
def load(make_model: Callable[..., Path], tmp_path: Path) -> Load:
    """Make a small model by the arguments of ``make_model`` and load it."""

    def make_and_load(**arguments: Any) -> LoadedModel:  # noqa: ANN401
        return load_model(make_model(tmp_path / 'model.onnx', **arguments))

    return make_and_load
