# SPDX-License-Identifier: Apache-2.0
"""Forward protocol of the KUKA LWR set: leave one run out, one step and re-synchronised.

Source: ``reference.py`` of the data folder; data of A. Polydoros and L. Nalpantidis, IROS 2016,
pp. 612-618. Row t of a run holds q, dq, effort, and is scored on q, dq of row t + 1. One step:
from every row after the ninth. Re-synchronised: at row 49 and every 100 rows after, the forecast
starts anew from what was measured, and in between knows only the efforts; scored from row 50 on.
nMSE per joint, averaged over the joints.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from lstm_dynamics_bench.published.reference_file import load_reference
from lstm_dynamics_bench.published.robot_set import (
    BaselineFigures,
    Figure,
    Fold,
    FoldModel,
    LinearBaseline,
    only_one,
    RealSet,
    SETS,
    SetScore,
    Trace,
)
from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.core.state import Matrix, Vector
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.evaluation.forecasters.base import Forecaster, KNOWN_TORQUE
from lstm_dynamics_ros.evaluation.forecasters.model import ModelForecaster
from lstm_dynamics_ros.evaluation.forecasters.naive import ConstantVelocity, Persistence
from lstm_dynamics_ros.evaluation.metrics import nmse
from lstm_dynamics_ros.evaluation.scores.protocol_result import (
    Diverged,
    pooled,
    ProtocolResult,
    Reach,
)
import numpy as np

FIRST_ONE_STEP = 9
"""First row that is scored one step ahead: ARX(10) needs it and the nine before."""

FIRST_SYNC = 49
"""First row from which the re-synchronised forecast starts."""

SYNC_STEPS = 100
"""Rows between two synchronisations."""

ARX_ORDER = 10
"""Rows of past of the linear baseline."""

ARX_STRENGTH = 1e-8
"""Its ridge strength, relative to the number of rows."""


class Split(NamedTuple):
    """One run as the protocol sees it: inputs at t, targets at t + 1."""

    inputs: Matrix
    """q, dq, effort, shape (n, 3 * n_joints)."""
    targets: Matrix
    """q, dq one row later, shape (n, 2 * n_joints)."""


def split_of(segment: Segment) -> Split:
    """Return the protocol's rows of a run; the last row is a target only."""
    rows = np.hstack([segment.position, segment.velocity, segment.effort])
    return Split(rows[:-1], rows[1:, : 2 * segment.position.shape[1]])


def score_kuka_lwr(
    forecaster: Forecaster,
    left_out: Segment,
    training: Sequence[Segment],
    *,
    others: Sequence[Forecaster] = (),
    reference: Path | None = None,
) -> ProtocolResult:
    """Score a forward model on the run that was left out of its training.

    Args:
        forecaster: The model.
        left_out: The run it has not seen.
        training: The other runs; the ARX(10) of the set is fitted to them, and forecasts far
            outside of them count as diverged.
        others: Further forecasters, e.g. persistence.
        reference: The set's ``reference.py`` or its folder; without it the ARX(10) is left out.

    Returns:
        nMSE per joint, columns ``one step position``, ``one step velocity``, ``resync position``
        and ``resync velocity``; infinite where a window diverged.

    Raises:
        DataError: If the run is too short, or the reference cannot be loaded.
    """
    if len(left_out) < FIRST_SYNC + 3:
        raise DataError(
            f'{left_out.name} has {len(left_out)} rows; needed are {FIRST_SYNC + 3} or more.'
        )
    reach = Reach.of(training, len(left_out.joint_names))
    figures, lost = {}, {}
    for one in (forecaster, *others):
        figures[one.name], lost[one.name] = _forecaster_figures(one, left_out, reach)
    notes = [
        f'left out: {left_out.name}; {left_out.name} has {len(left_out)} rows',
        'one run left out, where the frozen figures of the set are means over all ten folds',
    ]
    late = max(0, forecaster.lookback_steps - 1 - FIRST_ONE_STEP)
    if late:
        notes.append(f'{forecaster.name} is not warm yet in the first {late} rows it is scored on')
    if reference is not None:
        module = load_reference(reference)
        figures[f'arx({ARX_ORDER})'] = arx_figures(module, left_out, training)
        frozen = module.FROZEN
        notes.append(
            f'frozen ARX(10), mean over ten folds: one step {frozen["kuka_lwr_one_step_nmse"]}, '
            f'resync {frozen["kuka_lwr_resync_nmse"]} (position, velocity)'
        )
    return ProtocolResult(
        protocol=f'kuka_lwr forward, {left_out.name} left out, nMSE',
        unit='',
        joint_names=left_out.joint_names,
        figures=figures,
        notes=tuple(notes),
        diverged=lost,
    )


