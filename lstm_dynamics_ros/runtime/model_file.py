# SPDX-License-Identifier: Apache-2.0
"""Loading a model file, and every check it must pass before it may predict.

Nothing is believed: the file may be missing, cut off, changed, foreign, or made for another
runtime. Each check has a name, and the first that fails is the one line a user sees.
"""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from lstm_dynamics_ros.core.assets import assets
from lstm_dynamics_ros.core.card import CardError, ModelCard
from lstm_dynamics_ros.core.errors import ConfigError, MissingLibraryError, ModelFileError
from lstm_dynamics_ros.runtime.checksum import is_sealed
from lstm_dynamics_ros.runtime.golden import golden_difference
from lstm_dynamics_ros.runtime.onnx_bytes import OnnxBytesError, OnnxContents, read_contents
import numpy as np

LARGEST_FILE = 64 * 1024 * 1024
"""Largest model file that is read [bytes]."""

_HOW_TO_EXPORT = 'Export it with: lstm-dynamics train'


@dataclass(frozen=True, kw_only=True)
class LoadedModel:
    """A model that passed every check. It stays as it is when the file changes on disk."""

    path: Path
    """Where it was read from, links resolved."""
    sha256: str
    """Digest of the whole file."""
    card: ModelCard
    session: Any
    """The onnxruntime session."""


def find_model(model: str | Path) -> Path:
    """Return the file meant by a path, or by the name of a model that comes with the package.

    Raises:
        ConfigError: If it is empty. Whether the file can be used is checked at load.
    """
    if not model:
        raise ConfigError(
            'The parameter model is empty. Give the path of an ONNX file exported with '
            f'lstm-dynamics train, or one of the models that come along: {_shipped_names()}.'
        )
    return assets('models', '*.onnx').get(str(model), Path(model).expanduser())


def load_model(model: str | Path, *, pinned_sha256: str = '') -> LoadedModel:
    """Read and check a model file.

        loaded = load_model('arm_forward')  # comes with the package
        loaded = load_model('runs/elbow.onnx')

    Args:
        model: The ONNX file, or the name of a model that comes with the package. A symbolic link
            is followed, as ``colcon --symlink-install`` needs.
        pinned_sha256: Digest the file must have; empty allows any.

    Raises:
        ConfigError: If ``model`` is empty.
        ModelFileError: If a check fails; ``.check`` says which: exists, size, format, metadata,
            checksum, pinned, contents, card, session, schema, dry_run or golden.
        MissingLibraryError: If onnxruntime is not installed.
    """
    path = find_model(model)
    data = _read(path)
    try:
        contents = read_contents(data)
    except OnnxBytesError as error:
        raise ModelFileError(path, 'format', f'{error} (it has {len(data)} bytes).') from None
    digest = sha256(data).hexdigest()
    _check_origin(path, data, contents)
    if pinned_sha256 and digest != pinned_sha256.lower():
        raise ModelFileError(path, 'pinned', f'sha256 must be {pinned_sha256}, is {digest}.')
    try:
        card = ModelCard.from_json(contents.metadata['metadata'])
    except CardError as error:
        raise ModelFileError(path, 'card', str(error)) from None
    _check_signals(path, card)
    session = _open_session(path, data)
    _check_schema(path, card, session)
    _check_runs(path, card, session)
    return LoadedModel(path=path.resolve(), sha256=digest, card=card, session=session)


def as_loaded(model: str | Path | LoadedModel) -> LoadedModel:
    """Return a model that may be given as a path, by name, or loaded; see :func:`load_model`."""
    return model if isinstance(model, LoadedModel) else load_model(model)


def _shipped_names() -> str:
    return ', '.join(sorted(assets('models', '*.onnx'))) or 'none'


def _read(path: Path) -> bytes:
    try:
        if not path.exists():
            known = f'there is no such file. Models that come along: {_shipped_names()}.'
            raise ModelFileError(path, 'exists', known)
        if not path.is_file():
            raise ModelFileError(path, 'exists', 'it is not a file.')
        size = path.stat().st_size
        if not 0 < size <= LARGEST_FILE:
            raise ModelFileError(path, 'size', f'expected 1 to {LARGEST_FILE} bytes, got {size}.')
        with path.open('rb') as stream:
            return stream.read(LARGEST_FILE)
    except OSError as error:
        raise ModelFileError(path, 'exists', f'it cannot be read: {error.strerror}.') from error


def _check_origin(path: Path, data: bytes, contents: OnnxContents) -> None:
    if 'metadata' not in contents.metadata:
        known = ', '.join(sorted(contents.metadata)) or 'none'
        raise ModelFileError(
            path,
            'metadata',
            'it is an ONNX file without a model card (property "metadata"; its properties: '
            f'{known}), so not one of ours. {_HOW_TO_EXPORT}',
        )
    if not is_sealed(data):
        raise ModelFileError(
            path,
            'checksum',
            'its bytes are not those that were exported. Copy or export it again.',
        )
    if contents.external_tensors:
        raise ModelFileError(
            path,
            'contents',
            f'{contents.external_tensors} of its tensors are stored in other files; only models '
            'in a single file are run.',
        )
    if contents.custom_operators:
        raise ModelFileError(
            path,
            'contents',
            f'it uses operators that are not part of ONNX: {contents.custom_operators}.',
        )


