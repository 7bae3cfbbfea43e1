# SPDX-License-Identifier: Apache-2.0
"""Parameters of a robot from recorded motion, by base-parameter regression with friction.

No motion separates single standard parameters. The identified robot therefore has
those of its URDF with the smallest change that realises what the data show, so that every
algorithm for rigid bodies goes on to work.

Source: W. Khalil and E. Dombre, "Modeling, identification and control of robots", 2002, ch. 12;
C. Gaz, M. Cognetti, A. Oliva, P. Robuffo Giordano, A. De Luca, "Dynamic identification of the
Franka Emika Panda robot with retrieval of feasible parameters using penalty-based optimization",
IEEE RA-L 4(4), 2019.
"""

from collections.abc import Sequence
from dataclasses import replace

from lstm_dynamics_ros.core.parameters import validated
from lstm_dynamics_ros.core.progress import Progress
from lstm_dynamics_ros.core.state import Matrix, Vector
from lstm_dynamics_ros.learning.identification.base_parameters import (
    base_parameters,
    BaseParameters,
    condition_number,
    deviations,
)
from lstm_dynamics_ros.learning.identification.fit import (
    FEWEST_TRAJECTORIES,
    Fit,
    fit,
    fold_labels,
    Labels,
    mean_square,
    STRENGTHS,
)
from lstm_dynamics_ros.learning.identification.least_squares import spread
from lstm_dynamics_ros.learning.identification.parameter_vector import Layout, layout, Unknowns
from lstm_dynamics_ros.learning.identification.regressor import (
    Equations,
    equations,
    LOCAL,
    Measured,
    usual_cutoff,
)
from lstm_dynamics_ros.learning.identification.result import (
    BaseValue,
    doubts,
    EffortTrace,
    Identification,
    identified_robot,
    MODELS,
)
from lstm_dynamics_ros.learning.identification.settings import IdentifySettings
from lstm_dynamics_ros.physics.parameters import STANDARD_PARAMETERS
from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior
import numpy as np

SHARES = (0.03, 0.1, 0.3)
"""Smoothing of the sign that is tried, in deviations of a joint's velocity."""

RANDOM_MOTIONS = 60
"""Random motions that show which parameters any motion can show: hundreds of equations."""


def identify(
    prior: RigidBodyPrior,
    recorded: Sequence[Measured],
    settings: IdentifySettings | None = None,
    *,
    progress: Progress | None = None,
) -> Identification:
    """Identify the parameters of a robot, and how well they predict what they have not seen.

    Strength and smoothing are chosen by parts held out of the data that are learned from; the
    held-out errors come from fits that have seen nothing of their part, not even for that choice
    (but how large velocity, acceleration and effort are overall, which scales the unknowns).

    Args:
        prior: The robot by its URDF.
        recorded: What was measured.
        settings: How to do it.
        progress: Called after every fit.

    Raises:
        JointNamesError: If the data are of other joints.
        DataError: If the data show no motion or no effort.
        TooShortError: If the data are too short for the filter.
        MissingLibraryError: If scipy is not installed.
    """
    data = _Data(prior, recorded, validated(settings or IdentifySettings()))
    study = _Study(data, progress)
    final, plan = study.final, study.plan
    made = data.candidates[final.choice]
    base = _base(prior, plan)
    columns = _columns(plan, base)
    regressor = final.rows.matrix[:, np.searchsorted(np.flatnonzero(plan.free), columns)]
    values = _base_values(prior, plan, base, final.values, deviations(regressor))
    joints = plan.joints(final.values)
    result = Identification(
        nominal=prior,
        parameters=plan.links(final.values),
        armature=joints['armature'],
        friction=plan.friction(final.values, data.smoothing[final.choice]),
        deviations=_joint_deviations(plan, final),
        base=values,
        friction_count=len(columns) - len(values),
        condition=condition_number(regressor),
        cutoff=data.cutoff,
        strength=final.strength,
        share=data.shares[final.choice],
        folds=_folds_in_words(made, data.labels),
        held_out=study.held_out,
        in_sample=study.in_sample,
        effort=np.sqrt(np.mean(np.concatenate([m.effort for m in made]) ** 2, axis=0)),
        above=np.sqrt(np.mean([m.above**2 for m in made], axis=0)),
        warnings=(),
        traces=study.traces,
    )
    return replace(result, warnings=tuple(doubts(result)))


def identified_prior(
    prior: RigidBodyPrior,
    recorded: Sequence[Measured],
    settings: IdentifySettings | None = None,
    *,
    friction: bool = False,
) -> RigidBodyPrior:
    """Return the robot that :func:`identify` finds, without asking how well it predicts.

    That takes a small part of the time.

    Args:
        prior: The robot by its URDF.
        recorded: What was measured.
        settings: How to do it.
        friction: Whether friction counts as part of its torque.

    Raises:
        See :func:`identify`.
    """
    data = _Data(prior, recorded, validated(settings or IdentifySettings()))
    plan = data.layout(MODELS[-1])
    final = data.fit(plan, data.candidates)
    return identified_robot(
        prior,
        parameters=plan.links(final.values),
        armature=plan.joints(final.values)['armature'],
        friction=plan.friction(final.values, data.smoothing[final.choice]) if friction else None,
    )