def _forecaster_figures(
    forecaster: Forecaster, run: Segment, reach: Reach
) -> tuple[dict[str, Vector], dict[str, Diverged]]:
    """Return the figures of one forecaster, and how many windows diverged."""
    targets = split_of(run).targets
    n, joints = len(targets), len(run.joint_names)
    first = max(FIRST_ONE_STEP, forecaster.required_steps - 1)
    every = np.arange(first, n)
    one = _columns(forecaster.forecast(run, every, (1,), mode=KNOWN_TORQUE))[:, 0]
    out = resynchronised(forecaster, run)
    starts = range(FIRST_SYNC, n, SYNC_STEPS)
    lost = reach.diverged([out[start : start + SYNC_STEPS, :joints] for start in starts])
    figures = _halves(targets[first:], one, 'one step')
    if lost.runs:
        nothing = np.full(joints, np.inf)
        figures |= {'resync position': nothing, 'resync velocity': nothing}
    else:
        figures |= _halves(targets[FIRST_SYNC + 1 :], out[FIRST_SYNC + 1 :], 'resync')
    return figures, {'resync position': lost, 'resync velocity': lost}


def resynchronised(forecaster: Forecaster, run: Segment) -> Matrix:
    """Return q and dq of row t + 1 as forecast from the last synchronisation before it.

    Shape (n - 1, 2 * n_joints), NaN before the first synchronisation.
    """
    targets = split_of(run).targets
    n = len(targets)
    out = np.full_like(targets, np.nan)
    horizons = tuple(range(1, SYNC_STEPS + 1))
    starts = np.arange(FIRST_SYNC, n, SYNC_STEPS)
    for group in (starts[starts + SYNC_STEPS <= n], starts[starts + SYNC_STEPS > n]):
        if len(group):
            reach = min(SYNC_STEPS, n - int(group[-1]))
            found = _columns(forecaster.forecast(run, group, horizons[:reach], mode=KNOWN_TORQUE))
            for start, rows in zip(group, found, strict=True):
                out[start : start + reach] = rows
    return out


def _columns(forecast: dict[str, Any]) -> Matrix:
    """Return position and velocity side by side, shape (n_starts, n_horizons, 2 * n_joints)."""
    return np.concatenate([forecast['position'], forecast['velocity']], axis=-1)


def _halves(target: Matrix, prediction: Matrix, what: str) -> dict[str, Vector]:
    position, velocity = np.split(nmse(target, prediction), 2)
    return {f'{what} position': position, f'{what} velocity': velocity}


