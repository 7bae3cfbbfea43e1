# SPDX-License-Identifier: Apache-2.0
"""Forward protocol of the KUKA KR300 set: torque to position over whole blocks of a minute.

Source: ``reference.py`` of the data folder; data of J. Weigand et al., "Dataset and Baseline for
an Industrial Robot Identification Benchmark", 2022; 60 known -> 60 predicted after ReLiNet, IJCAI
2023. Free run: of a block only the first position is known, and all torques; mean absolute error
[deg] over all joints, blocks and rows after row 20. Sixty: 60 rows known, 60 predicted, a window
every 60 rows; root of the mean squared error over the variance that a joint has in all test rows.
"""

from collections.abc import Sequence
from dataclasses import replace
import math
from pathlib import Path
from typing import Any

from lstm_dynamics_bench.published.reference_file import load_reference
from lstm_dynamics_bench.published.robot_set import (
    BaselineFigures,
    check_lengths,
    Figure,
    FoldModel,
    LinearBaseline,
    Published,
    RealSet,
    SETS,
    SetScore,
    Trace,
)
from lstm_dynamics_ros.core.state import Matrix, Vector
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.evaluation.forecasters.base import Forecaster, KNOWN_TORQUE
from lstm_dynamics_ros.evaluation.forecasters.model import ModelForecaster
from lstm_dynamics_ros.evaluation.scores.protocol_result import Diverged, ProtocolResult, Reach
import numpy as np
from numpy.typing import NDArray

FIRST_ROW = 20
"""First row of a free run that is scored."""

KNOWN = 60
"""Rows known, rows predicted, and rows between two windows."""

FIR, FIR_STRENGTH = 60, 1e-4
"""Torques that the linear baseline in free run sees, and its ridge strength."""

ARX, ARX_STRENGTH = 10, 1e-8
"""Rows that the linear baseline of the windows sees, and its ridge strength."""

FREE_RUN, SIXTY = 'free run MAE', 'sixty nMSE'
"""Columns: mean absolute error [deg]; mean squared error over variance, whose mean over the joints
is the square of the published NRMSE."""

MA_LSTM = 'Neural Computing and Applications, DOI 10.1007/s00521-024-10732-y, tables VI and X'
RELINET = 'ReLiNet, IJCAI 2023'

Windows = NDArray[np.float64]
"""Shape (n_windows, KNOWN, n_joints)."""


def free_run(forecaster: Forecaster, block: Segment) -> Matrix:
    """Return the positions of a block of which only the first one is known, shape (n, n_joints).

    The robot is at rest at first. No later measurement is used, only the torques.
    """
    still = block.velocity.copy()
    still[0] = 0.0
    start = replace(block, velocity=still)
    forecast = forecaster.forecast(start, np.array([0]), range(1, len(block)), mode=KNOWN_TORQUE)
    return np.vstack([block.position[:1], forecast['position'][0]])


def sixty(forecaster: Forecaster, block: Segment) -> Windows:
    """Return the positions after each 60 known rows; nothing before these is known."""
    windows = []
    for start in _starts(block):
        rows = block.rows(start - KNOWN, start + KNOWN)
        velocity = rows.velocity.copy()
        velocity[0] = velocity[1]  # that of row 0 was made with a position before the window
        forecast = forecaster.forecast(
            replace(rows, velocity=velocity),
            np.array([KNOWN - 1]),
            range(1, KNOWN + 1),
            mode=KNOWN_TORQUE,
        )
        windows.append(forecast['position'][0])
    return np.array(windows)


def score_kr300(
    forecaster: Forecaster,
    test: Sequence[Segment],
    training: Sequence[Segment] = (),
    *,
    reference: Path | None = None,
) -> ProtocolResult:
    """Score a forward model on the test blocks.

    Args:
        forecaster: The model.
        test: The test blocks, whole, from their first row.
        training: The training blocks: the linear baselines are fitted to them, and free runs far
            outside of them count as diverged.
        reference: The set's ``reference.py`` or its folder, for its ridge regression.

    Raises:
        DataError: If a block is too short, or the reference cannot be loaded.
    """
    check_lengths(test, 2 * KNOWN + 1)
    reach = Reach.of(training, len(test[0].joint_names))
    runs = [free_run(forecaster, block) for block in test]
    windows = [sixty(forecaster, block) for block in test]
    lost = {
        FREE_RUN: reach.diverged(runs),
        SIXTY: reach.diverged([window for block in windows for window in block]),
    }
    figures = {forecaster.name: _figures(test, runs, windows, lost)}
    if reference is not None:
        module = load_reference(reference)
        figures[f'fir({FIR})'] = {FREE_RUN: _free_error(test, _fir(module, test, training))}
        figures[f'arx({ARX})'] = {SIXTY: _sixty_error(test, _arx(module, test, training))}
    root = float(np.sqrt(np.mean(figures[forecaster.name][SIXTY])))
    return ProtocolResult(
        protocol='kr300 forward, test blocks',
        unit='deg for MAE, 1 for nMSE',
        joint_names=test[0].joint_names,
        figures=figures,
        notes=(
            f'{forecaster.name}: NRMSE of 60 -> 60 is the root of the mean nMSE, {root:.4g}',
            *(f'{forecaster.name}, {k}: {v.text()}' for k, v in lost.items() if v.runs),
        ),
        diverged={forecaster.name: lost},
    )


def _starts(block: Segment) -> range:
    """Return the first predicted row of each window."""
    return range(KNOWN, len(block) - KNOWN, KNOWN)


