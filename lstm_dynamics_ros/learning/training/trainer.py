# SPDX-License-Identifier: Apache-2.0
"""Training of a dynamics model on windows of trajectories."""

from collections.abc import Iterator
from typing import cast

from lstm_dynamics_ros.learning.families.dynamics import DynamicsSettings
from lstm_dynamics_ros.learning.models.dynamics_model import DynamicsModel
from lstm_dynamics_ros.learning.training.dataset import EpochSampler, loader, WindowDataset
from lstm_dynamics_ros.learning.training.epochs import Epochs, Given
from lstm_dynamics_ros.learning.training.fade import learn_matter, learn_range, STEPS, WINDOWS
from lstm_dynamics_ros.learning.training.linear_start import prepare
from lstm_dynamics_ros.learning.training.losses import column_weights
from lstm_dynamics_ros.learning.training.ridge import choose_ridge, RIDGES
from lstm_dynamics_ros.learning.training.update import (
    FREE_RUN_GROWTH,
    free_run_length,
    make_optimizer,
    training_loss,
    update,
)
from lstm_dynamics_ros.learning.training.validation import errors_on, reference_errors, score
import torch


class DynamicsTraining(Epochs):
    """Training of the families forward, inverse and control. See the base class."""

    settings: DynamicsSettings
    settling = FREE_RUN_GROWTH

    def __init__(self, given: Given) -> None:
        super().__init__(given)
        settings, start = self.settings, given.start
        self.dynamics = model = cast('DynamicsModel', self.model)
        dataset = WindowDataset(self.learned, settings)
        self.sampler = EpochSampler(
            len(dataset), settings.batch_size, settings.updates_per_epoch, settings.seed
        )
        self.loader = loader(dataset, self.sampler)
        if start is None:
            floored = prepare(
                model,
                self.learned,
                ridge=settings.ridge or RIDGES[0],
                history=settings.history_steps,
                dt=settings.dt,
                ripple_limit=settings.ripple_limit,
            )
            self.data['floored_features'] = [self.names[i] for i in floored]
            if not settings.ridge:
                choose_ridge(model, self.learned, self.held_out, settings)
        else:
            model.load_state_dict(start.weights)
        if model.fading is not None:
            learn_range(model, model.fading, self.learned, fresh=start is None)
        spread = torch.linspace(0, len(dataset) - 1, WINDOWS).long().tolist()
        self.looked_at = dataset[spread].observations[:STEPS]
        """Where it is asked what matters to the rest."""
        self.data['ripple'] = [float(n) for n in model.ripple]
        self.scale = reference_errors(model, self.learned, settings)
        self.reference = reference_errors(model, self.held_out, settings)
        self.optimizer, self.schedule = make_optimizer(model, settings)
        self.weights = column_weights(settings, model.n_joints)
        self.resume(self.found())

    def losses(self, epoch: int, generator: torch.Generator) -> Iterator[torch.Tensor]:
        """See the base class."""
        self.sampler.epoch = epoch
        for windows in self.loader:
            yield training_loss(
                self.dynamics,
                windows,
                self.scale,
                self.settings,
                self.weights,
                generator=generator,
                horizon=free_run_length(self.settings, epoch),
            )

    def update(self, loss: torch.Tensor) -> None:
        """See the base class."""
        update(self.model, self.optimizer, loss, self.settings.gradient_clip)

    def held_out_error(self) -> float:
        """Return the error relative to that of the better of the linear start and standing."""
        if self.dynamics.fading is not None:
            fade = self.settings.fade
            learn_matter(self.dynamics, self.dynamics.fading, self.looked_at, fade)
        errors = errors_on(self.dynamics, self.held_out, self.settings)
        return score(errors, self.reference, self.settings, self.dynamics.n_joints)