def arx_figures(module: Any, run: Segment, training: Sequence[Segment]) -> dict[str, Vector]:  # noqa: ANN401
    """Return the figures of the set's own ARX(10), fitted by its own ridge regression."""

    def rows(split: Split) -> tuple[Matrix, Matrix]:
        t = np.arange(ARX_ORDER - 1, len(split.inputs))
        state, effort = _parts(split)
        past = [state[t - k] for k in range(ARX_ORDER)] + [effort[t - k] for k in range(ARX_ORDER)]
        return np.hstack(past), split.targets[t]

    parts = [rows(split_of(segment)) for segment in training]
    model = module.ridge(
        np.vstack([x for x, _ in parts]), np.vstack([y for _, y in parts]), ARX_STRENGTH
    )
    own = split_of(run)
    x, y = rows(own)
    measured, effort = _parts(own)
    state, out = measured.copy(), np.zeros_like(measured)
    for t in range(FIRST_SYNC, len(state)):
        if (t - FIRST_SYNC) % SYNC_STEPS == 0:
            state[: t + 1] = measured[: t + 1]
        past = [state[t - k] for k in range(ARX_ORDER)] + [effort[t - k] for k in range(ARX_ORDER)]
        out[t] = np.clip(model(np.hstack(past)[None])[0], -50, 50)
        if t + 1 < len(state):
            state[t + 1] = out[t]
    return _halves(y, model(x), 'one step') | _halves(
        own.targets[FIRST_SYNC + 1 :], out[FIRST_SYNC + 1 :], 'resync'
    )


def _parts(split: Split) -> tuple[Matrix, Matrix]:
    """Return state and effort of the inputs."""
    n = split.targets.shape[1]
    return split.inputs[:, :n], split.inputs[:, n:]


ARX = LinearBaseline('ARX(10)')
# What others reach, as far as it can be read, is of other protocols.

ONE_STEP, RESYNC = 'kuka_lwr_one_step_nmse', 'kuka_lwr_resync_nmse'


@SETS.register('kuka_lwr')
class KukaLwr(RealSet):
    """Forward, leave one run out."""

    mapping = settings = 'kuka_lwr'
    title = 'KUKA LWR, 7 joints: torque to motion'
    figures = (
        Figure(
            key='one_step_position_ratio',
            title='one step, position, nMSE over that of ARX',
            linear=ARX,
        ),
        Figure(
            key='one_step_velocity_ratio',
            title='one step, velocity, nMSE over that of ARX',
            bar=0.80,
            goal=0.60,
            linear=ARX,
        ),
        Figure(
            key='resync_position_ratio',
            title='100 steps, position, nMSE over that of ARX',
            bar=0.60,
            goal=0.30,
            linear=ARX,
        ),
        Figure(
            key='resync_velocity_ratio',
            title='100 steps, velocity, nMSE over that of ARX',
            bar=0.60,
            goal=0.30,
            linear=ARX,
        ),
    )
    frozen_keys = (ONE_STEP, RESYNC)
    horizons = (1, 100)

    def folds(self, names: Sequence[str]) -> list[Fold]:
        """See the base class."""
        return [
            Fold(name, tuple(other for other in names if other != name), (name,)) for name in names
        ]

    def score(self, models: Sequence[FoldModel], baselines: BaselineFigures) -> SetScore:
        """See the base class."""
        folds = [
            score_kuka_lwr(
                ModelForecaster(one.loaded), one.test[0], one.training, reference=baselines.folder
            )
            for one in models
        ]
        table = pooled(
            folds, f'kuka_lwr forward, mean of {len(folds)} runs left out in turn, nMSE'
        )
        frozen = [*baselines.frozen[ONE_STEP], *baselines.frozen[RESYNC]]
        first = models[0]
        run = first.test[0]
        predicted = resynchronised(ModelForecaster(first.loaded), run)[FIRST_SYNC:]
        joints = len(run.joint_names)
        return SetScore(
            figures={
                figure.key: table.mean('model', column) / linear
                for figure, column, linear in zip(
                    self.figures, table.figures['model'], frozen, strict=True
                )
            },
            tables=(table,),
            traces=(
                Trace.thinned(
                    f'{run.name}, from the last of every 100 rows',
                    'rad/s',
                    run.dt,
                    run,
                    split_of(run).targets[FIRST_SYNC:, joints:],
                    predicted[:, joints:],
                ),
            ),
        )

    def protocol(self, model: FoldModel, reference: Path | None = None) -> ProtocolResult:
        """See the base class."""
        return score_kuka_lwr(
            ModelForecaster(model.loaded),
            only_one('kuka_lwr', model.test),
            model.training,
            others=[Persistence(), ConstantVelocity()],
            reference=reference if model.training else None,
        )
