# SPDX-License-Identifier: Apache-2.0
"""Settings of training. Free of torch, so that the command line can show them."""

from dataclasses import dataclass

from lstm_dynamics_ros.core.card import (
    MODEL_KINDS,
    PAST_KIND,
    PAYLOAD_KINDS,
    PRIOR_KIND,
    SIGNAL_KINDS,
)
from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.parameters import parameter

FORWARD_KINDS = ('position', 'velocity', 'effort')
"""Features of forward models."""

MOTION_KINDS = ('position', 'velocity', 'acceleration')
"""Features of inverse models that say which motion is meant."""

PAYLOAD = 'payload'
"""Name in ``features`` for all that a model is told about what a payload would cost."""


@dataclass(frozen=True, kw_only=True)
class TrainingSettings:
    """What to train, and how."""

    model_kind: str = parameter(
        'forward',
        'forward predicts the next state, inverse the effort, residual_inverse the effort minus '
        'the rigid-body prior.',
        choices=MODEL_KINDS,
    )
    cell: str = parameter('lstm', 'Recurrent cell, a file in learning/cells/.')
    hidden_size: int = parameter(128, 'Width of the recurrent cell.', minimum=1, maximum=1024)
    num_layers: int = parameter(1, 'Stacked recurrent layers.', minimum=1, maximum=4)
    head_size: int = parameter(
        64, 'Width of the hidden layer of the output head; 0 leaves it out.', minimum=0
    )
    members: int = parameter(
        1,
        'Models in one file, each trained without another part of the data; their mean is the '
        'prediction, and their spread says where the data did not decide.',
        minimum=1, maximum=10,
    )  # fmt: skip
    history_steps: int = parameter(
        20,
        'Length of the delay line of the linear part, kept in the hidden state; 1 is none.',
        unit='steps', minimum=1, maximum=200,
    )  # fmt: skip
    ripple_limit: int = parameter(
        400,
        'Largest number of cogging periods per turn to look for in the training data; 0 does not '
        'look.',
        unit='1/turn', minimum=0, maximum=2000,
    )  # fmt: skip
    features: tuple[str, ...] = parameter(
        (),
        'Signals the model sees. Empty: position, velocity and effort for a forward model, '
        'position and velocity for an inverse one. An inverse model is also told what its '
        'rigid-body prior says of the motion with prior_effort. One for control takes '
        'acceleration; disturbance, what it measured until now; and payload, what the rigid-body '
        'prior says of a payload, so that the model only has to learn how heavy it is.',
    )
    prior_window: int = parameter(
        12, 'Measurements that prior_effort takes its acceleration from.', unit='steps',
        minimum=4, maximum=200,
    )  # fmt: skip
    prior_delay: int = parameter(
        3, 'How old the motion is that prior_effort is for.', unit='steps', minimum=0, maximum=199
    )
    motion_cutoff: float = parameter(
        12.0,
        'Cut-off of the zero-phase low-pass that motion and effort pass before an inverse model '
        'with acceleration learns from them.',
        unit='Hz', minimum=0.1, maximum=500.0,
    )  # fmt: skip
    disturbance_bandwidth: float = parameter(
        20.0, 'Pole of the low-pass of the disturbance feature.', unit='rad/s', minimum=0.1
    )
    least_latency: int = parameter(
        2,
        'Smallest age of the disturbance against the motion, met in turns by the trajectories: '
        'the latencies the model will work with.',
        unit='steps', minimum=0, maximum=1000,
    )  # fmt: skip
    largest_latency: int = parameter(
        6, 'Largest age of the disturbance.', unit='steps', minimum=0, maximum=1000
    )
    friction_velocities: tuple[float, ...] = parameter(
        (),
        'Models also see tanh(velocity / v) for each of these, and |velocity|, so that friction '
        'at a reversal, and friction that differs with the direction, need not be built from '
        'smooth functions. Empty: none.',
        unit='rad/s or m/s', minimum=0.0,
    )  # fmt: skip
    slip_displacements: tuple[float, ...] = parameter(
        (),
        'Friction with a memory: for each of these displacements the model sees an element per '
        'joint that follows the joint and slips when strained by so much, so that hysteresis at a '
        'reversal need not be learnt. Empty: none.',
        unit='rad or m', minimum=1e-9,
    )  # fmt: skip
    predict_effort: bool = parameter(
        True, 'Forward models: predict the effort too, so that a horizon can feed it back.'
    )
    dt: float = parameter(
        0.005,
        'Step of the time grid. On the command line 0, the default there, takes the period of the '
        'recordings, or the multiple of it that is nearest to 5 ms.',
        unit='s',
        minimum=0.0,
        maximum=1.0,
    )
    learned_initial_state: bool = parameter(
        False,
        'Guess the hidden state from the delay line once it is full, instead of letting it grow '
        'from zero. With it burn_in_steps may be as short as history_steps.',
    )
    burn_in_steps: int = parameter(
        120,
        'Steps at the start of each window that are not scored. Should be at least the washout '
        'measured at export.',
        unit='steps', minimum=1,
    )  # fmt: skip
    window_steps: int = parameter(
        140, 'Steps of each window that are scored, after the burn-in.', unit='steps', minimum=1
    )
    rollout_steps: int = parameter(
        50, 'Longest free run that is scored (forward).', unit='steps', minimum=1, maximum=1000
    )
    rollout_start: int = parameter(
        25,
        'Length of the free runs at first; it grows to rollout_steps over the first 30 % of the '
        'training.',
        unit='steps', minimum=1,
    )  # fmt: skip
    rollouts_per_window: int = parameter(
        6, 'Free runs started from each window (forward); 0 trains on one step only.', minimum=0
    )
    causal_share: float = parameter(
        0.5,
        'Share of free runs that feed back their own predicted effort instead of the measured.',
        minimum=0.0, maximum=1.0,
    )  # fmt: skip
    one_step_weight: float = parameter(
        0.3, 'Weight of the one-step error beside the free runs (forward).', minimum=0.0
    )
    effort_weight: float = parameter(
        0.3, 'Weight of the effort beside position and velocity (forward).', minimum=0.0
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
    linear_rate: float = parameter(
        0.0,
        'Learning rate of the linear part, relative to learning_rate; 0 keeps the least squares.',
        minimum=0.0,
        maximum=1.0,
    )
    warm_up_share: float = parameter(
        0.08, 'Share of the training over which the learning rate rises.', minimum=0.0, maximum=0.9
    )
    weight_decay: float = parameter(1e-3, 'Weight decay of the recurrent part.', minimum=0.0)
    dropout: float = parameter(
        0.0, 'Share of hidden units that are left out at random in training.', minimum=0.0,
        maximum=0.9,
    )  # fmt: skip
    gradient_clip: float = parameter(1.0, 'Largest norm of the gradient.', minimum=1e-6)
    ridge: float = parameter(
        0.0,
        'Regularisation of the linear part that training starts from; 0 takes the best of a few '
        'on the held-out trajectories.',
        minimum=0.0,
    )
    input_noise: float = parameter(
        0.0, 'Noise added to the inputs, relative to their step-to-step change.', minimum=0.0
    )
    feedback_noise: float = parameter(
        0.0,
        'Noise added to what free runs feed back, relative to its step-to-step change, so that '
        'the model learns to come back from errors of its own (forward).',
        minimum=0.0,
    )  # fmt: skip
    validation_fraction: float = parameter(
        0.2, 'Share of the trajectories held out.', minimum=0.01, maximum=0.9
    )
    seed: int = parameter(0, 'Seed of everything random.', minimum=0)
    threads: int = parameter(
        1,
        "Threads torch computes with; 0 is torch's own choice. More than one gains little with "
        'layers this small, and on a busy machine costs many times over.',
        minimum=0,
        maximum=256,
    )
    torque_observer: bool = parameter(
        False,
        'Forward models for long free runs: follow the motion from the efforts with a filter that '
        'takes them for measurements, and correct it with the cell. burn_in_steps are then the '
        'rows whose motion is known, window_steps those predicted from efforts after them, and '
        'rollout_steps the longest run from one known row.',
    )
    observer_passes: int = parameter(
        1,
        'Filters of a torque observer, one after the other: each is also told what those before '
        'it make of the motion, so that it knows better which joints stand still.',
        minimum=1, maximum=3,
    )  # fmt: skip
    mirror_signs: tuple[float, ...] = parameter(
        (),
        'A mirror image of the robot moves like the robot: every trajectory is also learned with '
        'position, velocity and effort of each joint times this sign (1 or -1). Empty: none.',
        minimum=-1.0, maximum=1.0,
    )  # fmt: skip

    @property
    def signals(self) -> tuple[str, ...]:
        """Kinds of the features, in the order of the model's columns.

        Raises:
            ConfigError: If a kind is unknown, or the effort is a feature of an inverse model.
        """
        forward = self.model_kind == 'forward'
        kinds = self.features or (FORWARD_KINDS if forward else MOTION_KINDS[:2])
        known = FORWARD_KINDS if forward else (
            *MOTION_KINDS, 'disturbance', PAYLOAD, PRIOR_KIND, 'effort',
        )  # fmt: skip
        if unknown := set(kinds) - set(known):
            raise ConfigError(f'features must be of {known}, got {sorted(unknown)}.')
        if not forward and 'effort' in kinds:
            raise ConfigError('effort is what an inverse model predicts, it cannot be a feature.')
        if PRIOR_KIND in kinds and (self.model_kind != 'inverse' or 'acceleration' in kinds):
            raise ConfigError(
                f'The feature {PRIOR_KIND} goes with an inverse model without acceleration, got '
                f'{sorted(kinds)} of a model of kind {self.model_kind}.'
            )
        if 'disturbance' in kinds and 'acceleration' not in kinds:
            raise ConfigError('The feature disturbance goes with the feature acceleration.')
        if PAYLOAD in kinds:
            if 'disturbance' not in kinds or self.model_kind != 'residual_inverse':
                raise ConfigError(
                    'The feature payload goes with the feature disturbance of a residual_inverse '
                    f'model, got {sorted(kinds)} of a model of kind {self.model_kind}.'
                )
            kinds = (*kinds, *PAYLOAD_KINDS, PAST_KIND)
        if forward and not {'position', 'velocity'} <= set(kinds):
            raise ConfigError('A forward model needs the features position and velocity.')
        return tuple(kind for kind in SIGNAL_KINDS if kind in kinds)

    @property
    def needs_prior(self) -> bool:
        """Whether a rigid-body prior is part of the model."""
        return self.model_kind == 'residual_inverse' or PRIOR_KIND in self.signals

    @property
    def motion_model(self) -> bool:
        """Whether it is an inverse model that is asked about a whole motion, for control."""
        return self.model_kind != 'forward' and 'acceleration' in self.signals

    @property
    def targets(self) -> tuple[str, ...]:
        """Kinds the model predicts, in the order of its columns."""
        if self.model_kind != 'forward':
            return ('effort',)
        return tuple(k for k in self.signals if k != 'effort' or self.predict_effort)

    @property
    def horizon(self) -> int:
        """Steps that must follow a scored step: the free run of a forward model, else none."""
        return self.rollout_steps if self.model_kind == 'forward' else 0

    @property
    def sequence_steps(self) -> int:
        """Length of one training window in all [steps]."""
        return self.burn_in_steps + self.window_steps + self.horizon
