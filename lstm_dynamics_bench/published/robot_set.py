# SPDX-License-Identifier: Apache-2.0
"""Base class of the published sets: folds, figures, protocol, and how they are scored."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from lstm_dynamics_bench.published.reference_file import Reproduced, reproduced
from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.core.json_data import from_plain, to_plain
from lstm_dynamics_ros.core.registry import Registry
from lstm_dynamics_ros.core.state import Matrix, Vector
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.evaluation.scores.inverse import predict_effort
from lstm_dynamics_ros.evaluation.scores.protocol_result import ProtocolResult
from lstm_dynamics_ros.runtime.model_file import LoadedModel
import numpy as np

POINTS = 1500
"""Most rows of a time series that are kept to be drawn."""


class Fold(NamedTuple):
    """One model of a set: what it is trained on, and what it is scored on, by names."""

    name: str
    train: tuple[str, ...]
    test: tuple[str, ...]


class FoldModel(NamedTuple):
    """The model of a fold, and the trajectories it goes with, whole, from their first row."""

    loaded: LoadedModel
    test: Sequence[Segment]
    training: Sequence[Segment] = ()


class BaselineFigures(NamedTuple):
    """Figures of the linear baselines of a set."""

    folder: Path
    """Where ``reference.py`` is."""
    frozen: Mapping[str, Sequence[float]]
    """By key of ``FROZEN`` in it."""


class Published(NamedTuple):
    """A figure of somebody else, and where it is published."""

    by: str
    value: float
    source: str


class LinearBaseline(NamedTuple):
    """Which number of ``FROZEN`` is that of the set's own linear baseline."""

    by: str
    key: str = ''
    """Key of ``FROZEN``; empty for a figure that is a ratio to the baseline, which has 1."""
    number: int = 0
    """Which of the numbers of that key."""


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
    linear: LinearBaseline | None = None
    published: tuple[Published, ...] = ()
    """Figures of others by the same protocol, best first."""

    def linear_value(self, frozen: Mapping[str, Sequence[float]]) -> float | None:
        """Return the figure of the linear baseline; None without one, or if it is not known.

        Args:
            frozen: By key of ``FROZEN``.
        """
        if self.linear is None:
            return None
        if not self.linear.key:
            return 1.0
        numbers = frozen.get(self.linear.key)
        return None if numbers is None else numbers[self.linear.number]


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


@dataclass(frozen=True, kw_only=True)
class SetScore:
    """Figures, tables and traces of the models of one set and seed."""

    figures: Mapping[str, float]
    """By key of :class:`Figure`; infinite where a free run diverged."""
    tables: tuple[ProtocolResult, ...]
    traces: tuple[Trace, ...] = ()
    extras: Mapping[str, Mapping[str, Any] | None] = field(default_factory=dict)
    """What :func:`.scoring.extras_of` returns, by name."""

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON-ready values."""
        return {
            'figures': to_plain(self.figures),
            'tables': [table.to_json() for table in self.tables],
            'traces': to_plain(self.traces),
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
            traces=from_plain(tuple[Trace, ...], values['traces'], 'The traces of a score'),
            extras=values['extras'],
        )


class RealSet(ABC):
    """One published set: all there is to know of it stands in the file of its class."""

    mapping: str
    """How its files become bags: name of a file in ``config/mappings``."""
    settings: str = ''
    """What is trained: name of a file in ``config/training/real``; empty for what `train` chooses
    by itself."""
    model_kind: str = 'forward'
    """Kind of model that is chosen without such a file."""
    dt: float = 0.0
    """Step of its grid [s]; 0 for that of the recordings."""
    folder: str = ''
    """Folder of its files; empty if it is that of the set's name. `--set` takes it for all sets
    that have it."""

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

    def reproduced(self, folder: Path, data_sha256: str, cache: Path) -> dict[str, Reproduced]:
        """Return the figures of the set's own baselines, as they come out here.

        Args:
            folder: The set's files.
            data_sha256: Digest of them.
            cache: Folder for all that is kept.

        Raises:
            DataError: If a figure is not reproduced.
        """
        return reproduced(folder.parent, folder.name, self.frozen_keys, data_sha256, cache)

    def folds(self, names: Sequence[str]) -> list[Fold]:
        """Return the models to train: one, on what the set's authors call training data.

        Args:
            names: All trajectories of the set.
        """
        train = tuple(name for name in names if name.startswith('train'))
        test = tuple(name for name in names if name.startswith('test'))
        return [Fold('model', train, test)]

    @abstractmethod
    def score(self, models: Sequence[FoldModel], baselines: BaselineFigures) -> SetScore:
        """Score the models of all folds as the set's protocol does.

        Args:
            models: One for each of :meth:`folds`.
            baselines: What the linear baselines reach.
        """

    @abstractmethod
    def protocol(self, model: FoldModel, reference: Path | None = None) -> ProtocolResult:
        """Score one model, that of a fold or anybody's, on its test trajectories.

        Args:
            model: The model; baselines are fitted to its training trajectories, if there are any.
            reference: The set's ``reference.py`` or its folder, for the set's own baselines.

        Raises:
            DataError: If a trajectory cannot be scored, or the reference cannot be loaded.
        """

    def evaluate(
        self,
        loaded: LoadedModel,
        test: Sequence[Segment],
        training: Sequence[Segment],
        reference: Path | None,
    ) -> ProtocolResult:
        """Do what `evaluate --protocol` asks for, see :meth:`protocol`."""
        return self.protocol(FoldModel(loaded, test, training), reference)


def check_lengths(segments: Sequence[Segment], shortest: int) -> None:
    """Refuse trajectories that are too short to be scored.

    Raises:
        DataError: Naming the first one.
    """
    for segment in segments:
        if len(segment) < shortest:
            raise DataError(f'{segment.name} has {len(segment)} rows; {shortest} are needed.')


def only_one(protocol: str, test: Sequence[Segment]) -> Segment:
    """Return the trajectory of a protocol that scores one.

    Raises:
        DataError: If there are none or several.
    """
    if len(test) != 1:
        raise DataError(f'{protocol} scores one trajectory, got {len(test)}.')
    return test[0]


def mean_effort(training: Sequence[Segment]) -> Vector:
    """Return the mean of the effort over all rows of some trajectories (n_joints,)."""
    mean: Vector = np.concatenate([segment.effort for segment in training]).mean(axis=0)
    return mean


def effort_trace(loaded: LoadedModel, segment: Segment) -> Trace:
    """Return measured and predicted torque of an inverse model."""
    predicted = predict_effort(loaded, segment)
    return Trace.thinned(segment.name, 'N m', segment.dt, segment, segment.effort, predicted)


SETS: Registry[RealSet] = Registry('data set')
"""Published sets by name."""
