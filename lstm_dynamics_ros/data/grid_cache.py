# SPDX-License-Identifier: Apache-2.0
"""Segments on disk, read without being loaded: several processes share what one has written."""

from collections.abc import Iterable
from hashlib import sha256
import json
from pathlib import Path

from lstm_dynamics_ros.core.atomic_file import unfinished, write_text
from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.data.recording import KINDS
from lstm_dynamics_ros.data.segment import Segment
import numpy as np

INDEX = 'segments.json'
"""What the folder holds; written last, so that a folder without it is unfinished."""


def write_segments(folder: Path, segments: Iterable[Segment]) -> str:
    """Write segments, one by one; what the folder held before is replaced.

    Returns:
        The sha256 over names and values, as hexadecimal digits.
    """
    total = sha256()
    entries = []
    (folder / INDEX).unlink(missing_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    for number, segment in enumerate(segments):
        total.update(f'{segment.name} {segment.joint_names} {segment.joint_types}'.encode())
        total.update(f'{segment.dt!r} {segment.start_index}'.encode())
        rows = np.stack([getattr(segment, kind) for kind in KINDS])
        for values in rows:
            total.update(values.data)
        entries.append(
            {
                'name': segment.name,
                'joint_names': list(segment.joint_names),
                'joint_types': list(segment.joint_types),
                'dt': segment.dt,
                'start_index': segment.start_index,
            }
        )
        for name, values in (('signals', rows), ('filled', segment.filled)):
            with unfinished(folder / f'{number}_{name}.npy') as part, part.open('wb') as stream:
                np.save(stream, values)
    digest = total.hexdigest()
    write_text(folder / INDEX, json.dumps({'sha256': digest, 'segments': entries}))
    return digest


def read_segments(folder: Path) -> list[Segment]:
    """Return the segments of a folder, memory-mapped and not to be written to.

    Raises:
        DataError: If the folder holds none.
    """
    try:
        entries = json.loads((folder / INDEX).read_text(encoding='utf-8'))['segments']
        found = []
        for number, entry in enumerate(entries):
            rows = np.load(folder / f'{number}_signals.npy', mmap_mode='r')
            found.append(
                Segment(
                    name=entry['name'],
                    joint_names=tuple(entry['joint_names']),
                    joint_types=tuple(entry['joint_types']),
                    dt=entry['dt'],
                    start_index=entry['start_index'],
                    filled=np.load(folder / f'{number}_filled.npy', mmap_mode='r'),
                    **dict(zip(KINDS, rows, strict=True)),
                )
            )
    except (OSError, ValueError, KeyError) as error:
        raise DataError(
            f'{folder} holds no segments that can be read ({error}). Delete it; it is made anew.'
        ) from error
    return found
