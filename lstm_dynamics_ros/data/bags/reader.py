# SPDX-License-Identifier: Apache-2.0
"""Bags of sensor_msgs/JointState -> :class:`Recording`.

Every message goes through the same :class:`~lstm_dynamics_ros.signals.time_grid.Intake` as in the
node, so the counters tell what the node would make of the same messages.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from lstm_dynamics_ros.core.errors import DataError, JointNamesError
from lstm_dynamics_ros.core.state import RawSample, Stamps
from lstm_dynamics_ros.data.bags.joint_stream import choose_topic, JointStream, read_track
from lstm_dynamics_ros.data.bags.storage import BagTopic, is_bag, open_bag, SUFFIXES
from lstm_dynamics_ros.data.recording import Recording
from lstm_dynamics_ros.data.state_rows import StateRows
from lstm_dynamics_ros.signals.time_grid import Intake
import numpy as np

_BACKWARD_NS = 100_000_000  # a longer step back is a clock set back, as in grid.GridSampler


def topics(path: Path | str) -> list[BagTopic]:
    """Return name, type and number of messages of every topic of a bag."""
    return list(open_bag(Path(path)).topics)


def iterate(path: Path | str, topic: str | None = None) -> Iterator[RawSample]:
    """Yield the joint states of a bag as they were recorded, e.g. to replay them.

    Args:
        path: Bag folder or file.
        topic: Topic to read; None for the bag's one JointState topic.
    """
    bag = open_bag(Path(path))
    yield from JointStream(bag, choose_topic(bag, topic)).samples()


def read_recording(
    path: Path | str,
    *,
    topic: str | None = None,
    joint_names: Sequence[str] | None = None,
    joint_types: Mapping[str, str] | None = None,
    rename: Mapping[str, str] | None = None,
    tracks: bool = True,
) -> Recording:
    """Read the joint states of a bag, with reference and command where it has them.

    Args:
        path: rosbag2 folder, or bare .mcap or .db3 file; an unfinished .mcap file is recovered.
        topic: JointState topic; None for the only one, or the one called joint_states.
        joint_names: The joints wanted, in this order; None for all, in the order they first occur.
        joint_types: Types by joint name, for those that are not revolute.
        rename: Name in the messages by joint name, for joints that the robot calls otherwise.
        tracks: Whether to read reference and command.

    Raises:
        NoJointStatesError: If the bag has no JointState topic.
        JointNamesError: If a wanted joint never occurs.
        DataError: If the bag cannot be read or holds no usable message.
    """
    bag = open_bag(Path(path))
    stream = JointStream(bag, choose_topic(bag, topic))
    names = _joint_names(stream.names, joint_names, rename or {})
    intake = Intake(names, rename=rename)
    states = StateRows()
    for sample in stream.samples():
        if (state := intake.accept(sample)) is not None:
            states.append(state)
    counters = {**intake.counters, **stream.counters}
    if not len(states):
        met = ', '.join(f'{name} {count}' for name, count in counters.items() if count)
        raise DataError(f'{path} has no usable message on {stream.topic}: {met or "empty topic"}.')
    counters |= _stamp_counters(states.stamp_ns)
    return Recording(
        name=_name_of(Path(path)),
        joint_names=names,
        joint_types=_joint_types(names, joint_types or {}, bag.notes),
        stamp_ns=states.stamp_ns,
        **states.signals(),
        reference=read_track(bag, ('reference',), names, stream) if tracks else None,
        command=read_track(bag, ('commands', 'command'), names, stream) if tracks else None,
        counters=counters,
        sha256=bag.sha256(),
        notes=bag.notes,
    )


def read_recordings(
    paths: Path | str | Iterable[Path | str],
    *,
    topic: str | None = None,
    joint_names: Sequence[str] | None = None,
    joint_types: Mapping[str, str] | None = None,
    rename: Mapping[str, str] | None = None,
) -> list[Recording]:
    """Read several bags, or folders that hold bags, of one robot.

    All recordings have the joints of the first, in its order; joints that only others have are
    left out. A bag that is given twice is read once. Names are made different by the folders
    they are in, because data are split by name.

    Args:
        paths: A bag, a folder of bags, or several of these.
        topic: See :func:`read_recording`, as for the other arguments.
        joint_names: The joints wanted; None for those of the first bag.
        joint_types: Types by joint name.
        rename: Name in the messages by joint name.

    Raises:
        JointNamesError: If a bag lacks joints of the first.
        DataError: If there is no bag under one of the paths.
    """
    return list(
        each_recording(
            paths, topic=topic, joint_names=joint_names, joint_types=joint_types, rename=rename
        )
    )


def each_recording(
    paths: Path | str | Iterable[Path | str],
    *,
    topic: str | None = None,
    joint_names: Sequence[str] | None = None,
    joint_types: Mapping[str, str] | None = None,
    rename: Mapping[str, str] | None = None,
    tracks: bool = True,
) -> Iterator[Recording]:
    """Read several bags one by one, see :func:`read_recordings` and :func:`read_recording`."""
    if isinstance(paths, str | Path):
        paths = [paths]
    found = {bag.resolve(): bag for path in paths for bag in find_bags(Path(path))}
    bags = list(found.values())
    joints: tuple[str, ...] = ()
    for bag, name in zip(bags, _own_names(bags), strict=True):
        recording = read_recording(
            bag,
            topic=topic,
            joint_names=joint_names,
            joint_types=joint_types,
            rename=rename,
            tracks=tracks,
        )
        recording = replace(recording, name=name)
        yield recording.select(joints) if joints else recording
        joints = joints or recording.joint_names


def find_bags(path: Path) -> list[Path]:
    """Return the bags at a path: itself, or those in a folder, sorted by name.

    Raises:
        DataError: If there is none.
    """
    if not path.is_dir() or is_bag(path):
        return [path]
    inside = sorted(item for item in path.iterdir() if item.is_dir() or item.suffix in SUFFIXES)
    bags = [item for item in inside if is_bag(item)]
    if not bags:
        raise DataError(f'{path} is no bag and holds none.')
    return bags


def _own_names(bags: Sequence[Path]) -> list[str]:
    """Return the names of bags, with the folder in those of bags that share a name."""
    names = [_name_of(bag) for bag in bags]
    count = Counter(names)
    named = [
        f'{bag.parent.name}/{name}' if count[name] > 1 else name
        for name, bag in zip(names, bags, strict=True)
    ]
    count = Counter(named)
    return [str(bag) if count[name] > 1 else name for name, bag in zip(named, bags, strict=True)]


def _name_of(bag: Path) -> str:
    """Return the name of the trajectory of a bag."""
    return bag.stem if bag.is_file() else bag.name


def _joint_names(
    found: Sequence[str], wanted: Sequence[str] | None, rename: Mapping[str, str]
) -> tuple[str, ...]:
    """Return the joints of the recording, and check that they occur in the bag."""
    if wanted is None:
        original = {message: joint for joint, message in rename.items()}
        return tuple(original.get(name, name) for name in found)
    expected = [rename.get(name, name) for name in wanted]
    if not set(expected) <= set(found):
        raise JointNamesError(expected, found)
    return tuple(wanted)


def _joint_types(
    names: Sequence[str], given: Mapping[str, str], notes: Mapping[str, str]
) -> tuple[str, ...]:
    """Return the type of each joint: as given, else as noted in the bag, else revolute."""
    noted = dict(
        item.split('=', 1) for item in notes.get('joint_types', '').split(',') if '=' in item
    )
    return tuple(given.get(name, noted.get(name, 'revolute')) for name in names)


def _stamp_counters(stamps: Stamps) -> dict[str, int]:
    """Count what the :class:`~lstm_dynamics_ros.signals.time_grid.GridSampler` will drop."""
    counters = dict.fromkeys(('duplicate_stamp', 'out_of_order', 'clock_jump_back'), 0)
    if (np.diff(stamps) > 0).all():
        return counters
    newest = int(stamps[0])
    for stamp in stamps[1:].tolist():
        if stamp == newest:
            counters['duplicate_stamp'] += 1
        elif newest - _BACKWARD_NS <= stamp < newest:
            counters['out_of_order'] += 1
        else:
            counters['clock_jump_back'] += stamp < newest
            newest = stamp
    return counters
