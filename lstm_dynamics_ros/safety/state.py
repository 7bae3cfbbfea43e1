# SPDX-License-Identifier: Apache-2.0
"""The states a node can be in, and the only ways from one to another."""

from collections.abc import Sequence
from enum import Enum

from lstm_dynamics_ros.core.errors import LstmDynamicsError


class State(Enum):
    """What the package is doing. The values are what ``~/state`` says."""

    UNCONFIGURED = 'unconfigured'
    """No model."""
    INACTIVE = 'inactive'
    """A model is loaded and checked; messages are ignored."""
    WAITING = 'waiting'
    """Active, and no usable joint states have come yet."""
    WARMING = 'warming'
    """Joint states come, but fewer than the washout of the model."""
    MONITORING = 'monitoring'
    """Predictions mean something. Nothing is sent to the robot."""
    ARMED = 'armed'
    """A person has allowed torque."""
    DEGRADED = 'degraded'
    """Torque was revoked because the model had to start over. Once it is warm again a person
    may arm; that takes a bounded time, or is a fault."""
    FAULT = 'fault'
    """Something went wrong while armed, or the model failed. Stays until a person clears it."""


class Event(Enum):
    """What can happen to it."""

    CONFIGURE = 'configure'
    CLEANUP = 'cleanup'
    ACTIVATE = 'activate'
    DEACTIVATE = 'deactivate'
    DATA = 'data'
    """A usable joint state came."""
    WARM = 'warm'
    """The model has seen its washout."""
    RESTART = 'restart'
    """The model's memory was cleared: a gap, a clock jump, a request."""
    DATA_LOST = 'data lost'
    """Joint states stopped."""
    ARM = 'arm'
    DISARM = 'disarm'
    FAIL = 'fail'
    CLEAR = 'clear'
    """A person acknowledged a fault."""


ACTIVE = (
    State.WAITING,
    State.WARMING,
    State.MONITORING,
    State.ARMED,
    State.DEGRADED,
    State.FAULT,
)
"""States in which messages are taken in."""

TRANSITIONS: dict[tuple[State, Event], State] = {
    (State.UNCONFIGURED, Event.CONFIGURE): State.INACTIVE,
    (State.INACTIVE, Event.CLEANUP): State.UNCONFIGURED,
    (State.INACTIVE, Event.ACTIVATE): State.WAITING,
    **{(state, Event.DEACTIVATE): State.INACTIVE for state in ACTIVE},
    **{(state, Event.FAIL): State.FAULT for state in ACTIVE},
    (State.WAITING, Event.DATA): State.WARMING,
    (State.WARMING, Event.WARM): State.MONITORING,
    (State.WARMING, Event.DATA_LOST): State.WAITING,
    (State.MONITORING, Event.RESTART): State.WARMING,
    (State.MONITORING, Event.DATA_LOST): State.WAITING,
    (State.MONITORING, Event.ARM): State.ARMED,
    (State.ARMED, Event.DISARM): State.MONITORING,
    (State.ARMED, Event.RESTART): State.DEGRADED,
    (State.ARMED, Event.DATA_LOST): State.FAULT,
    (State.DEGRADED, Event.WARM): State.MONITORING,
    (State.DEGRADED, Event.DISARM): State.WARMING,
    (State.DEGRADED, Event.DATA_LOST): State.FAULT,
    (State.FAULT, Event.CLEAR): State.WAITING,
}
"""Every allowed transition. Data events that are not listed for a state change nothing."""

_DATA_EVENTS = {Event.DATA, Event.WARM, Event.RESTART, Event.DATA_LOST}


class TransitionError(LstmDynamicsError):
    """A request that is not possible in the present state."""

    def __init__(self, state: State, event: Event) -> None:
        allowed = sorted(
            e.value for s, e in TRANSITIONS if s is state and e not in _DATA_EVENTS | {Event.FAIL}
        )
        super().__init__(
            f'Cannot {event.value} while {state.value}. Possible now: {", ".join(allowed)}.'
        )


class ArmRefusedError(LstmDynamicsError):
    """A request for torque that did not pass the checks before arming."""

    def __init__(self, reasons: Sequence[str]) -> None:
        self.reasons = tuple(reasons)
        super().__init__(f'Not armed: {" ".join(reasons)}')


def refusal(state: State, fault: str) -> str:
    """Return why nothing can be armed in a state; empty if it can.

    Args:
        state: The present state.
        fault: Cause of the fault, if that is the state.
    """
    if state is State.FAULT:
        return f'There is a fault ({fault}); clear it first.'
    if (state, Event.ARM) not in TRANSITIONS:
        return f'It is {state.value}, not {State.MONITORING.value}.'
    return ''


class StateMachine:
    """Keeps the present state and lets it change only along :data:`TRANSITIONS`."""

    def __init__(self, state: State = State.UNCONFIGURED) -> None:
        self.state = state
        self.fault = ''
        """Why the last fault happened; empty when there is none."""

    @property
    def active(self) -> bool:
        """Whether messages are taken in."""
        return self.state in ACTIVE

    @property
    def allows_torque(self) -> bool:
        """Whether the gate may let torque through."""
        return self.state is State.ARMED

    def on(self, event: Event) -> State:
        """Take in an event and return the state after it.

        Raises:
            TransitionError: If a person asks for what the state does not allow. What the data do
                is never refused.
        """
        after = TRANSITIONS.get((self.state, event))
        if after is None:
            if event in _DATA_EVENTS:
                return self.state
            raise TransitionError(self.state, event)
        if after is State.FAULT and not self.fault:
            self.fault = event.value
        if event in {Event.CLEAR, Event.DEACTIVATE}:
            self.fault = ''
        self.state = after
        return after

    def fail(self, cause: str) -> None:
        """Latch a fault; the first cause is kept. Without effect while inactive."""
        if self.active:
            self.fault = self.fault or cause
            self.on(Event.FAIL)

    def arm(self, refusals: Sequence[str] = ()) -> None:
        """Allow torque if nothing speaks against it.

        Args:
            refusals: What the checks before arming found, one sentence each.

        Raises:
            ArmRefusedError: With all reasons, the present state among them.
        """
        reasons = list(refusals)
        against = refusal(self.state, self.fault)
        if against and against not in reasons:
            reasons.insert(0, against)
        if reasons:
            raise ArmRefusedError(reasons)
        self.on(Event.ARM)