def _check_signals(path: Path, card: ModelCard) -> None:
    """Refuse cards that are valid but ask for what this runtime does not do."""
    kinds = [signal.kind for signal in card.features[:: card.n_joints]]
    targets = [signal.kind for signal in card.targets[:: card.n_joints]]
    problem = ''
    if len(set(kinds)) != len(kinds) or any(signal.delay for signal in card.features):
        problem = f'features must be one undelayed block per kind, got {kinds}.'
    elif len(set(targets)) != len(targets):
        problem = f'targets must be one block per kind, got {targets}.'
    elif card.model_kind == 'forward':
        lost = [kind for kind in ('position', 'velocity') if kind in kinds and kind not in targets]
        if lost or any(signal.delay != -1 for signal in card.targets):
            problem = (
                'targets of a forward model must be one step ahead (delay -1) and hold the '
                f'position and velocity it is fed, got {targets}.'
            )
    elif targets != ['effort'] or any(signal.delay for signal in card.targets):
        problem = f'the target of an inverse model must be undelayed effort, got {targets}.'
    if problem:
        raise ModelFileError(path, 'card', problem)


def _open_session(path: Path, data: bytes) -> Any:  # noqa: ANN401
    """Return an onnxruntime session on one thread."""
    try:
        import onnxruntime  # noqa: PLC0415
    except ImportError as error:
        raise MissingLibraryError('onnxruntime') from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.add_session_config_entry('session.intra_op.allow_spinning', '0')
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(
            data, sess_options=options, providers=['CPUExecutionProvider']
        )
    except Exception as error:  # onnxruntime has no base class of its errors
        raise ModelFileError(path, 'session', f'onnxruntime says: {_one_line(error)}') from error


def _check_schema(path: Path, card: ModelCard, session: Any) -> None:  # noqa: ANN401
    """Refuse tensors that are not those the card promises."""
    layers, hidden = card.num_layers, card.hidden_size
    inputs = {'obs': [None, len(card.features)]}
    outputs = {'prediction': [None, len(card.targets)]}
    for name in card.state_names:
        inputs[f'{name}_in'] = outputs[f'{name}_out'] = [layers, None, hidden]
    for what, expected, nodes in (
        ('input', inputs, session.get_inputs()),
        ('output', outputs, session.get_outputs()),
    ):
        found = {node.name: node for node in nodes}
        extra = set(found) - set(expected) - ({'prediction_std'} if what == 'output' else set())
        if extra or not set(expected) <= set(found):
            raise ModelFileError(
                path, 'schema', f'{what}s must be {sorted(expected)}, got {sorted(found)}.'
            )
        for name, shape in expected.items():
            node = found[name]
            # A dynamic axis has a name or None; torch leaves some outputs without any shape.
            got = [size if isinstance(size, int) else None for size in node.shape]
            fits = len(got) == len(shape) and all(
                g is None or g == s for g, s in zip(got, shape, strict=True)
            )
            if node.type != 'tensor(float)' or not fits:
                raise ModelFileError(
                    path,
                    'schema',
                    f'{what} {name} must be float32 of shape {shape} (None: any number), '
                    f'got {node.type} of shape {node.shape}.',
                )


def _check_runs(path: Path, card: ModelCard, session: Any) -> None:  # noqa: ANN401
    """Run the model on zeros with two batch sizes, then replay its golden sequence."""
    try:
        for batch in (1, 3):
            _dry_run(path, card, session, batch)
        difference, worst = golden_difference(card, session)
    except ModelFileError:
        raise
    except CardError as error:
        raise ModelFileError(path, 'golden', str(error)) from None
    except Exception as error:  # onnxruntime has no base class of its errors
        raise ModelFileError(path, 'dry_run', f'onnxruntime says: {_one_line(error)}') from error
    if not difference <= 1.0:
        raise ModelFileError(
            path,
            'golden',
            f'the recorded run is not reproduced on this machine: {worst} is '
            f'{difference:.3g} times the tolerance away.',
        )


def _dry_run(path: Path, card: ModelCard, session: Any, batch: int) -> None:  # noqa: ANN401
    """Run one step from zero and look at what comes out."""
    shape = (card.num_layers, batch, card.hidden_size)
    feed = {f'{name}_in': np.zeros(shape, np.float32) for name in card.state_names}
    feed['obs'] = np.zeros((batch, len(card.features)), np.float32)
    names = [node.name for node in session.get_outputs()]
    for name, result in zip(names, session.run(names, feed), strict=True):
        wanted = (batch, len(card.targets)) if name.startswith('prediction') else shape
        if result.shape != wanted:
            raise ModelFileError(
                path, 'dry_run', f'{name} must have shape {wanted}, got {result.shape}.'
            )
        if not np.isfinite(result).all():
            raise ModelFileError(path, 'dry_run', f'{name} is not finite for zero input.')


def _one_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
