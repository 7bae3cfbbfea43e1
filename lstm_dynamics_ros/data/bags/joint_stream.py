# SPDX-License-Identifier: Apache-2.0
"""The signals of one topic of a bag: joint states as raw samples, and tracks."""

from collections.abc import Iterator, Sequence
from itertools import islice

from lstm_dynamics_ros.core.errors import DataError, NoJointStatesError
from lstm_dynamics_ros.core.state import Matrix, NANOSECONDS, RawSample, Stamps
from lstm_dynamics_ros.data.bags.cdr import Batch, Decoder, FLOAT_ARRAY, JOINT_STATE, TRAJECTORY
from lstm_dynamics_ros.data.bags.storage import Bag, BagTopic
from lstm_dynamics_ros.data.recording import make_track, Track
import numpy as np

_BLOCK = 20_000  # messages decoded at a time
_OWN_OUTPUTS = ('predicted_joint_states', 'prediction_bounds', 'prediction_error')


SAME_CLOCK = NANOSECONDS
"""Difference up to which a stamp and a time of reception are taken to be of one clock [ns]."""


def choose_topic(bag: Bag, topic: str | None) -> str:
    """Return the JointState topic to read.

    Args:
        bag: An opened bag.
        topic: The topic asked for; None for the only one, or the one called joint_states.

    Raises:
        NoJointStatesError: If there is none, or the one asked for is not there.
        DataError: If there are several and none was asked for.
    """
    found = [item.name for item in bag.topics if item.type == JOINT_STATE]
    if topic is not None:
        found = [name for name in found if name.strip('/') == topic.strip('/')]
    if not found:
        raise NoJointStatesError(bag.path, [(item.name, item.type) for item in bag.topics])
    measured = [name for name in found if _last(name) not in _OWN_OUTPUTS] or found
    named = [name for name in measured if _last(name) == 'joint_states']
    for names in (measured, named):
        if len(names) == 1:
            return names[0]
    raise DataError(
        f'{bag.path} has several JointState topics: {", ".join(measured)}. Say which with topic.'
    )


class JointStream:
    """The messages of one JointState topic.

    Args:
        bag: An opened bag.
        topic: Name of the topic.
    """

    def __init__(self, bag: Bag, topic: str) -> None:
        self.topic = topic
        self._messages = bag, BagTopic(topic, JOINT_STATE, 0)
        decoder = Decoder(JOINT_STATE)
        names: dict[str, None] = {}
        received, rows, stamps = [], [], []
        for offset, receive_ns, batches in _decoded(*self._messages, decoder):
            received.append(receive_ns)
            for batch in batches:
                names |= dict.fromkeys(batch.layout.names)
                rows.append(offset + batch.rows)
                stamps.append(batch.stamp_ns)
        self.names = tuple(names)
        """All joints that occur, in the order they first do."""
        self._receive_ns, self._rows, self._stamp_ns = map(_whole, (received, rows, stamps))
        self._zero = bool(received) and not self._stamp_ns.any()
        self.counters = {
            'malformed': decoder.malformed,
            'recovered': bag.recovered,
            'zero_stamp': len(self._receive_ns) if self._zero else 0,
        }
        """Found besides what :class:`~lstm_dynamics_ros.signals.time_grid.Intake` counts."""

    def samples(self) -> Iterator[RawSample]:
        """Yield the messages in recorded order.

        When no message of the topic is stamped, they get the time at which they were received.
        """
        for _, receive_ns, batches in _decoded(*self._messages, Decoder(JOINT_STATE)):
            place = sorted(
                (row, number, index)
                for number, batch in enumerate(batches)
                for index, row in enumerate(batch.rows.tolist())
            )
            stamps = [batch.stamp_ns.tolist() for batch in batches]
            for row, number, index in place:
                batch = batches[number]
                stamp = stamps[number][index]
                yield RawSample(
                    int(receive_ns[row]) if self._zero else stamp,
                    batch.layout.names,
                    batch.values['position'][index],
                    batch.values['velocity'][index],
                    batch.values['effort'][index],
                )

    def on_robot_clock(self, receive_ns: Stamps) -> Stamps:
        """Return what the clock of the stamps showed at times of reception [ns].

        The recorder's clock is another one than that of the stamps in simulation and replay. Where
        the two agree to :data:`SAME_CLOCK`, the time of reception is returned as it is.
        """
        if self._zero or not len(self._rows):
            return receive_ns
        order = np.argsort(self._rows)
        known = self._receive_ns[self._rows[order]]
        ahead = self._stamp_ns[order] - known
        if abs(int(np.median(ahead))) < SAME_CLOCK:
            return receive_ns
        shift = np.interp(receive_ns - known[0], known - known[0], ahead - ahead[0])
        moved: Stamps = receive_ns + ahead[0] + np.round(shift).astype(np.int64)
        return moved


