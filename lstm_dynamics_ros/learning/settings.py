# SPDX-License-Identifier: Apache-2.0
"""Settings that every model family shares, and the registry of the families. Free of torch.

The families are in :mod:`lstm_dynamics_ros.learning.families`, one per file.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from lstm_dynamics_ros.core.card import MODEL_KINDS, SIGNAL_KINDS
from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.parameters import parameter
from lstm_dynamics_ros.core.registry import Registry

FORWARD_KINDS = ('position', 'velocity', 'effort')
"""Features of forward models."""

PAYLOAD = 'payload'
"""Name in ``features`` for all signals that say what effort a payload takes."""


@dataclass(frozen=True, kw_only=True)
class TrainingSettings(ABC):
    """What to train, and how. A subclass is a model family: its own settings, and its code.

    The code is named by strings, so that settings can be read without torch.
    """

    model_class: ClassVar[str]
    """The model, ``module:class``: a :class:`~lstm_dynamics_ros.learning.models.base.Model` that
    is made of these settings and the joint types."""
    trainer: ClassVar[str]
    """What trains it, ``module:class``; a subclass of
    :class:`~lstm_dynamics_ros.learning.training.epochs.Epochs`."""
    form: ClassVar[tuple[str, ...]] = (
        *('family', 'model_kind', 'cell', 'hidden_size', 'num_layers', 'features', 'dt'),
    )
    """Settings that a fine-tuned model shares with the model it started from."""
    compared_to: ClassVar[str] = 'its linear start'
    """What its held-out error is relative to."""
    known_start: ClassVar[bool] = False
    """Whether one measured row is all that it must have seen before a prediction counts."""

    family: str = parameter('', 'Model family. Empty: the one that model_kind and features name.')
    model_kind: str = parameter(
        'forward',
        'forward predicts the next state, inverse the effort, residual_inverse the effort minus '
        'the rigid-body prior.',
        choices=MODEL_KINDS,
    )
    cell: str = parameter('lstm', 'Recurrent cell, a file in learning/cells/.')
    hidden_size: int = parameter(128, 'Width of the recurrent cell.', minimum=1, maximum=1024)
    num_layers: int = parameter(1, 'Stacked recurrent layers.', minimum=1, maximum=4)
    members: int = parameter(
        1,
        'Models in one file, each trained without another part of the data; their mean is the '
        'prediction, and their spread says where the data did not decide.',
        minimum=1,
        maximum=10,
    )
    features: tuple[str, ...] = parameter(
        (),
        'Signals the model sees. Empty: position, velocity and effort for a forward model, '
        'position and velocity for an inverse one. An inverse model also sees the torque of its '
        'rigid-body prior for the measured motion with prior_effort. One for control takes '
        'acceleration; disturbance, what it measured until now; and payload, the effort of the '
        'rigid-body prior per kilogram of payload, so that the model only has to learn how heavy '
        'it is.',
    )
    dt: float = parameter(
        0.005,
        'Step of the time grid. On the command line 0, the default there, takes the period of the '
        'recordings, or the multiple of it that is nearest to 5 ms.',
        unit='s',
        minimum=0.0,
        maximum=1.0,
    )
    burn_in_steps: int = parameter(
        120,
        'Steps at the start of each window that are not scored. Should be at least the washout '
        'measured at export. Of a torque_observer: rows whose motion is known.',
        unit='steps',
        minimum=1,
    )
    window_steps: int = parameter(
        140, 'Steps of each window that are scored, after the burn-in.', unit='steps', minimum=1
    )
    batch_size: int = parameter(16, 'Windows per update.', minimum=1)
    updates_per_epoch: int = parameter(50, 'Updates between two validations.', minimum=1)
    max_epochs: int = parameter(
        60, 'Epochs; the learning rate falls to zero over them.', minimum=1
    )
    patience: int = parameter(
        15, 'Stop when the held-out error has not fallen for so many epochs.', minimum=1
    )
    learning_rate: float = parameter(2.5e-3, 'Largest learning rate.', minimum=0.0, maximum=1.0)
    warm_up_share: float = parameter(
        0.08, 'Share of the training over which the learning rate rises.', minimum=0.0, maximum=0.9
    )
    weight_decay: float = parameter(1e-3, 'Weight decay of the recurrent part.', minimum=0.0)
    dropout: float = parameter(
        0.0,
        'Share of hidden units that are left out at random in training.',
        minimum=0.0,
        maximum=0.9,
    )
    gradient_clip: float = parameter(1.0, 'Largest norm of the gradient.', minimum=1e-6)
    validation_fraction: float = parameter(
        0.2, 'Share of the trajectories held out.', minimum=0.01, maximum=0.9
    )
    seed: int = parameter(0, 'Seed of everything random.', minimum=0)
    threads: int = parameter(
        1,
        "Threads torch computes with; 0 is torch's own choice. More than one gains little with "
        'layers this small, and on a busy machine takes many times as long.',
        minimum=0,
        maximum=256,
    )
    mirror_signs: tuple[float, ...] = parameter(
        (),
        'A mirror image of the robot moves like the robot: every trajectory is also learned with '
        'position, velocity and effort of each joint times this sign (1 or -1). Empty: none.',
        minimum=-1.0,
        maximum=1.0,
    )

    @property
    @abstractmethod
    def signals(self) -> tuple[str, ...]:
        """Kinds of the features, in the order of the model's columns.

        Raises:
            ConfigError: If the features do not go together, or not with the family.
        """

    @property
    def targets(self) -> tuple[str, ...]:
        """Kinds the model predicts, in the order of its columns."""
        return ('effort',)

    @property
    def needs_prior(self) -> bool:
        """Whether a rigid-body prior is part of the model."""
        return False

    @property
    def horizon(self) -> int:
        """Steps that must follow a scored step: the free run of a forward model, else none."""
        return 0

    @property
    def sequence_steps(self) -> int:
        """Length of one training window in all [steps]."""
        return self.burn_in_steps + self.window_steps + self.horizon

    def ordered(self, kinds: tuple[str, ...], known: tuple[str, ...]) -> tuple[str, ...]:
        """Return kinds of features in the order of the model's columns.

        Raises:
            ConfigError: If the family knows one of them not.
        """
        if unknown := set(kinds) - set(known):
            raise ConfigError(
                f'features of the model family {self.family} must be of {known}, got '
                f'{sorted(unknown)}.'
            )
        return tuple(kind for kind in SIGNAL_KINDS if kind in kinds)


MODELS: Registry[TrainingSettings] = Registry('model family')
"""The settings of all model families by name."""
