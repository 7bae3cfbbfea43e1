# SPDX-License-Identifier: Apache-2.0
"""Inverse protocol of EMPS, a positioning system with one axis: force from motion at 1 kHz.

Source: ``reference.py`` of the data folder; A. Janot, M. Gautier, M. Brunot, "Data Set and
Reference Models of EMPS", Workshop on Nonlinear System Identification Benchmarks, 2019. The
position passes a Butterworth low-pass of order 4 and 100 Hz forward and backward, and central
differences give its derivatives. Predicted and measured force are decimated by 10 alike, and
compared by 100 |F - Fhat| / |F| over the test file.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from lstm_dynamics_bench.published.reference_file import load_reference
from lstm_dynamics_bench.published.robot_set import (
    BaselineFigures,
    check_lengths,
    Figure,
    FoldModel,
    LinearBaseline,
    only_one,
    Published,
    RealSet,
    SETS,
    SetScore,
    Trace,
)
from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.core.state import Matrix
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.evaluation.metrics import relative_error
from lstm_dynamics_ros.evaluation.scores.inverse import predict_effort
from lstm_dynamics_ros.evaluation.scores.protocol_result import ProtocolResult
from lstm_dynamics_ros.pipeline.model_inputs import is_motion_model
from lstm_dynamics_ros.runtime.model_file import LoadedModel
import numpy as np
from scipy import signal

STEP = 1e-3
"""Step of the recordings [s]."""

ORDER, CUTOFF = 4, 100.0
"""Low-pass of the position: order of the Butterworth filter, cut-off [Hz]."""

FIRST_ROW = 49
"""First row that is decimated."""

DECIMATION, DECIMATION_ORDER = 10, 8
"""Every so many rows one is scored, after a Chebyshev low-pass of this order, zero phase."""

COLUMN = 'relative error'
"""The figure."""


class Forces(NamedTuple):
    """Measured and predicted force as they are compared, each shape (n, 1) [N]."""

    measured: Matrix
    predicted: Matrix


def forces(loaded: LoadedModel, test: Segment) -> Forces:
    """Return the forces that are compared.

    A model that makes its motion from positions gets the measured ones, as in training; others
    get position and velocity of the protocol.

    Args:
        loaded: An inverse model.
        test: The test file at 1 kHz, from its first row.

    Raises:
        DataError: If the file is on another grid, or too short.
    """
    if abs(test.dt - STEP) > 1e-9:
        raise DataError(f'The protocol is for steps of {STEP} s, {test.name} has {test.dt} s.')
    shortest = FIRST_ROW + DECIMATION * (3 * DECIMATION_ORDER + 1)
    check_lengths([test], shortest)
    motion = test if is_motion_model(loaded.card) else published_motion(test)
    predicted = predict_effort(loaded, motion)
    return Forces(decimated(test.effort), decimated(predicted))


def published_motion(segment: Segment) -> Segment:
    """Return the segment with position and velocity as the protocol filters them."""
    b, a = signal.butter(ORDER, CUTOFF, fs=1 / segment.dt)
    position = signal.filtfilt(b, a, segment.position, axis=0)
    velocity = np.empty_like(position)
    velocity[1:-1] = (position[2:] - position[:-2]) / (2 * segment.dt)
    velocity[0], velocity[-1] = velocity[1], velocity[-2]
    return replace(segment, position=position, velocity=velocity)


def decimated(force: Matrix) -> Matrix:
    """Return a force as it is compared, shape (n, n_joints)."""
    rows: Matrix = signal.decimate(
        force[FIRST_ROW:], DECIMATION, n=DECIMATION_ORDER, ftype='iir', axis=0, zero_phase=True
    )
    return rows


@SETS.register('emps')
class Emps(RealSet):
    """Inverse, official split by file."""

    mapping = settings = 'emps'
    model_kind = 'inverse'
    dt = STEP
    title = 'EMPS, one sliding axis: motion to force'
    figures = (
        Figure(
            key='relative_error_percent',
            title='relative error of the force',
            unit='%',
            bar=5.3,
            goal=4.5,
            linear=LinearBaseline(
                'rigid body, asymmetric friction', 'emps_relative_error_percent', 1
            ),
            published=(
                Published(
                    'IDIM-LS, symmetric friction',
                    5.9824,
                    'A. Janot et al., Data Set and Reference Models of EMPS, 2019',
                ),
            ),
        ),
    )
    frozen_keys = ('emps_relative_error_percent',)

    def score(self, models: Sequence[FoldModel], baselines: BaselineFigures) -> SetScore:
        """See the base class."""
        (one,) = models
        (test,) = one.test
        table = self.protocol(one, baselines.folder)
        compared = forces(one.loaded, test)
        return SetScore(
            figures={'relative_error_percent': table.mean('model', COLUMN)},
            tables=(table,),
            traces=(Trace.thinned(test.name, 'N', DECIMATION * test.dt, test, *compared),),
        )

    def protocol(self, model: FoldModel, reference: Path | None = None) -> ProtocolResult:
        """See the base class."""
        test = only_one('emps', model.test)
        compared = forces(model.loaded, test)
        figures = {'model': {COLUMN: 100 * relative_error(*compared)}}
        notes = [f'{len(compared.measured)} rows after decimation']
        if reference is not None:
            module = load_reference(reference)
            symmetric, asymmetric = module.emps()
            figures['rigid body, symmetric friction'] = {COLUMN: np.array([symmetric])}
            figures['rigid body, asymmetric friction'] = {COLUMN: np.array([asymmetric])}
            notes.append(f'frozen: {module.FROZEN["emps_relative_error_percent"]}')
        return ProtocolResult(
            protocol=f'emps inverse, {test.name}, relative error of the force',
            unit='%',
            joint_names=test.joint_names,
            figures=figures,
            notes=tuple(notes),
        )
