# SPDX-License-Identifier: Apache-2.0
"""The model card: everything a user or a node must know about a model file, as one JSON text.

The card travels inside the ONNX file as the metadata property ``metadata``. It is the contract
between trainer and runtime; neither side needs anything else of the other.
"""

from dataclasses import asdict, dataclass, field
import json
from typing import Any

from lstm_dynamics_ros.core.errors import LstmDynamicsError
from lstm_dynamics_ros.core.json_data import from_plain

CONTRACT_VERSION = 1
"""Version of the card's layout. A card with another version is refused."""

MODEL_KINDS = ('forward', 'inverse', 'residual_inverse')
"""forward: state and effort to next state; inverse: motion to effort; residual_inverse: to effort
minus the rigid-body prior."""

JOINT_TYPES = ('revolute', 'continuous', 'prismatic')
"""Joint types, as in a URDF. Continuous joints wrap at +-pi, prismatic ones are in [m]."""

PAYLOAD_KINDS = ('payload_mass', 'payload_moment_x', 'payload_moment_y', 'payload_moment_z')
"""Effort per unit of a payload's mass and first moments in the motion that is asked about."""

PAST_KIND = 'payload_past'
"""Effort per unit of a payload's mass in the motion so far, low-passed as the disturbance is."""

DERIVED_KINDS = (*PAYLOAD_KINDS, PAST_KIND)
"""Features that follow from the others: they are inside the training range if those are."""

PRIOR_KIND = 'prior_effort'
"""Effort of the motion measured until now by the rigid-body prior."""

SIGNAL_KINDS = (
    'position',
    'velocity',
    'acceleration',
    'disturbance',
    *DERIVED_KINDS,
    PRIOR_KIND,
    'effort',
)
"""What a feature or target can be. Position, velocity and acceleration of an inverse model are
those of the motion it is asked about; the disturbance is what was measured until now."""

MADE_FROM: dict[str, tuple[str, ...]] = {
    'position': ('position',),
    'velocity': ('velocity',),
    'acceleration': (),
    'disturbance': ('position', 'effort'),
    **dict.fromkeys(PAYLOAD_KINDS, ()),
    PAST_KIND: ('position',),
    PRIOR_KIND: ('position', 'velocity'),
    'effort': ('effort',),
}
"""What of a joint state a feature of each kind cannot be made without."""

EFFORT_SEMANTICS = ('joint_torque', 'motor_current', 'commanded')
"""What the effort in the recordings was."""


_IN_FILE = {'feedback_gain': 'error_gain'}
"""Entries that have another name in files, because files with it exist."""


class CardError(LstmDynamicsError):
    """A model card with missing, unknown or impossible entries."""


@dataclass(frozen=True, kw_only=True)
class Signal:
    """One column of a model's input or output."""

    name: str
    """Unique name, ``<kind>.<joint>``."""
    kind: str
    """One of :data:`SIGNAL_KINDS`."""
    joint: str
    """Joint it belongs to."""
    unit: str
    """SI unit."""
    delay: int = 0
    """Age relative to the newest observation [steps of dt]; -1 is one step ahead."""


@dataclass(frozen=True, kw_only=True)
class Range:
    """What one feature looked like in training, in its own unit."""

    minimum: float
    maximum: float
    mean: float
    std: float


@dataclass(frozen=True, kw_only=True)
class Golden:
    """A recorded run of the exported model, replayed at every load on the machine it runs on.

    Arrays are base64 of little-endian float32, C order.
    """

    steps: int
    """Length of the sequence [steps], 32 to 64."""
    observations: str
    """Inputs, shape (steps, n_features)."""
    predictions: str
    """Outputs, shape (steps, n_targets)."""
    final_state: str
    """Hidden state after the last step, all state tensors flattened and joined."""
    tolerance: float
    """Largest allowed absolute difference, relative to the range of each output."""


