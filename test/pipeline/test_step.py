# SPDX-License-Identifier: Apache-2.0
"""Tests for step.py."""

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
import sys

from lstm_dynamics_ros.core.state import JointState, RawSample, Reference
from lstm_dynamics_ros.pipeline import state_input as module
from lstm_dynamics_ros.pipeline.build import build_pipeline
from lstm_dynamics_ros.pipeline.settings import BuildSettings
from lstm_dynamics_ros.pipeline.state_input import StateInput
from lstm_dynamics_ros.pipeline.step import FILLED_BY, Step
from lstm_dynamics_ros.runtime.model_file import load_model
from lstm_dynamics_ros.signals.time_grid import GridPoint
import numpy as np
import pytest

DT_NS = 5_000_000
NAMES = ('joint1', 'joint2')
STAGE_OF = {name: stage for stage, names in FILLED_BY.items() for name in names.split()}
MODULE_OF = {'model_tracker': 'forecast'}
"""Where a stage is, if not in a file of its name."""


class Rest:
    """A reference that stands still."""

    def at(self, stamp_ns: int) -> Reference:
        """See the protocol."""
        return Reference(stamp_ns, np.zeros(2), np.zeros(2), np.zeros(2))


class Watched(Step):
    """A step that notes who wrote what, and refuses a second time."""

    def __setattr__(self, name: str, value: object) -> None:
        if hasattr(self, name):
            message = f'{name} was filled before.'
            raise AttributeError(message)
        object.__setattr__(self, name, value)
        written = self.__dict__.setdefault('written', {})
        written[name] = sys._getframe(1).f_globals['__name__'].rpartition('.')[2]


def grid_point() -> GridPoint:
    return GridPoint(1, JointState(DT_NS, np.zeros(2), np.zeros(2), np.zeros(2)), True, False)


@pytest.fixture(params=['forward', 'inverse', 'motion'])
def steps(
    request: pytest.FixtureRequest,
    make_model: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> list[Watched]:
    made: list[Watched] = []

    class Noted(Watched):
        """One that is kept."""

        def __new__(cls) -> 'Noted':
            step = object.__new__(cls)
            made.append(step)
            return step

    monkeypatch.setattr(module, 'Step', Noted)
    bandwidth = {'disturbance_bandwidth': 20.0} if request.param == 'motion' else {}
    path = make_model(tmp_path / 'm.onnx', kind=request.param, **bandwidth)
    pipeline = build_pipeline(load_model(path), BuildSettings(control_rate=100.0, horizon_steps=3))
    pipeline.reference = Rest()
    for k in range(60):
        effort = [np.nan, 0.0] if k == 50 else [1.0, 2.0]
        pipeline.tick([RawSample(k * DT_NS, NAMES, [0.01 * k, 0.0], [0.0, 0.0], effort)])
    return made


def test_every_field_has_one_stage() -> None:
    names = [name for names in FILLED_BY.values() for name in names.split()]
    assert sorted(names) == sorted(item.name for item in fields(Step))
    assert len(STAGE_OF) == len(names)


def test_each_stage_fills_its_own_fields_once_and_nobody_else_writes_them(
    steps: list[Watched],
) -> None:
    assert len(steps) >= 50
    for step in steps:
        written = step.__dict__['written']
        for name, stage in written.items():
            assert stage == MODULE_OF.get(STAGE_OF[name], STAGE_OF[name]), name
        if step.is_control:
            assert set(written) == set(STAGE_OF)


def test_a_field_that_is_not_filled_yet_cannot_be_read() -> None:
    step = StateInput.begin(grid_point(), is_control=True)
    assert step.stamp_ns == DT_NS
    with pytest.raises(AttributeError):
        _ = step.prediction


def test_it_shows_what_is_known() -> None:
    step = StateInput.begin(grid_point(), is_control=True)
    step.note = 'Warming up.'
    assert repr(step).startswith('Step(')
    assert "note='Warming up.'" in repr(step)
    assert 'torque' not in repr(step)
    assert not step.valid
