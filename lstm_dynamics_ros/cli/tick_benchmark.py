# SPDX-License-Identifier: Apache-2.0
"""A whole pipeline tick as a callable, for the latency benchmark."""

from collections.abc import Callable

from lstm_dynamics_ros.grid import nanoseconds
from lstm_dynamics_ros.pipeline import Pipeline
from lstm_dynamics_ros.pipeline_settings import PipelineSettings
from lstm_dynamics_ros.runtime.model_file import LoadedModel
from lstm_dynamics_ros.state import RawSample


def whole_tick(loaded: LoadedModel, *, horizon_steps: int) -> Callable[[], object]:
    """Return a function that takes one joint state through the pipeline: one grid point each."""
    card = loaded.card
    pipeline = Pipeline(loaded, PipelineSettings(horizon_steps=horizon_steps))
    mean = {
        kind: [card.training_ranges[f'{kind}.{joint}'].mean for joint in card.joint_names]
        if card.columns(kind) is not None
        else [0.0] * card.n_joints
        for kind in ('position', 'velocity', 'effort')
    }
    period = nanoseconds(card.dt)
    now = 0

    def tick() -> object:
        nonlocal now
        now += period
        return pipeline.tick(
            [RawSample(now, card.joint_names, mean['position'], mean['velocity'], mean['effort'])]
        )

    return tick
