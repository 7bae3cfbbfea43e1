# SPDX-License-Identifier: Apache-2.0
"""What a forward model says a torque does: velocity one step ahead per effort now."""

from dataclasses import dataclass
import math
from typing import final

from lstm_dynamics_ros.control.base import ControlContext
from lstm_dynamics_ros.core.card import ModelCard
from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.parameters import parameter
from lstm_dynamics_ros.core.state import Matrix, Vector
import numpy as np

NUDGE = 0.02
"""Change of effort that the model is asked about, as a share of the largest effort."""

AVERAGED_OVER = 0.1
"""Time constant of the average over believable Jacobians [s]; postures change more slowly."""

JUDGED_OVER = 1.0
"""Time constant of their share [s]."""

FEWEST = 5
"""Looks at the model before anything is said."""


@dataclass(frozen=True, kw_only=True)
class JacobianSettings:
    """When a Jacobian is made, and when it is believed."""

    every: int = parameter(
        4, 'Control steps between two looks at the model.', minimum=1, maximum=1000
    )
    largest_condition: float = parameter(
        200.0,
        'Largest ratio of its strongest to its weakest direction that is believed.',
        minimum=1.0,
    )
    trust: float = parameter(
        0.9,
        'Share of those of the last second that must be believable; below, there is no torque.',
        minimum=0.0,
        maximum=1.0,
    )


@final
class InputJacobian:
    """``B = d(velocity one step ahead) / d(effort)`` by finite differences, in one batched peek.

    A physical one is close to ``dt * inverse inertia``, so its symmetric part is positive
    definite. A model trained on nothing but a robot under its own controller has often not learned
    that: there, effort follows from the tracking error, and what comes of effort cannot be told
    from what caused it. Its Jacobian is refused instead of used with a wrong sign; one in a
    hundred that looks right by chance does not help it, because most must.

    Source: U. Forssell, L. Ljung, "Closed-loop identification revisited", Automatica 35(7), 1999,
    on what is not identifiable without excitation from outside.

    Args:
        name: Who needs it, for the message.
        settings: When it is made and believed.
        context: Holds model, card and effort limits.

    Raises:
        ConfigError: If there is no forward model that is fed effort and predicts velocity, or no
            access to it.
    """

    def __init__(self, name: str, settings: JacobianSettings, context: ControlContext) -> None:
        card = needs_forward(name, context)
        if context.model is None:
            raise ConfigError(f'{name} needs access to the model, got none.')
        self._model = context.model
        self._settings = settings
        self._effort = np.arange(len(card.features))[card.columns('effort')]
        self._velocity = card.columns('velocity', of='targets')
        self._nudge = NUDGE * _largest(card, context.effort_limits)
        self._rows = np.zeros((card.n_joints + 1, len(card.features)))
        between = settings.every * context.period
        self._share = -math.expm1(-between / AVERAGED_OVER)
        self._keep = math.exp(-between / JUDGED_OVER)
        self.reset()

    def reset(self) -> None:
        """Forget all of them; the next update looks at the model."""
        self._mean: Matrix | None = None
        self._due = 0
        self._looks = 0
        self._believed, self._judged = 0.0, 0.0

    @property
    def trust(self) -> float:
        """Share of the Jacobians of about the last second that were believable; 0 before any."""
        return self._believed / self._judged if self._judged > 0.0 else 0.0

    @property
    def value(self) -> Matrix | None:
        """Average over the newest Jacobians that were believable [rad/s per N m].

        Shape (n_joints, n_joints), not to be written to; None while too few were.
        """
        trusted = self._looks >= FEWEST and self.trust >= self._settings.trust
        return self._mean if trusted else None

    def update(self) -> Matrix | None:
        """Take one control step, look at the model if it is time to, and return the value."""
        if self._due > 0:
            self._due -= 1
            return self.value
        self._due = self._settings.every - 1
        made = self._look()
        believable = self._believable(made)
        self._looks += 1
        self._believed = self._keep * self._believed + believable
        self._judged = self._keep * self._judged + 1.0
        if believable:
            old = made if self._mean is None else self._mean
            self._mean = old + self._share * (made - old)
        return self.value

    def _look(self) -> Matrix:
        """Return the Jacobian at the newest observation."""
        n = len(self._nudge)
        self._rows[:] = self._model.observation
        self._rows[np.arange(1, n + 1), self._effort] += self._nudge
        velocity = self._model.peek(self._rows)[:, self._velocity]
        made: Matrix = ((velocity[1:] - velocity[0]) / self._nudge[:, None]).T
        return made

    def _believable(self, made: Matrix) -> bool:
        """Return whether a Jacobian is finite, has the right sign and can be inverted."""
        if not np.isfinite(made).all():
            return False
        if not np.linalg.eigvalsh(0.5 * (made + made.T))[0] > 0.0:
            return False
        return bool(np.linalg.cond(made) < self._settings.largest_condition)


def damped_inverse(jacobian: Matrix, damping: float) -> Matrix:
    """Return ``(B' W B + l^2 I)^-1 B' W`` in units in which every joint weighs the same.

    Joints differ a hundredfold in what a torque does, and one damping must fit them all. So it is
    taken for the Jacobian scaled by its diagonal, ``S B S`` with ``S = diag(B)^-1/2``, whose
    diagonal is one; ``W`` is ``S^2`` and the damping is a share of it.

    Source: Y. Nakamura, H. Hanafusa, "Inverse kinematic solutions with singularity robustness for
    robot manipulator control", J. Dynamic Systems, Measurement, and Control 108(3), 1986.

    Args:
        jacobian: B, positive definite in its symmetric part, shape (n, n).
        damping: l; 0 is the inverse.

    Returns:
        Shape (n, n).
    """
    scale = 1.0 / np.sqrt(np.diagonal(jacobian))
    scaled = jacobian * np.outer(scale, scale)
    square = scaled.T @ scaled + damping**2 * np.eye(len(scale))
    inverse: Matrix = np.linalg.solve(square, scaled.T) * np.outer(scale, scale)
    return inverse


def needs_forward(name: str, context: ControlContext) -> ModelCard:
    """Return the card of a forward model that says what effort does.

    Args:
        name: Who needs it, for the message.
        context: Holds the card.

    Raises:
        ConfigError: If it is not that of a forward model that is fed effort and predicts velocity,
            or its step is not the control period.
    """
    card = context.card
    if (
        card is None
        or card.model_kind != 'forward'
        or card.columns('effort') is None
        or card.columns('velocity', of='targets') is None
    ):
        got = 'none' if card is None else f'{card.name}, {card.model_kind}'
        raise ConfigError(
            f'{name} needs a forward model with the feature effort and the target velocity, got '
            f'{got}. Train one with lstm-dynamics train, or use feedforward_dob.'
        )
    if abs(context.period - card.dt) > 1e-6 * card.dt:
        raise ConfigError(
            f'{name} needs a control period of one step of the model, {card.dt:g} s, got '
            f'{context.period:g} s. Set control_rate to 0.'
        )
    return card


def _largest(card: ModelCard, limits: tuple[float | None, ...]) -> Vector:
    """Return the largest effort of each joint; from the training range where no limit is known."""
    names = [signal.name for signal in card.features if signal.kind == 'effort']
    found = []
    for name, limit in zip(names, limits, strict=True):
        seen = card.training_ranges.get(name)
        spread = 0.0 if seen is None else max(abs(seen.minimum), abs(seen.maximum))
        found.append(limit or spread or 1.0)
    return np.array(found)
