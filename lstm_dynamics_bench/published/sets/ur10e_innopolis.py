# SPDX-License-Identifier: Apache-2.0
"""Two protocols of a UR10e with motor currents: inverse, and forward at three horizons.

Data: S. Mamedov and S. Mikhel, "Practical Aspects of Model-Based Collision Detection", Frontiers
in Robotics and AI 7:571574, 2020. Trained on six periodic motions, scored on one point to point
that turns two wrists more than 2 rad beyond them. Inverse: nMSE of the current of each joint from
row 40 on. Forward: nMSE over that of the best linear baseline that did not diverge.
"""

from collections.abc import Sequence
from pathlib import Path

from lstm_dynamics_bench.published.reference_file import check, Reproduced
from lstm_dynamics_bench.published.robot_set import (
    BaselineFigures,
    check_lengths,
    effort_trace,
    Figure,
    FoldModel,
    LinearBaseline,
    mean_effort,
    only_one,
    RealSet,
    SETS,
    SetScore,
    Trace,
)
from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.core.state import Matrix, Vector
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.evaluation.forecasters.base import CAUSAL, chosen_text, Forecaster, MODES
from lstm_dynamics_ros.evaluation.forecasters.fit_arx import fit_arx
from lstm_dynamics_ros.evaluation.forecasters.inverse_ridge import RidgeInverse
from lstm_dynamics_ros.evaluation.forecasters.model import ModelForecaster
from lstm_dynamics_ros.evaluation.forecasters.naive import ConstantVelocity, Persistence
from lstm_dynamics_ros.evaluation.metrics import nmse
from lstm_dynamics_ros.evaluation.scores.horizons import horizon_scores, KINDS
from lstm_dynamics_ros.evaluation.scores.inverse import predict_effort
from lstm_dynamics_ros.evaluation.scores.protocol_result import ProtocolResult
from lstm_dynamics_ros.evaluation.scores.result import Scores
import numpy as np

NAME = 'ur10e_innopolis'
"""Folder and mapping of both protocols."""

FIRST_ROW = 40
"""First row of the test file whose current is scored."""

KEY = 'ur10e_innopolis_ridge_nmse'
"""Key of the reference ridge."""

REFERENCE = (0.081, 0.116, 0.280, 0.246, 0.185, 0.320, 0.205)
"""nMSE of the reference ridge as it was written down with the data: joints, and their mean."""

ORDER, PENALTY = 20, 100.0
"""Rows that the reference ridge sees, and its penalty on standardised features."""

HORIZONS = (1, 10, 50)
"""How far ahead the forward model is scored [steps]."""

BEST = LinearBaseline('best linear')


@SETS.register(f'{NAME}_inverse')
class Ur10eInverse(RealSet):
    """Inverse, on another kind of motion."""

    folder = mapping = NAME
    model_kind = 'inverse'
    title = 'UR10e, 6 joints: motion to motor current'
    figures = (
        Figure(
            key='nmse',
            title='nMSE of the current, mean of joints',
            linear=LinearBaseline('reference ridge', KEY, len(REFERENCE) - 1),
        ),
        Figure(key='ratio', title='that over the best ridge', bar=1.0, goal=0.85, linear=BEST),
    )
    frozen_keys = (KEY,)

    def reproduced(self, folder: Path, data_sha256: str, cache: Path) -> dict[str, Reproduced]:  # noqa: ARG002
        """Fit the reference ridge to the files as they are, in a moment.

        Raises:
            DataError: If it does not come out as it was written down.
        """
        item = Reproduced(list(REFERENCE), reference_figures(folder))
        check(KEY, item)
        return {KEY: item}

    def score(self, models: Sequence[FoldModel], baselines: BaselineFigures) -> SetScore:
        """See the base class."""
        (one,) = models
        table = self.protocol(one)
        own, ridge = table.mean('model', 'nMSE'), table.mean('ridge', 'nMSE')
        best = min(ridge, baselines.frozen[KEY][-1])
        return SetScore(
            figures={'nmse': own, 'ratio': own / best},
            tables=(table,),
            traces=(effort_trace(one.loaded, one.test[0]),),
        )

    def protocol(self, model: FoldModel, reference: Path | None = None) -> ProtocolResult:  # noqa: ARG002
        """See the base class."""
        loaded, _, training = model
        test = only_one(NAME, model.test)
        check_lengths([test], FIRST_ROW + 1)
        predicted = {'model': predict_effort(loaded, test)}
        notes = []
        if training:
            ridge = RidgeInverse.fit(training)
            notes = [chosen_text('ridge', ridge.chosen)]
            predicted['ridge'] = ridge.predict(test)
            predicted['train mean'] = np.broadcast_to(mean_effort(training), test.effort.shape)
        return ProtocolResult(
            protocol=f'{NAME} inverse, {test.name}',
            unit='',
            joint_names=test.joint_names,
            figures={
                name: {'nMSE': nmse(test.effort[FIRST_ROW:], rows[FIRST_ROW:])}
                for name, rows in predicted.items()
            },
            notes=tuple(notes),
        )


