# SPDX-License-Identifier: Apache-2.0
"""A URDF, given as a file or as text."""

from pathlib import Path

from lstm_dynamics_ros.core.errors import DataError


def read_urdf(urdf: str | Path) -> tuple[bytes, str]:
    """Return a URDF, and what to call it in a message.

    Args:
        urdf: File, or text as in ``/robot_description``.

    Raises:
        DataError: If there is no such file.
    """
    if isinstance(urdf, str) and '<' in urdf:
        return urdf.encode(), 'The text of the robot description'
    path = Path(urdf)
    if not path.is_file():
        raise DataError(f'There is no URDF file {path}.')
    return path.read_bytes(), path.name