def _figures(
    test: Sequence[Segment],
    runs: Sequence[Matrix],
    windows: Sequence[Windows],
    lost: dict[str, Diverged],
) -> dict[str, Vector]:
    """Return the figures of a forecaster, infinite where a run diverged."""
    nothing = np.full(runs[0].shape[1], np.inf)
    return {
        FREE_RUN: nothing if lost[FREE_RUN].runs else _free_error(test, runs),
        SIXTY: nothing if lost[SIXTY].runs else _sixty_error(test, windows),
    }


def _free_error(test: Sequence[Segment], runs: Sequence[Matrix]) -> Vector:
    """Return the mean absolute error of each joint [deg]."""
    errors = [
        np.abs(run - block.position)[FIRST_ROW:] for run, block in zip(runs, test, strict=True)
    ]
    degrees: Vector = np.rad2deg(np.concatenate(errors).mean(axis=0))
    return degrees


def _sixty_error(test: Sequence[Segment], windows: Sequence[Windows]) -> Vector:
    """Return the mean squared error over the variance in all test rows, of each joint."""
    errors = [
        window - block.position[start : start + KNOWN]
        for block, group in zip(test, windows, strict=True)
        for start, window in zip(_starts(block), group, strict=True)
    ]
    variance = np.concatenate([block.position for block in test]).var(axis=0)
    share: Vector = (np.concatenate(errors) ** 2).mean(axis=0) / variance
    return share


def _torques(block: Segment) -> Matrix:
    """Return in each row the torque that leads to its position; the first has the second's."""
    return np.vstack([block.effort[:1], block.effort[:-1]])


def _fir(module: Any, test: Sequence[Segment], training: Sequence[Segment]) -> list[Matrix]:  # noqa: ANN401
    """Return the free runs of the set's own linear model: positions from the last torques."""
    model = module.ridge(
        np.vstack([module.window(_torques(block), FIR)[FIR:] for block in training]),
        np.vstack([block.position[FIR:] for block in training]),
        FIR_STRENGTH,
    )
    return [model(module.window(_torques(block), FIR)) for block in test]


def _arx(module: Any, test: Sequence[Segment], training: Sequence[Segment]) -> list[Windows]:  # noqa: ANN401
    """Return the windows of the set's own ARX(10)."""

    def inputs(position: Matrix, torque: Matrix, t: NDArray[np.int64]) -> Matrix:
        past = [position[t - k] for k in range(1, ARX + 1)]
        return np.hstack(past + [torque[t - k] for k in range(ARX)])

    def rows(block: Segment) -> tuple[Matrix, Matrix]:
        t = np.arange(ARX, len(block))
        return inputs(block.position, _torques(block), t), block.position[t]

    parts = [rows(block) for block in training]
    model = module.ridge(
        np.vstack([x for x, _ in parts]), np.vstack([y for _, y in parts]), ARX_STRENGTH
    )
    found = []
    for block in test:
        torque, windows = _torques(block), []
        for start in _starts(block):
            state = block.position[: start + KNOWN].copy()
            for t in range(start, start + KNOWN):
                state[t] = model(inputs(state, torque, np.array([t])))[0]
            windows.append(state[start:])
        found.append(np.array(windows))
    return found


@SETS.register('kr300')
class Kr300(RealSet):
    """Forward, the authors' split; their validation blocks are not used."""

    mapping = settings = 'kr300'
    title = 'KUKA KR300, 6 joints: torque to position'
    figures = (
        Figure(
            key='free_run_mae_deg',
            title='free run of whole blocks, mean absolute error',
            unit='deg',
            bar=10.8,
            goal=9.0,
            linear=LinearBaseline('FIR(60)', 'kr300_fir60_mae_deg'),
            published=(
                Published('MA-LSTM-MLP', 10.83, MA_LSTM),
                Published('LSTM-MLP, k=10', 12.33, MA_LSTM),
                Published('LSTM-MLP, k=0', 13.98, MA_LSTM),
                Published('NARX-NN', 14.90, MA_LSTM),
            ),
        ),
        Figure(
            key='sixty_sixty_nrmse',
            title='60 known, 60 predicted, NRMSE',
            bar=0.40,
            goal=0.33,
            linear=LinearBaseline('ARX(10)', 'kr300_arx10_sixty_nrmse'),
            published=(Published('LSTM', 0.409, RELINET), Published('ReLiNet', 0.548, RELINET)),
        ),
    )
    frozen_keys = ('kr300_fir60_mae_deg', 'kr300_arx10_sixty_nrmse')
    horizons = (1, 60)
    no_robustness = (
        'Five torque observers of several passes each are too slow to differentiate for a worst '
        'case.'
    )

    def score(self, models: Sequence[FoldModel], baselines: BaselineFigures) -> SetScore:
        """See the base class."""
        (one,) = models
        table = self.protocol(one, baselines.folder)
        first = one.test[0]
        return SetScore(
            figures={
                'free_run_mae_deg': table.mean('model', FREE_RUN),
                'sixty_sixty_nrmse': math.sqrt(table.mean('model', SIXTY)),
            },
            tables=(table,),
            traces=(
                Trace.thinned(
                    f'{first.name}, free run',
                    'deg',
                    first.dt,
                    first,
                    np.rad2deg(first.position),
                    np.rad2deg(free_run(ModelForecaster(one.loaded), first)),
                ),
            ),
        )

    def protocol(self, model: FoldModel, reference: Path | None = None) -> ProtocolResult:
        """See the base class."""
        reference = reference if model.training else None
        forecaster = ModelForecaster(model.loaded)
        return score_kr300(forecaster, model.test, model.training, reference=reference)
