# SPDX-License-Identifier: Apache-2.0
"""What the benchmark must know of a published set: folds, figures, and how to score them."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from lstm_dynamics_ros.core.registry import Registry
from lstm_dynamics_ros.core.state import Matrix, Vector
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.evaluation.scores.protocol_result import ProtocolResult
from lstm_dynamics_ros.runtime.model_file import LoadedModel
import numpy as np

POINTS = 1500
"""Most rows of a time series that are kept to be drawn."""


class Fold(NamedTuple):
    """One model of a set: what it learns from, and what it is judged on, by names."""

    name: str
    train: tuple[str, ...]
    test: tuple[str, ...]


class Judged(NamedTuple):
    """A fold's model and the trajectories it goes with."""

    loaded: LoadedModel
    test: Sequence[Segment]
    training: Sequence[Segment]


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One number of a set; smaller is better."""

    key: str
    """Name in the JSON."""
    title: str
    unit: str = ''
    bar: float | None = None
    """What it must not be above to count."""
    goal: float | None = None


class Opponents(NamedTuple):
    """What the linear opponents of a set reach."""

    folder: Path
    """Where ``reference.py`` is."""
    frozen: Mapping[str, Sequence[float]]
    """By key of ``FROZEN`` in it."""


@dataclass(frozen=True, kw_only=True)
class Trace:
    """A stretch of a test trajectory, measured and predicted."""

    title: str
    unit: str
    joint_names: tuple[str, ...]
    time: Vector
    """[s], shape (n,)."""
    measured: Matrix
    """Shape (n, n_joints)."""
    predicted: Matrix
    """Same shape."""

    @classmethod
    def thinned(
        cls,
        title: str,
        unit: str,
        dt: float,
        segment: Segment,
        measured: Matrix,
        predicted: Matrix,
    ) -> 'Trace':
        """Return a trace with few enough rows to be drawn."""
        every = max(1, -(-len(measured) // POINTS))
        return cls(
            title=title,
            unit=unit,
            joint_names=segment.joint_names,
            time=np.asarray(dt * np.arange(len(measured))[::every], np.float64),
            measured=measured[::every],
            predicted=predicted[::every],
        )

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON-ready values; NaN is null."""
        rows = {
            key: [[float(x) if np.isfinite(x) else None for x in row] for row in values]
            for key, values in (('measured', self.measured), ('predicted', self.predicted))
        }
        return {
            'title': self.title,
            'unit': self.unit,
            'joint_names': list(self.joint_names),
            'time': self.time.tolist(),
            **rows,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> 'Trace':
        """Return the trace that :meth:`to_json` gave."""
        return cls(
            title=values['title'],
            unit=values['unit'],
            joint_names=tuple(values['joint_names']),
            time=np.array(values['time'], float),
            measured=np.array(values['measured'], float),
            predicted=np.array(values['predicted'], float),
        )


@dataclass(frozen=True, kw_only=True)
class SetScore:
    """What the models of one set and seed are worth."""

    figures: Mapping[str, float]
    """By key of :class:`Figure`; infinite where a free run diverged."""
    tables: tuple[ProtocolResult, ...]
    traces: tuple[Trace, ...] = ()
    extras: Mapping[str, Mapping[str, Any] | None] = field(default_factory=dict)
    """What :func:`.extras.extras_of` says, by name."""

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON-ready values."""
        return {
            'figures': {
                key: value if np.isfinite(value) else None for key, value in self.figures.items()
            },
            'tables': [table.to_json() for table in self.tables],
            'traces': [trace.to_json() for trace in self.traces],
            'extras': dict(self.extras),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> 'SetScore':
        """Return the score that :meth:`to_json` gave."""
        return cls(
            figures={
                key: np.inf if value is None else value for key, value in values['figures'].items()
            },
            tables=tuple(ProtocolResult.from_json(item) for item in values['tables']),
            traces=tuple(Trace.from_json(item) for item in values['traces']),
            extras=values['extras'],
        )


class RealSet(ABC):
    """One published set. Its mapping and training settings have its name."""

    title: str
    """What is predicted from what, for people."""
    figures: tuple[Figure, ...]
    frozen_keys: tuple[str, ...] = ()
    """Keys of ``FROZEN`` in ``reference.py``, in the order its function of the set's name returns
    them; none if there is no such function."""
    joints: tuple[str, ...] = ()
    """Joints that are modelled; none for all."""
    urdf: str = ''
    """Rigid-body model that comes with the package, for training settings that ask for one."""

    no_robustness: str = ''
    """Why robustness is not measured; empty where it is."""
    horizons: tuple[int, ...] = (1,)
    """How far ahead coverage and novelty of forward models are looked at [steps]."""

    def folds(self, names: Sequence[str]) -> list[Fold]:
        """Return the models to train: one, on what the set's authors call training data.

        Args:
            names: All trajectories of the set.
        """
        train = tuple(name for name in names if name.startswith('train'))
        test = tuple(name for name in names if name.startswith('test'))
        return [Fold('model', train, test)]

    @abstractmethod
    def score(self, judged: Sequence[Judged], opponents: Opponents) -> SetScore:
        """Score the models as the set's protocol does.

        Args:
            judged: One for each of :meth:`folds`.
            opponents: What the linear opponents reach.
        """


SETS: Registry[RealSet] = Registry('data set')
"""Published sets by name."""
