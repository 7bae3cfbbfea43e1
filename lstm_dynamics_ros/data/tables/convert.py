# SPDX-License-Identifier: Apache-2.0
"""Published tables -> recordings -> bags, by a mapping file."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path

from lstm_dynamics_ros.core.engine import Engine, in_this_process
from lstm_dynamics_ros.core.errors import ConfigError, DataError
from lstm_dynamics_ros.core.progress import no_progress, Progress
from lstm_dynamics_ros.core.state import Matrix, NANOSECONDS, Stamps
from lstm_dynamics_ros.data.bags.reader import read_recording
from lstm_dynamics_ros.data.bags.writer import write_bag
from lstm_dynamics_ros.data.recording import make_track, Recording
from lstm_dynamics_ros.data.tables.mapping import Mapping, SignalMapping
from lstm_dynamics_ros.data.tables.tables import ArrayTable, load_csv, load_mat, load_npz
import numpy as np


def convert(
    source: Path | str,
    mapping: Mapping,
    out: Path | str,
    *,
    storage: str = 'mcap',
    overwrite: bool = False,
    engine: Engine = in_this_process,
    progress: Progress = no_progress,
) -> list[Path]:
    """Convert a data set to bags, one per trajectory.

    Args:
        source: Folder of the data set, or a single file of it.
        mapping: What its tables hold.
        out: Folder for the bags; made if it is not there.
        storage: 'mcap' or 'sqlite3'.
        overwrite: Whether bags that are already there are replaced.
        engine: Who does the work.
        progress: Called after each trajectory.

    Returns:
        The bags, in the order of files, parts and blocks.

    Raises:
        DataError: If files, keys or columns are missing, or a bag is already there.
    """
    files = _files(Path(source).resolve(), mapping)
    recordings = list(chain.from_iterable(engine(partial(_read, mapping=mapping), files)))
    names = [recording.name for recording in recordings]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigError(
            f'{mapping.name}: trajectory_name {mapping.trajectory_name!r} gives several '
            f'trajectories one name: {", ".join(twice)}. Put a placeholder into it.'
        )
    write = partial(_write, out=Path(out).resolve(), storage=storage, overwrite=overwrite)
    for done, name in enumerate(engine(write, recordings), 1):
        progress(done, len(recordings), name)
    return [Path(out) / name for name in names]


def read_tables(source: Path | str, mapping: Mapping) -> Iterator[Recording]:
    """Yield the recordings of a data set.

    Args:
        source: Folder of the data set, or a single file of it.
        mapping: What its tables hold.

    Raises:
        DataError: If files, keys or columns are missing.
    """
    for file in _files(Path(source), mapping):
        yield from _read(file, mapping)


def _read(file: tuple[str, Path], mapping: Mapping) -> list[Recording]:
    """Return the recordings of one file, given with its split."""
    split, path = file
    if mapping.format == 'rosbag2':
        return [_bag(path, split, mapping)]
    table = _load(path, mapping)
    found = []
    for part in mapping.parts():
        for block, rows in enumerate(_blocks(table, part, mapping)):
            words = {'stem': path.stem, 'split': split, 'block': f'{block:02d}', **part}
            found.append(_recording(table, words, rows, mapping))
    return found


def _write(recording: Recording, out: Path, storage: str, *, overwrite: bool) -> str:
    """Write the bag of a recording; return its name."""
    bag = out / recording.name
    bag.parent.mkdir(parents=True, exist_ok=True)
    write_bag(recording, bag, storage=storage, overwrite=overwrite)
    return recording.name


def _files(source: Path, mapping: Mapping) -> list[tuple[str, Path]]:
    """Return the files of a data set, with the split each belongs to."""
    if source.is_file():
        splits = [s for s, pattern in mapping.patterns() if source.match(pattern)]
        return [(splits[0] if splits else '', source)]
    if not source.is_dir():
        raise DataError(f'{source} does not exist.')
    found = []
    for split, pattern in mapping.patterns():
        paths = sorted(source.glob(pattern))
        if not paths:
            there = ', '.join(sorted(item.name for item in source.iterdir())[:12]) or 'nothing'
            raise DataError(f'{source} has no file {pattern!r} (key files). It has: {there}.')
        found += [(split, path) for path in paths]
    return found


def _load(path: Path, mapping: Mapping) -> ArrayTable:
    if mapping.format == 'csv':
        return load_csv(path, mapping.delimiter, mapping.header_rows)
    return load_mat(path) if mapping.format == 'mat' else load_npz(path)


def _bag(path: Path, split: str, mapping: Mapping) -> Recording:
    """Read a trajectory that is a bag already."""
    recording = read_recording(
        path, topic=mapping.topic or None, joint_names=mapping.joint_names or None
    )
    types = mapping.types(len(recording.joint_names))
    notes = {**recording.notes, **_notes(mapping, split)}
    words = {'stem': path.stem, 'split': split, 'block': '00'}
    name = _filled(mapping.trajectory_name, words)
    return replace(recording, name=name, joint_types=types, notes=notes)


def _blocks(table: ArrayTable, part: dict[str, str], mapping: Mapping) -> list[slice]:
    """Return the rows of each trajectory in an array."""
    rows = len(_oriented(table, mapping.position, part))
    size = mapping.block_rows
    if not size:
        return [slice(0, rows)]
    if rows % size:
        raise DataError(
            f'{table.path}: {rows} rows cannot be cut into blocks of {size} (key block_rows).'
        )
    return [slice(start, start + size) for start in range(0, rows, size)]


def _recording(
    table: ArrayTable, words: dict[str, str], rows: slice, mapping: Mapping
) -> Recording:
    """Return the recording of one trajectory."""
    name = _filled(mapping.trajectory_name, words)
    signals = {
        kind: values[rows]
        for kind in ('position', 'velocity', 'effort', 'reference')
        if (values := _signal(table, kind, words, mapping)) is not None
    }
    shifts = {kind: getattr(mapping, kind).shift for kind in signals}
    stamps = _stamps(table, words, rows, mapping)
    stop = len(stamps)
    if mapping.drop_zero_tail and 'effort' in signals:
        used = np.flatnonzero(signals['effort'].any(axis=1))
        stop = int(used[-1]) + 1 if len(used) else 0
    # A value in row k is of the time of row k + shift. The first row is one that all signals have;
    # the last is that of the last position, which may come after the last effort.
    first = max(0, *shifts.values())
    last = stop + shifts['position']
    if stop + min(0, *shifts.values()) <= first:
        raise DataError(f'{table.path}: {name} has no row that holds all signals.')
    stamps = _continued(stamps, last)[first:last]
    placed = {
        kind: _placed(values[:stop], first - shifts[kind], last - shifts[kind])
        for kind, values in signals.items()
    }
    absent = np.full_like(placed['position'], np.nan)
    names = mapping.joint_names
    reference = placed.get('reference')
    return Recording(
        name=name,
        joint_names=names,
        joint_types=mapping.types(len(names)),
        stamp_ns=stamps,
        position=placed['position'],
        velocity=placed.get('velocity', absent),
        effort=placed.get('effort', absent),
        reference=None if reference is None else make_track(names, stamps, position=reference),
        notes=_notes(mapping, words['split']),
    )


def _continued(stamps: Stamps, rows: int) -> Stamps:
    """Return the stamps of so many rows, those past the table in its last step [ns]."""
    more = rows - len(stamps)
    if more <= 0 or len(stamps) < 2:
        return stamps
    step = stamps[-1] - stamps[-2]
    return np.concatenate([stamps, stamps[-1] + step * np.arange(1, more + 1)])


def _placed(values: Matrix, start: int, stop: int) -> Matrix:
    """Return rows of a signal, NaN after its end."""
    after = np.full((max(0, stop - max(start, len(values))), values.shape[1]), np.nan)
    return np.vstack([values[start:stop], after])


def _signal(table: ArrayTable, kind: str, part: dict[str, str], mapping: Mapping) -> Matrix | None:
    """Return a signal of all joints in SI units, shape (n_rows, n_joints)."""
    signal: SignalMapping = getattr(mapping, kind)
    if not signal.given:
        return None
    values = _oriented(table, signal, part)
    if signal.columns:
        values = values[:, [table.column(values, column) for column in signal.columns]]
    if values.shape[1] != len(mapping.joint_names):
        hint = 'set transpose' if len(values) == len(mapping.joint_names) else 'give columns'
        raise DataError(
            f'{table.path}: {kind} has {values.shape[1]} columns, expected '
            f'{len(mapping.joint_names)} ({", ".join(mapping.joint_names)}); {hint}?'
        )
    factor = signal.factor
    if signal.scale_key:
        number = table.array(_filled(signal.scale_key, part))
        if number.size != 1:
            raise DataError(
                f'{table.path}: {signal.scale_key} must be one number (key scale_key).'
            )
        factor *= float(number.item())
    return values * factor if factor != 1.0 else values


def _oriented(table: ArrayTable, signal: SignalMapping, part: dict[str, str]) -> Matrix:
    values = table.array(_filled(signal.key, part))
    return values.T if signal.transpose else values


def _stamps(table: ArrayTable, part: dict[str, str], rows: slice, mapping: Mapping) -> Stamps:
    """Return the stamp of every row [ns], so that the first one is ``start``."""
    start = round(mapping.start * NANOSECONDS)
    if mapping.time.given:
        time = _oriented(table, mapping.time, part)
        if mapping.time.columns:
            time = time[:, [table.column(time, mapping.time.columns[0])]]
        if time.size != max(time.shape):
            raise DataError(f'{table.path}: time must be one column, got shape {time.shape}.')
        seconds = time.ravel()[rows] * mapping.time.scale
    else:
        seconds = np.arange(rows.stop - rows.start) * mapping.dt
    stamps: Stamps = start + np.round((seconds - seconds[0]) * NANOSECONDS).astype(np.int64)
    return stamps


def _notes(mapping: Mapping, split: str) -> dict[str, str]:
    notes = {'data_set': mapping.name, 'effort_semantics': mapping.effort_semantics}
    return {**notes, 'split': split} if split else notes


def _filled(text: str, words: dict[str, str]) -> str:
    """Fill the placeholders of a key or name."""
    try:
        return text.format(**words)
    except (KeyError, IndexError, ValueError) as error:
        known = ', '.join(f'{{{word}}}' for word in words) or 'none'
        raise ConfigError(f'{text!r} has an unknown placeholder. Known: {known}.') from error
