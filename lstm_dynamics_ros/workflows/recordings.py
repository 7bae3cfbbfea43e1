# SPDX-License-Identifier: Apache-2.0
"""Recordings as work needs them: named, chosen and placed on a time grid."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from lstm_dynamics_ros.core.errors import DataError, UnknownNameError
from lstm_dynamics_ros.data.bags.reader import each_recording, read_recordings
from lstm_dynamics_ros.data.recording import Recording, renamed
from lstm_dynamics_ros.data.recording_files import RecordingFiles
from lstm_dynamics_ros.data.segment import Segment, segments
from lstm_dynamics_ros.runtime.model_file import LoadedModel

Recordings = Path | str | Recording | Sequence[Path | str | Recording] | Iterator[Recording]
"""Bags, folders of bags, recordings that were read before, or several of these."""


@dataclass(frozen=True, kw_only=True)
class JointNaming:
    """How the joints of a model or robot are called in bags, and which are wanted."""

    joints: tuple[str, ...] = ()
    """Joints wanted, by the model's names; empty for all."""
    continuous: tuple[str, ...] = ()
    """Joints that wrap at +-pi; bags do not say so."""
    prismatic: tuple[str, ...] = ()
    """Joints in metres; bags do not say so."""
    joint_prefix: str = ''
    """What stands before the model's names in the bags."""
    joint_map: tuple[str, ...] = field(default=())
    """Other names in the bags, as model_joint:bag_name; overrides the prefix."""

    @property
    def types(self) -> dict[str, str]:
        """Type of the joints that are not revolute, by the model's names."""
        return dict.fromkeys(self.continuous, 'continuous') | dict.fromkeys(
            self.prismatic, 'prismatic'
        )


def as_recordings(given: Recordings, folder: Path | None = None) -> Sequence[Recording]:
    """Return recordings that were given as bags, as folders of bags, or as themselves.

    Args:
        given: The recordings.
        folder: Where those are kept that are not in memory yet, without reference and command;
            without it they are in memory.

    Raises:
        DataError: If a bag cannot be read, or there is none.
    """
    if isinstance(given, RecordingFiles):
        return given
    if isinstance(given, Path | str | Recording):
        given = [given]
    found: Sequence[Recording] = []
    if not isinstance(given, Iterator):
        items, given = list(given), iter(())
        found = [item for item in items if isinstance(item, Recording)]
        if bags := [Path(item) for item in items if not isinstance(item, Recording)]:
            given = each_recording(bags, tracks=folder is None)
    keep = None if found else folder
    found = [*found, *given] if keep is None else RecordingFiles(given, keep)
    if not found:
        raise DataError('There is no recording. Give bags, folders of bags, or recordings.')
    return found


def each_named(
    bags: Sequence[Path], naming: JointNaming | None = None, *, tracks: bool = True
) -> Iterator[Recording]:
    """Read bags one by one, with the model's joint names.

    Args:
        bags: Bags, or folders of bags.
        naming: How the joints are called in the bags.
        tracks: Whether to read reference and command.

    Raises:
        JointNamesError: If a wanted joint is not there.
        ConfigError: If an entry of the map is wrong.
        UnknownNameError: If it, or a type, names no joint of the bags.
    """
    wanted = naming or JointNaming()
    others = bool(wanted.joint_prefix or wanted.joint_map)
    joints = None if others else wanted.joints or None
    found = each_recording(bags, joint_names=joints, tracks=tracks)
    for number, item in enumerate(found):
        (named,) = renamed([item], prefix=wanted.joint_prefix, joint_map=wanted.joint_map)
        named = named.select(wanted.joints) if others and wanted.joints else named
        for name in wanted.types if number == 0 else ():
            if name not in named.joint_names:
                raise UnknownNameError('joint', name, named.joint_names)
        yield _with_types(named, wanted.types)


def named_recordings(bags: Sequence[Path], naming: JointNaming | None = None) -> list[Recording]:
    """Return the recordings of bags with the model's joint names, see :func:`each_named`."""
    return list(each_named(bags, naming))


def leaving_out(recordings: Iterable[Recording], names: Sequence[str]) -> Iterator[Recording]:
    """Yield the recordings without those named.

    Raises:
        UnknownNameError: If there is no recording of a name.
    """
    known = []
    for item in recordings:
        known.append(item.name)
        if item.name not in names:
            yield item
    for name in names:
        if name not in known:
            raise UnknownNameError('trajectory', name, known)


def first_share(recordings: Iterable[Recording], share: float) -> Iterator[Recording]:
    """Yield the first part of every recording."""
    for item in recordings:
        yield item if share >= 1.0 else item.rows(0, int(len(item) * share))


def last_share(recordings: Sequence[Recording], share: float) -> list[Recording]:
    """Return the last part of every recording."""
    if share >= 1.0:
        return list(recordings)
    return [item.rows(len(item) - int(len(item) * share), len(item)) for item in recordings]


def recordings_for(loaded: LoadedModel, given: Recordings) -> list[Recording]:
    """Return what was measured of a model's joints, in its order and with its types.

    Raises:
        JointNamesError: If a joint is missing.
        DataError: If a bag cannot be read, or there is none.
    """
    card = loaded.card
    types = dict(zip(card.joint_names, card.joint_types, strict=True))
    if isinstance(given, Path | str | Recording):
        given = [given]
    bags = [Path(item) for item in given if not isinstance(item, Recording)]
    found = [
        _with_types(item.select(card.joint_names), types)
        for item in given
        if isinstance(item, Recording)
    ]
    if bags:
        found += read_recordings(bags, joint_names=card.joint_names, joint_types=types)
    return found


def on_grid_of(loaded: LoadedModel, recordings: Iterable[Recording]) -> list[Segment]:
    """Return recordings on the time grid of a model."""
    derive = loaded.card.velocity_source == 'derived'
    return [
        segment
        for item in recordings
        for segment in segments(item, loaded.card.dt, derive_velocity=derive)
    ]


def _with_types(recording: Recording, types: dict[str, str]) -> Recording:
    """Return a recording with the joint types that are known."""
    joints = zip(recording.joint_names, recording.joint_types, strict=True)
    return replace(recording, joint_types=tuple(types.get(name, kind) for name, kind in joints))
