# SPDX-License-Identifier: Apache-2.0
"""The training loop: restartable at any moment, and the same every time it is run.

The folder holds ``last.pt``, all that is needed to go on, and ``best.pt``, the model with the
smallest held-out error so far. Everything random is drawn from seed and epoch, so a training
that was killed and resumed ends with the very same weights.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict
import math
from pathlib import Path
from typing import Any

from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.errors import JointNamesError, TrainingError
from lstm_dynamics_ros.physics.prior import RigidBodyPrior
from lstm_dynamics_ros.training.checkpoint import Checkpoint, FORMAT, read, write_atomically
from lstm_dynamics_ros.training.dataset import (
    epoch_generator,
    EpochSampler,
    loader,
    WindowDataset,
)
from lstm_dynamics_ros.training.losses import column_weights
from lstm_dynamics_ros.training.model import DynamicsModel
from lstm_dynamics_ros.training.provenance import digest, feature_ranges, payload_range
from lstm_dynamics_ros.training.settings import TrainingSettings
from lstm_dynamics_ros.training.signals import columns, signals, Trajectory, usable
from lstm_dynamics_ros.training.statistics import prepare, refit_linear
from lstm_dynamics_ros.training.update import (
    FREE_RUN_GROWTH,
    free_run_length,
    make_optimizer,
    training_loss,
    update,
)
from lstm_dynamics_ros.training.validation import errors_on, reference_errors, score
import torch

RIDGES = (1e-3, 1e-1, 1e1, 1e3)
"""Regularisations of the linear part to choose from."""

Progress = Callable[[int, int, str], None]
"""Called after each epoch with epochs done, epochs at most, and a line of text."""


def train(
    train_segments: Sequence[Segment],
    validation_segments: Sequence[Segment],
    settings: TrainingSettings,
    *,
    folder: str | Path,
    init: Checkpoint | str | Path | None = None,
    prior: RigidBodyPrior | None = None,
    progress: Progress | None = None,
) -> Checkpoint:
    """Train a model, or go on with a training that was interrupted.

    Args:
        train_segments: Data to learn from.
        validation_segments: Data to stop by, from other trajectories.
        settings: What to train, and how.
        folder: Where ``last.pt`` and ``best.pt`` are kept. If there is a ``last.pt`` of the same
            settings and data, training goes on from it.
        init: Model to start from (fine-tuning). Its normalisation is kept.
        prior: Rigid-body prior of a residual model.
        progress: Called after each epoch.

    Returns:
        The model with the smallest held-out error.

    Raises:
        DataError: If the data cannot be used.
        TooShortError: If no segment holds one window.
        JointNamesError: If the segments, or the model to start from, have other joints.
        TrainingError: If the folder holds another training, or the loss is not finite.
        KeyboardInterrupt: As it came; ``last.pt`` is that of the last finished epoch.
    """
    if settings.threads:
        torch.set_num_threads(settings.threads)
    learned = usable(train_segments, settings, prior)
    held_out = usable(validation_segments, settings, prior)
    joints, types = learned[0].joint_names, learned[0].joint_types
    if held_out[0].joint_names != joints:
        raise JointNamesError(joints, held_out[0].joint_names)
    start = Checkpoint.load(Path(init)) if isinstance(init, str | Path) else init
    if start is not None:
        start.check_fits(settings, joints)
    training = _Training(learned, held_out, settings, (joints, types), Path(folder), start, prior)
    training.resume()
    return training.finish(progress)


def _choose_ridge(
    model: DynamicsModel,
    learned: Sequence[Trajectory],
    held_out: Sequence[Trajectory],
    settings: TrainingSettings,
) -> None:
    """Give a prepared model the linear part that does best on held-out data."""
    reference = reference_errors(model, held_out, settings)
    scores = []
    for ridge in RIDGES:
        refit_linear(model, learned, ridge=ridge, history=settings.history_steps, dt=settings.dt)
        errors = errors_on(model, held_out, settings)
        error = score(errors, reference, settings, model.n_joints)
        scores.append(math.inf if math.isnan(error) else error)
    best = RIDGES[scores.index(min(scores))]
    refit_linear(model, learned, ridge=best, history=settings.history_steps, dt=settings.dt)


class _Training:
    """One training: data, model, optimiser, and what has been reached."""

    def __init__(
        self,
        learn_from: list[Segment],
        stop_by: list[Segment],
        settings: TrainingSettings,
        joints: tuple[tuple[str, ...], tuple[str, ...]],
        folder: Path,
        start: Checkpoint | None,
        prior: RigidBodyPrior | None,
    ) -> None:
        self.settings, self.joints, self.folder = settings, joints, folder
        dataset = WindowDataset(learn_from, settings)
        learned = [columns(segment, settings) for segment in learn_from]
        held_out = [columns(segment, settings) for segment in stop_by]
        self.sampler = EpochSampler(
            len(dataset), settings.batch_size, settings.updates_per_epoch, settings.seed
        )
        self.loader = loader(dataset, self.sampler)
        self.held_out = held_out
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            self.model = DynamicsModel(settings, joints[1])
        floored: list[int] = []
        if start is None:
            floored = prepare(
                self.model, learned, ridge=settings.ridge or RIDGES[0],
                history=settings.history_steps, dt=settings.dt,
                ripple_limit=settings.ripple_limit,
            )  # fmt: skip
            if not settings.ridge:
                _choose_ridge(self.model, learned, held_out, settings)
        else:
            self.model.load_state_dict(start.weights)
        self.scale = reference_errors(self.model, learned, settings)
        self.reference = reference_errors(self.model, held_out, settings)
        self.optimizer, self.schedule = make_optimizer(self.model, settings)
        self.weights = column_weights(settings, self.model.n_joints)
        names = [item.name for item in signals(settings.signals, *joints)]
        self.prior = None if prior is None else prior.description()
        earlier = None if start is None else start.ranges
        self.ranges = feature_ranges(names, learned, earlier)
        self.ranges |= payload_range(names, learned, self.ranges, settings.dt, earlier)
        self.data: dict[str, Any] = {
            'train': sorted({run.name for run in learned}),
            'validation': sorted({run.name for run in held_out}),
            'sha256': digest([*learned, *held_out]),
            'floored_features': [names[i] for i in floored],
            'ripple': [float(n) for n in self.model.ripple],
            'fine_tuned_from': None if start is None else start.data['sha256'],
        }
        self.history: list[dict[str, float]] = []
        self.best_error, self.best_epoch = math.inf, -1

    def resume(self) -> None:
        """Take up the training in the folder, if there is one."""
        path = self.folder / 'last.pt'
        if not path.exists():
            return
        values = read(path)
        known = {k: tuple(v) if isinstance(v, list) else v for k, v in values['settings'].items()}
        changed = [k for k, v in asdict(self.settings).items() if known.get(k) != v]
        if changed or values['data'] != self.data:
            what = f'settings {", ".join(changed)}' if changed else 'data'
            raise TrainingError(
                f'{self.folder} holds a training with other {what}. Choose another folder, or '
                'delete it to start anew.'
            )
        self.model.load_state_dict(values['model'])
        self.optimizer.load_state_dict(values['optimizer'])
        self.schedule.load_state_dict(values['schedule'])
        self.history = values['history']
        self.best_error, self.best_epoch = values['best_error'], values['best_epoch']

    def finish(self, progress: Progress | None) -> Checkpoint:
        """Run the epochs that are left."""
        settings = self.settings
        if not self.history:
            self._record(math.nan)
        while len(self.history) <= settings.max_epochs and not self._is_stale():
            loss = self._epoch(len(self.history) - 1)
            self._record(loss)
            if progress is not None:
                now = self.history[-1]
                progress(
                    len(self.history) - 1, settings.max_epochs,
                    f'loss {now["loss"]:.4f}, held-out error {now["error"]:.4f} of the linear '
                    f'model (best {self.best_error:.4f})',
                )  # fmt: skip
        return Checkpoint.load(self.folder / 'best.pt')

    def _is_stale(self) -> bool:
        epoch = len(self.history) - 1
        grown = epoch > FREE_RUN_GROWTH * self.settings.max_epochs
        return grown and epoch - self.best_epoch >= self.settings.patience

    def _epoch(self, epoch: int) -> float:
        """Run the updates of one epoch and return the mean loss."""
        self.sampler.epoch = epoch
        generator = epoch_generator(self.settings.seed, epoch, stream=1)
        with torch.random.fork_rng(devices=[]):  # dropout draws from torch's own numbers
            torch.manual_seed(generator.initial_seed())
            return self._updates(epoch, generator)

    def _updates(self, epoch: int, generator: torch.Generator) -> float:
        """Run the updates of one epoch with given random numbers."""
        total = 0.0
        for windows in self.loader:
            loss = training_loss(
                self.model, windows, self.scale, self.settings, self.weights,
                generator=generator, horizon=free_run_length(self.settings, epoch),
            )  # fmt: skip
            if not torch.isfinite(loss):
                raise TrainingError(
                    f'The loss became {float(loss.detach())} in epoch {epoch + 1}. The best model '
                    f'so far is {self.folder / "best.pt"}. Try a smaller learning_rate or '
                    'gradient_clip, shorter rollout_steps, or look for outliers in the data.'
                )
            update(self.model, self.optimizer, loss, self.settings.gradient_clip)
            self.schedule.step()
            total += float(loss.detach())
        return total / self.settings.updates_per_epoch

    def _record(self, loss: float) -> None:
        """Judge the model on held-out data and save it."""
        epoch = len(self.history)
        errors = errors_on(self.model.eval(), self.held_out, self.settings)
        self.model.train()
        error = score(errors, self.reference, self.settings, self.model.n_joints)
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