class _Data:
    """Equations of recorded motion, and what is known of them beforehand."""

    def __init__(
        self, prior: RigidBodyPrior, recorded: Sequence[Measured], settings: IdentifySettings
    ) -> None:
        self.prior, self.settings = prior, settings
        self.cutoff = settings.cutoff or usual_cutoff(recorded)
        self.shares = (settings.share,) if settings.share else SHARES
        self.candidates, self.smoothing = equations(
            prior, recorded, cutoff=self.cutoff, shares=self.shares
        )
        self.labels = fold_labels(self.candidates[0], settings.folds)

    def layout(self, model: str) -> Layout:
        """Return the unknowns of one of :data:`MODELS`."""
        settings = self.settings
        parts = Unknowns(
            body=model.startswith('identified'),
            friction=model.endswith('friction'),
            rotor=settings.rotor,
            offset=settings.offset,
            asymmetric=settings.asymmetric,
            springs=settings.springs,
        )
        return layout(self.prior, self.candidates[0], parts)

    def fit(
        self,
        plan: Layout,
        candidates: Sequence[Sequence[Equations]],
        without: frozenset[int] = frozenset(),
    ) -> Fit:
        """Fit the unknowns to what is not held out."""
        settings = self.settings
        return fit(
            candidates,
            plan,
            self.labels,
            without=without,
            strengths=(settings.strength,) if settings.strength else STRENGTHS,
            feasible=settings.feasible,
        )


class _Study:
    """All fits of one identification: every model, on everything and with every part held out."""

    def __init__(self, data: _Data, progress: Progress | None) -> None:
        self.held_out: dict[str, Vector] = {}
        self.in_sample: dict[str, Vector] = {}
        candidates, labels = data.candidates, data.labels
        first = candidates[0]
        predicted: dict[str, list[Matrix]] = {}
        folds = sorted({int(k) for label in labels for k in label})
        everything = [np.ones(len(item), bool) for item in first]
        fits = 0
        for name in MODELS:
            plan = data.layout(name)
            own = candidates if name.endswith('friction') else candidates[:1]
            rows = [np.full(item.effort.shape, np.nan) for item in first]
            predicted[name] = rows
            for k in (*folds, None):
                if plan.free.any():
                    final = data.fit(plan, own, frozenset() if k is None else frozenset({k}))
                    values, made = final.values, own[final.choice]
                else:
                    values, made = plan.nominal, first
                if k is None:
                    self.in_sample[name] = np.sqrt(mean_square(made, plan, values, everything))
                else:
                    for out, item, label in zip(rows, made, labels, strict=True):
                        out[label == k] = plan.torque(item, values)[label == k]
                fits += 1
                if progress is not None:
                    progress(fits, len(MODELS) * (len(folds) + 1), name)
            errors = [item.effort - out for item, out in zip(first, rows, strict=True)]
            self.held_out[name] = np.sqrt(np.mean(np.concatenate(errors) ** 2, axis=0))
        self.plan, self.final = plan, final
        self.traces = tuple(
            EffortTrace(item.name, item.time, item.effort, {m: predicted[m][i] for m in MODELS})
            for i, item in enumerate(first)
        )


def _body_columns(plan: Layout) -> Vector:
    """Return the columns of links and rotors."""
    n_body = plan.n_joints * len(STANDARD_PARAMETERS)
    rotors = n_body + len(LOCAL) * np.arange(plan.n_joints)
    return np.concatenate([np.arange(n_body), rotors])


def _base(prior: RigidBodyPrior, plan: Layout) -> BaseParameters:
    """Return which combinations of link and rotor parameters any motion can show."""
    random = np.random.default_rng(0)
    n = plan.n_joints
    position = random.uniform(-np.pi, np.pi, (RANDOM_MOTIONS, n))
    velocity, acceleration = random.uniform(-3.0, 3.0, (2, RANDOM_MOTIONS, n))
    body = prior.regressor(position, velocity, acceleration)
    rotors = acceleration[:, :, None] * np.eye(n)
    if not plan.free[n * len(STANDARD_PARAMETERS)]:
        rotors *= 0.0
    return base_parameters(np.concatenate([body, rotors], axis=2).reshape(-1, 11 * n))


def _base_values(
    prior: RigidBodyPrior, plan: Layout, base: BaseParameters, values: Vector, scatter: Vector
) -> tuple[BaseValue, ...]:
    """Return the base parameters by name, with their standard deviations."""
    names, body = base.names(_names(prior)), _body_columns(plan)
    found, nominal = base.combination @ values[body], base.combination @ plan.nominal[body]
    rows = zip(names, found, nominal, scatter[: len(names)], strict=True)
    return tuple(BaseValue(name, float(v), float(n), float(s)) for name, v, n, s in rows)


def _columns(plan: Layout, base: BaseParameters) -> Vector:
    """Return the columns that stand for base parameters, then those of friction."""
    body = _body_columns(plan)
    friction = np.setdiff1d(np.flatnonzero(plan.free), body)
    return np.concatenate([body[base.columns], friction])


def _names(prior: RigidBodyPrior) -> list[str]:
    """Return what the columns of links and rotors are called."""
    links = [f'{p}({name})' for name in prior.joint_names for p in STANDARD_PARAMETERS]
    return [*links, *(f'rotor({name})' for name in prior.joint_names)]


def _joint_deviations(plan: Layout, final: Fit) -> dict[str, Vector]:
    """Return the deviations of rotors and friction, zero for what was not identified."""
    values = np.zeros(len(plan.free))
    values[plan.free] = spread(final.rows, plan.size[plan.free], final.strength)
    return plan.joints(values)


def _folds_in_words(made: Sequence[Equations], labels: Labels) -> str:
    count = len({int(k) for label in labels for k in label})
    names = {item.name for item in made}
    if len(names) >= FEWEST_TRAJECTORIES:
        return f'{len(names)} trajectories in {count} parts'
    return f'{count} contiguous blocks'
