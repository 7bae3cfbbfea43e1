# SPDX-License-Identifier: Apache-2.0
"""The protocols behind one signature, for `lstm-dynamics evaluate --protocol`.

They are registered as entry points in ``setup.py``.
"""

from collections.abc import Sequence
from pathlib import Path

from lstm_dynamics_bench.published.protocols.baxter_ugr import score_baxter_ugr
from lstm_dynamics_bench.published.protocols.emps import score_emps
from lstm_dynamics_bench.published.protocols.kr300 import score_kr300
from lstm_dynamics_bench.published.protocols.kuka_lwr import score_kuka_lwr
from lstm_dynamics_bench.published.protocols.kuka_weigand2021 import score_kuka_weigand2021
from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.evaluation.forecasters.constant_velocity import ConstantVelocity
from lstm_dynamics_ros.evaluation.forecasters.model import ModelForecaster
from lstm_dynamics_ros.evaluation.forecasters.persistence import Persistence
from lstm_dynamics_ros.evaluation.scores.protocol_result import ProtocolResult
from lstm_dynamics_ros.runtime.model_file import LoadedModel

Segments = Sequence[Segment]


def baxter_ugr(
    loaded: LoadedModel, test: Segments, training: Segments, reference: Path | None
) -> ProtocolResult:
    """Score an inverse model as the Baxter set does.

    Args:
        loaded: The model.
        test: Trajectories that are scored.
        training: Trajectories the model was trained on; baselines are fitted to them.
        reference: Folder of the published sets, for their own baselines.
    """
    return score_baxter_ugr(loaded, test, training, reference=reference)


def kuka_weigand2021(
    loaded: LoadedModel,
    test: Segments,
    training: Segments,
    reference: Path | None,  # noqa: ARG001 - the set has none
) -> ProtocolResult:
    """Score an inverse model as the set of three recordings of a KUKA arm does."""
    return score_kuka_weigand2021(loaded, test, training)


def kr300(
    loaded: LoadedModel, test: Segments, training: Segments, reference: Path | None
) -> ProtocolResult:
    """Score a forward model as the KUKA KR300 set does."""
    return score_kr300(
        ModelForecaster(loaded), test, training, reference=reference if training else None
    )


def emps(
    loaded: LoadedModel,
    test: Segments,
    training: Segments,  # noqa: ARG001 - the set's models are fitted by its own code
    reference: Path | None,
) -> ProtocolResult:
    """Score an inverse model as EMPS does."""
    return score_emps(loaded, _only_one('emps', test), reference=reference)


def kuka_lwr(
    loaded: LoadedModel, test: Segments, training: Segments, reference: Path | None
) -> ProtocolResult:
    """Score a forward model as the KUKA LWR set does."""
    return score_kuka_lwr(
        ModelForecaster(loaded),
        _only_one('kuka_lwr', test),
        training,
        opponents=[Persistence(), ConstantVelocity()],
        reference=reference if training else None,
    )


def _only_one(protocol: str, test: Segments) -> Segment:
    if len(test) != 1:
        raise DataError(f'{protocol} scores one trajectory, got {len(test)}.')
    return test[0]