@SETS.register(f'{NAME}_forward')
class Ur10eForward(RealSet):
    """Forward, on another kind of motion."""

    folder = mapping = NAME
    title = 'UR10e, 6 joints: motor current to motion'
    figures = tuple(
        figure
        for mode in sorted(MODES)
        for figure in (
            *(
                Figure(
                    key=f'{mode}_{kind}_{h}_ratio',
                    title=f'{mode.replace("_", " ")}, {kind} {10 * h} ms ahead, nMSE ratio',
                    bar=1.0 if mode == CAUSAL else None,
                    linear=BEST,
                )
                for kind in KINDS
                for h in HORIZONS
            ),
            Figure(
                key=f'{mode}_ratio',
                title=f'{mode.replace("_", " ")}, geometric mean of these',
                goal=0.8 if mode == CAUSAL else None,
                linear=BEST,
            ),
        )
    )
    horizons = HORIZONS

    def score(self, models: Sequence[FoldModel], baselines: BaselineFigures) -> SetScore:  # noqa: ARG002
        """See the base class."""
        (one,) = models
        if not one.training:
            raise DataError(f'{NAME} needs its training files for the linear baseline.')
        figures: dict[str, float] = {}
        scores = _scores(one)
        for mode in sorted(MODES):
            ratios = {
                f'{mode}_{kind}_{h}_ratio': scores[mode].ratio(kind, h)
                for kind in KINDS
                for h in HORIZONS
            }
            mean = float(np.exp(np.mean(np.log(list(ratios.values())))))
            figures |= ratios | {f'{mode}_ratio': mean}
        return SetScore(
            figures=figures,
            tables=(_table(scores, one.test[0]),),
            traces=(_trace(ModelForecaster(one.loaded), one.test[0]),),
        )

    def protocol(self, model: FoldModel, reference: Path | None = None) -> ProtocolResult:  # noqa: ARG002
        """See the base class."""
        return _table(_scores(model), only_one(NAME, model.test))


def reference_figures(folder: Path) -> list[float]:
    """Return the nMSE of the reference ridge: joints, and their mean.

    Args:
        folder: The set's files.
    """

    def rows_of(file: Path) -> tuple[Matrix, Matrix]:
        rows = np.loadtxt(file, delimiter=',')
        q, dq = rows[:, 1:7], rows[:, 7:13]
        now = np.hstack([np.sin(q), np.cos(q), dq, np.tanh(20 * dq)])
        padded = np.vstack([np.repeat(now[:1], ORDER - 1, axis=0), now])
        return np.hstack([padded[k : k + len(now)] for k in range(ORDER)]), rows[:, 13:19]

    learned = [rows_of(file) for file in sorted(folder.glob('ur-20_0*harm.csv'))]
    x, y = (np.vstack(parts) for parts in zip(*learned, strict=True))
    mean, std = x.mean(axis=0), x.std(axis=0)
    z = (x - mean) / std
    weights = np.linalg.solve(z.T @ z + PENALTY * np.eye(z.shape[1]), z.T @ (y - y.mean(axis=0)))
    x_test, y_test = rows_of(folder / 'ur-20_01_17-ptp_10_points.csv')
    predicted = (x_test - mean) / std @ weights + y.mean(axis=0)
    joints = nmse(y_test[FIRST_ROW:], predicted[FIRST_ROW:])
    return [*joints.tolist(), float(joints.mean())]


def _scores(model: FoldModel) -> dict[str, Scores]:
    """Return the scores of both modes, beside the baselines."""
    test = only_one(NAME, model.test)
    baselines: list[Forecaster] = [Persistence(), ConstantVelocity()]
    if model.training:
        baselines.append(fit_arx(model.training))
    forecasters = [ModelForecaster(model.loaded), *baselines]
    return {
        mode: horizon_scores(forecasters, [test], mode=mode, horizons=HORIZONS) for mode in MODES
    }


def _table(scores: dict[str, Scores], test: Segment) -> ProtocolResult:
    """Return the nMSE of every joint; infinite where a forecaster diverged."""
    figures: dict[str, dict[str, Vector]] = {}
    for mode, score in scores.items():
        for (kind, h, name), entry in score.entries.items():
            column = f'{mode.replace("_", " ")} {kind} {h}'
            lost = np.full_like(entry.nmse_per_joint, np.inf)
            figures.setdefault(name, {})[column] = lost if entry.diverged else entry.nmse_per_joint
    return ProtocolResult(
        protocol=f'{NAME} forward, {test.name}, nMSE',
        unit='',
        joint_names=test.joint_names,
        figures=figures,
        notes=tuple(scores[CAUSAL].choices()),
    )


def _trace(forecaster: Forecaster, test: Segment) -> Trace:
    """Return measured velocity, and that forecast from every fiftieth row without the current."""
    reach = max(HORIZONS)
    starts = np.arange(forecaster.lookback_steps, len(test) - reach, reach)
    made = forecaster.forecast(test, starts, range(1, reach + 1), mode=CAUSAL)['velocity']
    predicted = made.reshape(-1, made.shape[-1])
    first = int(starts[0]) + 1
    return Trace.thinned(
        f'{test.name}, from the last of every {reach} rows',
        'rad/s',
        test.dt,
        test,
        test.velocity[first : first + len(predicted)],
        predicted,
    )
