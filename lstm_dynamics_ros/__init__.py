# SPDX-License-Identifier: Apache-2.0
"""Learned joint dynamics: train offline, predict and correct online.

What is offered here is loaded when it is first used, so importing the package needs numpy alone;
docs/api.md shows how it is used. What needs an optional library that is not installed raises
:class:`MissingLibraryError`, which names the extra that brings it.
"""

from typing import TYPE_CHECKING

from lstm_dynamics_ros.core.lazy import attributes

if TYPE_CHECKING:
    from lstm_dynamics_ros.core.errors import LstmDynamicsError, MissingLibraryError
    from lstm_dynamics_ros.core.state import JointState, RawSample, Reference
    from lstm_dynamics_ros.data.bags.reader import read_recordings
    from lstm_dynamics_ros.data.recording import Recording
    from lstm_dynamics_ros.learning.export.settings import ExportSettings
    from lstm_dynamics_ros.learning.families.forward import ForwardSettings
    from lstm_dynamics_ros.learning.families.inverse import InverseSettings
    from lstm_dynamics_ros.pipeline.build import build_pipeline
    from lstm_dynamics_ros.pipeline.pipeline import Pipeline
    from lstm_dynamics_ros.pipeline.settings import BuildSettings, PipelineSettings
    from lstm_dynamics_ros.runtime.model_file import load_model, LoadedModel
    from lstm_dynamics_ros.runtime.predictor import Predictor
    from lstm_dynamics_ros.workflows.evaluate import evaluate
    from lstm_dynamics_ros.workflows.replay import replay
    from lstm_dynamics_ros.workflows.train import train

__version__ = '0.1.0'

__all__ = [
    'BuildSettings',
    'ExportSettings',
    'ForwardSettings',
    'InverseSettings',
    'JointState',
    'LoadedModel',
    'LstmDynamicsError',
    'MissingLibraryError',
    'Pipeline',
    'PipelineSettings',
    'Predictor',
    'RawSample',
    'Recording',
    'Reference',
    '__version__',
    'build_pipeline',
    'evaluate',
    'load_model',
    'read_recordings',
    'replay',
    'train',
]

_HOMES = {
    'BuildSettings': 'pipeline.settings',
    'ExportSettings': 'learning.export.settings',
    'ForwardSettings': 'learning.families.forward',
    'InverseSettings': 'learning.families.inverse',
    'JointState': 'core.state',
    'LoadedModel': 'runtime.model_file',
    'LstmDynamicsError': 'core.errors',
    'MissingLibraryError': 'core.errors',
    'Pipeline': 'pipeline.pipeline',
    'PipelineSettings': 'pipeline.settings',
    'Predictor': 'runtime.predictor',
    'RawSample': 'core.state',
    'Recording': 'data.recording',
    'Reference': 'core.state',
    'build_pipeline': 'pipeline.build',
    'evaluate': 'workflows.evaluate',
    'load_model': 'runtime.model_file',
    'read_recordings': 'data.bags.reader',
    'replay': 'workflows.replay',
    'train': 'workflows.train',
}

if not TYPE_CHECKING:
    __getattr__ = attributes(__name__, _HOMES)


def __dir__() -> list[str]:
    return __all__