def read_track(
    bag: Bag, endings: Sequence[str], joint_names: Sequence[str], states: JointStream | None = None
) -> Track | None:
    """Read the reference or command of a bag.

    Of a trajectory message the first point is read. A Float64MultiArray names no joints and has
    no stamp: it is taken to be efforts of the joints in the order of ``joint_names``, at the time
    it was received.

    Args:
        bag: An opened bag.
        endings: How the last part of the topic's name ends, e.g. ('commands', 'command').
        joint_names: The joints of the recording, in its order.
        states: Its joint states; tell what the robot's clock showed at a time of reception.

    Returns:
        The track, None if the bag has none.
    """
    found = [
        topic
        for topic in bag.topics
        if topic.type in (TRAJECTORY, FLOAT_ARRAY)
        and topic.messages
        and _last(topic.name).endswith(tuple(endings))
    ]
    if not found:
        return None
    blocks = list(_decoded(bag, found[0], Decoder(found[0].type)))
    receive_ns = _whole([received for _, received, _ in blocks])
    if states is not None:
        receive_ns = states.on_robot_clock(receive_ns)
    batches = [
        (offset, batch, names)
        for offset, _, group in blocks
        for batch in group
        if (names := _names(batch, joint_names))
    ]
    union = tuple(dict.fromkeys(name for *_, names in batches for name in names))
    stamps = receive_ns.copy()
    usable = np.zeros(len(stamps), bool)
    signals: dict[str, Matrix] = {}
    for offset, batch, names in batches:
        rows = offset + batch.rows
        usable[rows] = True
        stamped = np.where(batch.stamp_ns == 0, receive_ns[rows], batch.stamp_ns)
        stamps[rows] = stamped + batch.offset_ns
        columns = np.array([union.index(name) for name in names])
        for kind, values in batch.values.items():
            if values.shape[1] == len(names):
                signal = signals.setdefault(kind, np.full((len(stamps), len(union)), np.nan))
                signal[np.ix_(rows, columns)] = values
    if not usable.any():
        return None
    return make_track(union, stamps[usable], **{k: v[usable] for k, v in signals.items()})


def _decoded(
    bag: Bag, topic: BagTopic, decoder: Decoder
) -> Iterator[tuple[int, Stamps, list[Batch]]]:
    """Yield number of the first message, receive times and batches in order, block by block."""
    offset = 0
    messages = bag.messages((topic.name,))
    while block := list(islice(messages, _BLOCK)):
        batches = list(decoder.decode([item.raw for item in block]))
        receive_ns = np.array([item.receive_ns for item in block], np.int64)
        yield offset, receive_ns, sorted(batches, key=lambda batch: int(batch.rows[0]))
        offset += len(block)


def _whole(parts: Sequence[Stamps]) -> Stamps:
    """Return what blocks hold, one after the other."""
    return np.concatenate(parts) if parts else np.empty(0, np.int64)


def _names(batch: Batch, joint_names: Sequence[str]) -> tuple[str, ...]:
    """Return the joints of the values of a batch; empty if it has no values or unknown ones."""
    if batch.layout.names or not batch.values:
        return batch.layout.names if batch.values else ()
    width = batch.values['effort'].shape[1]
    if width == len(joint_names):
        return tuple(joint_names)
    return tuple(f'command_{j}' for j in range(width))


def _last(topic: str) -> str:
    """Return the last part of a topic's name."""
    return topic.rsplit('/', 1)[-1]
