# SPDX-License-Identifier: Apache-2.0
"""Training by epochs: restartable at any moment, and the same every time it is run.

The folder holds ``last.pt``, all that is needed to go on, and ``best.pt``, the model with the
smallest held-out error so far. Everything random is drawn from seed and epoch, so a training
that was killed and resumed ends with the very same weights.
"""

from abc import ABC, abstractmethod
from dataclasses import asdict
import math
from pathlib import Path
from typing import Any

from lstm_dynamics_ros.core.card import Range
from lstm_dynamics_ros.core.errors import TrainingError
from lstm_dynamics_ros.core.progress import Progress
from lstm_dynamics_ros.learning.families import training_settings
from lstm_dynamics_ros.learning.models.base import Model
from lstm_dynamics_ros.learning.settings import TrainingSettings
from lstm_dynamics_ros.learning.training.checkpoint import (
    Checkpoint,
    FORMAT,
    read,
    write_atomically,
)
import torch


class Epochs(ABC):
    """One training: model, optimiser, and what has been reached.

    Subclasses set all attributes that are declared here, and say what an epoch is.
    """

    settings: TrainingSettings
    joints: tuple[tuple[str, ...], tuple[str, ...]]
    """Names and types."""
    folder: Path
    model: Model
    optimizer: torch.optim.Optimizer
    schedule: torch.optim.lr_scheduler.LRScheduler
    data: dict[str, Any]
    """What the training is of; another one is not gone on with."""
    ranges: dict[str, Range]
    prior: dict[str, str] | None = None
    settling: float = 0.0
    """Share of the epochs before which patience does not count."""

    def __init__(self) -> None:
        self.history: list[dict[str, float]] = []
        self.best_error, self.best_epoch = math.inf, -1

    @abstractmethod
    def run_epoch(self, epoch: int) -> float:
        """Run the updates of one epoch and return the mean loss."""

    @abstractmethod
    def held_out_error(self) -> float:
        """Return the error of the model as it is on held-out data."""

    def found(self) -> dict[str, Any] | None:
        """Return what the folder holds of this training, if anything.

        Raises:
            TrainingError: If it holds another training.
        """
        path = self.folder / 'last.pt'
        if not path.exists():
            return None
        values = read(path)
        known = vars(training_settings(values['settings'], leave_out_foreign=True))
        changed = [k for k, v in vars(self.settings).items() if known.get(k) != v]
        if changed or values['data'] != self.data:
            what = f'settings {", ".join(changed)}' if changed else 'data'
            raise TrainingError(
                f'{self.folder} holds a training with other {what}. Choose another folder, or '
                'delete it to start anew.'
            )
        return values

    def resume(self, values: dict[str, Any] | None) -> None:
        """Take up what :meth:`found` returned."""
        if values is None:
            return
        self.model.load_state_dict(values['model'])
        self.optimizer.load_state_dict(values['optimizer'])
        self.schedule.load_state_dict(values['schedule'])
        self.history = values['history']
        self.best_error, self.best_epoch = values['best_error'], values['best_epoch']

    def finish(self, progress: Progress) -> Checkpoint:
        """Run the epochs that are left and return the best model."""
        settings = self.settings
        if not self.history:
            self._record(math.nan)
        while len(self.history) <= settings.max_epochs and not self._is_stale():
            loss = self.run_epoch(len(self.history) - 1)
            self._record(loss)
            now = self.history[-1]
            text = (
                f'loss {now["loss"]:.4f}, held-out error {now["error"]:.4f} of '
                f'{settings.compared_to} (best {self.best_error:.4f})'
            )
            progress(len(self.history) - 1, settings.max_epochs, text)
        return Checkpoint.load(self.folder / 'best.pt')

    def check_loss(self, loss: torch.Tensor, epoch: int) -> None:
        """Raise TrainingError if a loss is not finite."""
        if not torch.isfinite(loss):
            raise TrainingError(
                f'The loss became {float(loss.detach())} in epoch {epoch + 1}. The best model '
                f'so far is {self.folder / "best.pt"}. Try a smaller learning_rate or '
                'gradient_clip, shorter rollout_steps, or look for outliers in the data.'
            )

    def _is_stale(self) -> bool:
        epoch = len(self.history) - 1
        settled = epoch > self.settling * self.settings.max_epochs
        return settled and epoch - self.best_epoch >= self.settings.patience

    def _record(self, loss: float) -> None:
        """Judge the model on held-out data and save it."""
        epoch = len(self.history)
        self.model.eval()
        error = self.held_out_error()
        self.model.train()
        self.history.append({'epoch': float(epoch), 'loss': loss, 'error': error})
        if error < self.best_error or self.best_epoch < 0:
            self.best_error, self.best_epoch = error, epoch
            self._checkpoint().save(self.folder / 'best.pt')
        write_atomically(
            self.folder / 'last.pt',
            {
                'format': FORMAT,
                'settings': asdict(self.settings),
                'data': self.data,
                'model': self.model.state_dict(),
                'optimizer': self.optimizer.state_dict(),
                'schedule': self.schedule.state_dict(),
                'history': self.history,
                'best_error': self.best_error,
                'best_epoch': self.best_epoch,
            },
        )

    def _checkpoint(self) -> Checkpoint:
        return Checkpoint(
            settings=self.settings,
            joint_names=self.joints[0],
            joint_types=self.joints[1],
            weights=self.model.state_dict(),
            ranges=self.ranges,
            data=self.data,
            prior=self.prior,
            history=tuple(self.history),
            best_epoch=self.best_epoch,
            best_error=self.best_error,
        )