@dataclass(frozen=True, kw_only=True)
class ModelCard:
    """The contract of one model file."""

    contract_version: int = CONTRACT_VERSION
    name: str
    """Name of the model, for people."""
    model_kind: str
    """One of :data:`MODEL_KINDS`."""
    cell: str
    """Recurrent cell, ``lstm`` or ``gru``."""
    num_layers: int
    hidden_size: int
    joint_names: tuple[str, ...]
    """Joints in the order of every per-joint array of this card and of the tensors."""
    joint_types: tuple[str, ...]
    """One of :data:`JOINT_TYPES` per joint."""
    features: tuple[Signal, ...]
    """Columns of ``obs``."""
    targets: tuple[Signal, ...]
    """Columns of ``prediction``."""
    dt: float
    """Step of the model's time grid [s]."""
    dt_tolerance: float
    """Largest relative deviation of the measured message period that is accepted as dt."""
    latency_steps: int
    """Steps from a measurement to the moment a correction from it acts [steps]."""
    washout_steps: int
    """Measured steps until two random hidden states agree to 1 % [steps]."""
    effort_semantics: str
    """One of :data:`EFFORT_SEMANTICS`."""
    velocity_source: str = 'measured'
    """``measured``, or ``derived`` from the positions on the time grid."""
    driver_compensates: tuple[str, ...] = ()
    """What the robot's own driver already adds, e.g. ``gravity``, ``friction``."""
    drive_delay: float = 0.0
    """Part of the latency that lies in the drives, after the robot's own command [s]."""
    physics_prior: dict[str, str] | None = None
    """Rigid-body prior whose torque the model corrects or is fed: ``source``, ``sha256``, the
    ``urdf`` itself and the ``armature`` of the joints; None without."""
    position_features: str = 'value'
    """How the model sees positions beside their differences: ``value``, ``sin_cos``, ``sums`` of
    angles as sine and cosine too, or ``none``; says which training ranges count for novelty."""
    prior_window: int = 0
    """Measurements from which the motion of the feature ``prior_effort`` is made [steps]."""
    prior_delay: int = 0
    """How old that motion is [steps]."""
    disturbance_bandwidth: float = 0.0
    """Pole of the low-pass of a disturbance feature [rad/s]; 0 without one."""
    feedback_gain: tuple[float, ...] = ()
    """How much the prediction changes per offset of a measured position while the motion asked
    about stays, per joint [N m/rad] or [N/m]; empty where nothing measured goes in."""
    effort_limits: tuple[float | None, ...] = ()
    """Largest effort per joint [N m] or [N]; None where unknown."""
    training_ranges: dict[str, Range] = field(default_factory=dict)
    """Range of each feature in the training data, by signal name."""
    errors: dict[str, dict[str, dict[str, list[float]]]] = field(default_factory=dict)
    """RMSE per joint on validation data: errors[horizon][kind][predictor], horizon in steps."""
    conformal: dict[str, dict[str, dict[str, list[float]]]] = field(default_factory=dict)
    """Half-width of the band: conformal[miss rate][horizon][kind], per joint, target unit. A whole
    block of steps stays within it."""
    bounds: dict[str, dict[str, dict[str, list[float]]]] = field(default_factory=dict)
    """Half-width of the bounds of single moments: bounds[miss rate][horizon][kind], as above."""
    novelty_weights: dict[str, dict[str, tuple[float, float]]] = field(default_factory=dict)
    """How much that half-width grows with disagreement and with features outside of their ranges:
    novelty_weights[horizon][kind]; it is that of usual novelty then. Empty: not at all."""
    members: int = 1
    """Models whose mean is the prediction; more than one also say how far they spread."""
    spread: dict[str, list[float]] = field(default_factory=dict)
    """Root mean square of ``prediction_std`` on training data: spread[kind], per joint."""
    provenance: dict[str, Any] = field(default_factory=dict)
    """Data (names and sha256), code version, seed, library versions, date, licence."""
    golden: Golden

    @property
    def n_joints(self) -> int:
        """Number of joints."""
        return len(self.joint_names)

    @property
    def state_names(self) -> tuple[str, ...]:
        """Names of the hidden-state tensors without suffix: h and, for an LSTM, c."""
        return ('h', 'c') if self.cell == 'lstm' else ('h',)

    def columns(self, kind: str, *, of: str = 'features') -> slice | None:
        """Return where the signals of one kind stand in ``obs`` or ``prediction``.

        Args:
            kind: One of :data:`SIGNAL_KINDS`.
            of: ``features`` or ``targets``.

        Returns:
            The columns, in joint order, or None if the model has no such signal.
        """
        signals = self.features if of == 'features' else self.targets
        found = [i for i, signal in enumerate(signals) if signal.kind == kind]
        return slice(found[0], found[-1] + 1) if found else None

    def made_from(self, quantity: str) -> tuple[str, ...]:
        """Return the kinds of features that cannot be made without a measured quantity.

        Args:
            quantity: ``position``, ``velocity`` or ``effort``.
        """
        kinds = dict.fromkeys(signal.kind for signal in self.features)
        return tuple(kind for kind in kinds if quantity in MADE_FROM[kind])

    def to_json(self) -> str:
        """Return the card as JSON with full precision."""
        values = {_IN_FILE.get(key, key): value for key, value in asdict(self).items()}
        return json.dumps(values, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> 'ModelCard':
        """Read a card.

        Raises:
            CardError: If it is no JSON object, has another contract version, or an entry is
                missing, unknown or impossible.
        """
        try:
            values = json.loads(text)
        except ValueError as error:
            raise CardError(f'The card is not JSON: {error}.') from error
        if not isinstance(values, dict):
            raise CardError(f'The card must be a JSON object, got {type(values).__name__}.')
        version = values.get('contract_version')
        if version != CONTRACT_VERSION:
            raise CardError(
                f'contract_version must be {CONTRACT_VERSION}, got {version!r}. '
                'Export the model again with this version of lstm_dynamics_ros.'
            )
        for name, key in _IN_FILE.items():
            if key in values:
                values[name] = values.pop(key)
        card = from_plain(cls, values, 'The card', CardError)
        card.check()
        return card

    def check(self) -> None:
        """Raise :class:`CardError` if entries contradict each other."""
        _require(self.model_kind in MODEL_KINDS, 'model_kind', MODEL_KINDS, self.model_kind)
        _require(
            self.effort_semantics in EFFORT_SEMANTICS,
            'effort_semantics',
            EFFORT_SEMANTICS,
            self.effort_semantics,
        )
        n = self.n_joints
        _require(n > 0, 'joint_names', 'at least one joint', n)
        _require(len(set(self.joint_names)) == n, 'joint_names', 'unique', self.joint_names)
        _require(len(self.joint_types) == n, 'joint_types', f'{n} entries', self.joint_types)
        _require(
            set(self.joint_types) <= set(JOINT_TYPES), 'joint_types', JOINT_TYPES, self.joint_types
        )
        _require(0 < self.dt < 10, 'dt', 'a period in (0, 10) s', self.dt)
        _require(
            self.num_layers > 0 and self.hidden_size > 0,
            'num_layers, hidden_size',
            'positive',
            (self.num_layers, self.hidden_size),
        )
        _require(self.washout_steps >= 0, 'washout_steps', '>= 0', self.washout_steps)
        _require(self.dt_tolerance >= 0, 'dt_tolerance', '>= 0', self.dt_tolerance)
        _require(self.latency_steps >= 0, 'latency_steps', '>= 0', self.latency_steps)
        _require(
            len(self.effort_limits) in {0, n},
            'effort_limits',
            f'none or {n} entries',
            self.effort_limits,
        )
        _require(
            all(limit is None or limit > 0 for limit in self.effort_limits),
            'effort_limits',
            '> 0 or null',
            self.effort_limits,
        )
        for what, signals in (('features', self.features), ('targets', self.targets)):
            _require(len(signals) > 0, what, 'at least one', len(signals))
            for start in range(0, len(signals), n):
                block = signals[start : start + n]
                same = {signal.kind for signal in block}
                order = tuple(signal.joint for signal in block)
                _require(same <= set(SIGNAL_KINDS), f'kind in {what}', SIGNAL_KINDS, sorted(same))
                _require(
                    len(same) == 1 and order == self.joint_names,
                    what,
                    'blocks of one kind in joint order',
                    order,
                )


def _require(holds: bool, what: str, expected: object, got: object) -> None:
    if not holds:
        raise CardError(f'{what} must be {expected}, got {got!r}.')
