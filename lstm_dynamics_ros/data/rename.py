# SPDX-License-Identifier: Apache-2.0
"""Joint names of a recording as the model has them, by the rules of the node's parameters."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from lstm_dynamics_ros.core.errors import ConfigError, UnknownNameError
from lstm_dynamics_ros.data.recording import Recording, Track


def model_names(
    found: Sequence[str], *, prefix: str = '', joint_map: Sequence[str] = ()
) -> dict[str, str]:
    """Return the model's name of every joint by its name in the messages.

    Args:
        found: Names in the messages.
        prefix: What stands before the model's names in the messages; taken off where it does.
        joint_map: Other names, as model_joint:message_name; overrides the prefix.

    Raises:
        ConfigError: If an entry has no colon, or two joints get one name.
        UnknownNameError: If no message has a name.
    """
    names = {name: name.removeprefix(prefix) or name for name in found}
    for entry in joint_map:
        joint, colon, name = entry.partition(':')
        if not (joint and colon and name):
            raise ConfigError(f'joint_map must hold model_joint:message_name, got {entry!r}.')
        if name not in names:
            raise UnknownNameError('message name in joint_map', name, found)
        names[name] = joint
    if len(set(names.values())) != len(names):
        raise ConfigError(f'joint_map gives two joints one name: {sorted(names.values())}.')
    return names


def renamed(
    recordings: Sequence[Recording], *, prefix: str = '', joint_map: Sequence[str] = ()
) -> list[Recording]:
    """Return recordings with the joint names of the model, see :func:`model_names`.

    Raises:
        ConfigError: If an entry has no colon, or two joints get one name.
        UnknownNameError: If no message has a name.
    """
    if not prefix and not joint_map:
        return list(recordings)
    result = []
    for item in recordings:
        names = model_names(item.joint_names, prefix=prefix, joint_map=joint_map)
        result.append(
            replace(
                item,
                joint_names=tuple(names[name] for name in item.joint_names),
                reference=_track(item.reference, names),
                command=_track(item.command, names),
            )
        )
    return result


def _track(track: Track | None, names: Mapping[str, str]) -> Track | None:
    if track is None:
        return None
    return replace(track, joint_names=tuple(names.get(name, name) for name in track.joint_names))
