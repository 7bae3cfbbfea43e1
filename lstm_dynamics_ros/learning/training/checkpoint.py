# SPDX-License-Identifier: Apache-2.0
"""A trained model on disk. Written whole or not at all, and read without running its content."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
import pickle
from typing import Any

from lstm_dynamics_ros.core.atomic_file import unfinished
from lstm_dynamics_ros.core.card import Range
from lstm_dynamics_ros.core.errors import JointNamesError, TrainingError
from lstm_dynamics_ros.learning.families import training_settings
from lstm_dynamics_ros.learning.models.base import build_model, Model
from lstm_dynamics_ros.learning.settings import TrainingSettings
import torch
from torch import Tensor

FORMAT = 1
"""Layout of the file."""


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A model, and what is known of its training."""

    settings: TrainingSettings
    joint_names: tuple[str, ...]
    joint_types: tuple[str, ...]
    weights: dict[str, Tensor]
    """State of the model, normalisation included."""
    ranges: dict[str, Range]
    """Range of each feature in the training data, by signal name."""
    data: dict[str, Any]
    """Names and digest of the training and validation data, floored columns, warnings."""
    prior: dict[str, str] | None
    """Rigid-body prior (``source``, ``sha256``) of a residual model."""
    history: tuple[dict[str, float], ...]
    """Epoch, training loss and held-out error, one entry per epoch."""
    best_epoch: int
    """Epoch of these weights."""
    best_error: float
    """Held-out error of these weights, relative to the linear start model."""

    def model(self) -> Model:
        """Return the model, ready to predict.

        Raises:
            TrainingError: If the weights do not fit the settings.
        """
        model = build_model(self.settings, self.joint_types)
        try:
            model.load_state_dict(self.weights)
        except RuntimeError as error:
            raise TrainingError(f'The weights do not fit the settings: {error}') from error
        return model.eval()

    def check_fits(self, settings: TrainingSettings, joint_names: Sequence[str]) -> None:
        """Raise if training with these settings and joints cannot start from this model.

        Raises:
            JointNamesError: If the joints differ.
            TrainingError: If the model would have another form.
        """
        if self.joint_names != tuple(joint_names):
            raise JointNamesError(self.joint_names, joint_names)
        there, here = vars(self.settings), vars(settings)
        changed = [
            f'{name} (there {there[name]!r}, here {here.get(name)!r})'
            for name in self.settings.form
            if there[name] != here.get(name)
        ]
        if changed:
            raise TrainingError(
                f'The model to start from has other settings: {", ".join(changed)}.'
            )

    def save(self, path: Path) -> None:
        """Write the file."""
        write_atomically(
            path,
            {
                'format': FORMAT,
                'settings': asdict(self.settings),
                'joint_names': list(self.joint_names),
                'joint_types': list(self.joint_types),
                'weights': self.weights,
                'ranges': {name: asdict(item) for name, item in self.ranges.items()},
                'data': self.data,
                'prior': self.prior,
                'history': list(self.history),
                'best_epoch': self.best_epoch,
                'best_error': self.best_error,
            },
        )

    @classmethod
    def load(cls, path: Path) -> 'Checkpoint':
        """Read a file that :meth:`save` wrote.

        Raises:
            TrainingError: If there is no such file or it is no checkpoint.
        """
        values = read(path)
        try:
            return cls(
                settings=training_settings(values['settings'], leave_out_foreign=True),
                joint_names=tuple(values['joint_names']),
                joint_types=tuple(values['joint_types']),
                weights=values['weights'],
                ranges={name: Range(**item) for name, item in values['ranges'].items()},
                data=values['data'],
                prior=values['prior'],
                history=tuple(values['history']),
                best_epoch=values['best_epoch'],
                best_error=values['best_error'],
            )
        except (KeyError, TypeError) as error:
            raise TrainingError(f'{path} is not a checkpoint of this version: {error}.') from error


def write_atomically(path: Path, values: Mapping[str, object]) -> None:
    """Write a torch file as a whole or not at all."""
    with unfinished(path) as part, part.open('wb') as stream:
        torch.save(dict(values), stream)


def read(path: Path) -> dict[str, Any]:
    """Read a torch file of tensors and plain values; nothing in it is run.

    Raises:
        TrainingError: If there is no such file, or it is damaged or foreign.
    """
    try:
        values = torch.load(path, weights_only=True)
    except FileNotFoundError:
        raise TrainingError(f'There is no checkpoint {path}.') from None
    except (OSError, RuntimeError, pickle.UnpicklingError, EOFError, ValueError) as error:
        line = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise TrainingError(f'{path} is not a readable checkpoint: {line}') from error
    if not isinstance(values, dict) or values.get('format') != FORMAT:
        raise TrainingError(f'{path} is not a checkpoint of this version of lstm_dynamics_ros.')
    return values
