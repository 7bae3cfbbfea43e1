# SPDX-License-Identifier: Apache-2.0
"""Tests for runtime/model_file.py: every way a file can be wrong has its own one-line message."""

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
import sys
from types import ModuleType
from typing import Any

from lstm_dynamics_ros.core.assets import asset
from lstm_dynamics_ros.core.card import Golden, ModelCard, Signal
from lstm_dynamics_ros.core.errors import ConfigError, MissingLibraryError, ModelFileError
from lstm_dynamics_ros.runtime import model_file
from lstm_dynamics_ros.runtime.model_file import find_model, load_model
import numpy as np
import pytest

onnx = pytest.importorskip('onnx')
MakeModel = Callable[..., Path]


@pytest.fixture
def path(make_model: MakeModel, tmp_path: Path) -> Path:
    return make_model(tmp_path / 'model.onnx')


def refused(path: Path, check: str, **arguments: Any) -> str:  # noqa: ANN401
    """Return the message of the refusal, and make sure it is one line that names the check."""
    with pytest.raises(ModelFileError) as caught:
        load_model(path, **arguments)
    message = str(caught.value)
    assert caught.value.check == check, message
    assert message.startswith(f'Model {path} failed the {check} check: ')
    assert '\n' not in message
    return message


def rewrite(
    path: Path,
    factory: ModuleType,
    *,
    card: Callable[[ModelCard], ModelCard] | None = None,
    model: Callable[[Any], None] | None = None,
) -> Path:
    """Change the card or the graph of a model file, and seal it again."""
    proto = onnx.load(str(path))
    text = {prop.key: prop.value for prop in proto.metadata_props}['metadata']
    old = ModelCard.from_json(text)
    if model is not None:
        model(proto)
    path.write_bytes(factory.sealed_bytes(proto, old if card is None else card(old)))
    return path


@pytest.mark.parametrize('cell', ['lstm', 'gru'])
@pytest.mark.parametrize('kind', ['forward', 'inverse', 'residual_inverse'])
def test_sound_files_load(make_model: MakeModel, tmp_path: Path, cell: str, kind: str) -> None:
    path = make_model(tmp_path / 'm.onnx', cell=cell, kind=kind, layers=2)
    loaded = load_model(path)
    assert loaded.card.cell == cell
    assert loaded.card.model_kind == kind
    assert loaded.path == path.resolve()
    assert loaded.sha256 == sha256(path.read_bytes()).hexdigest()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert 'there is no such file' in refused(tmp_path / 'no.onnx', 'exists')


def test_a_directory_is_named(tmp_path: Path) -> None:
    assert 'not a file' in refused(tmp_path, 'exists')


def test_an_empty_file_is_named(tmp_path: Path) -> None:
    (tmp_path / 'm.onnx').touch()
    assert 'got 0' in refused(tmp_path / 'm.onnx', 'size')


def test_a_huge_file_is_not_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_file, 'LARGEST_FILE', 100)
    refused(path, 'size')


def test_a_link_is_followed_and_resolved(path: Path, tmp_path: Path) -> None:
    link = tmp_path / 'link.onnx'
    link.symlink_to(path)
    assert load_model(link).path == path.resolve()


def test_a_broken_link_is_named(tmp_path: Path) -> None:
    link = tmp_path / 'link.onnx'
    link.symlink_to(tmp_path / 'gone.onnx')
    refused(link, 'exists')


@pytest.mark.parametrize('share', [0.01, 0.3, 0.7])
def test_a_truncated_file_says_so_with_its_size(path: Path, share: float) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    message = refused(path, 'format')
    assert 'truncated' in message
    assert f'{int(len(data) * share)} bytes' in message


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / 'm.onnx'
    path.write_text('PK, no model at all')
    refused(path, 'format')


def test_a_foreign_onnx_file_says_how_to_export(path: Path) -> None:
    proto = onnx.load(str(path))
    del proto.metadata_props[:]
    onnx.save(proto, str(path))
    assert 'Export it with: lstm-dynamics train' in refused(path, 'metadata')


@pytest.mark.parametrize('share', [0.1, 0.5, 0.9])
def test_a_changed_byte_is_refused(path: Path, share: float) -> None:
    data = bytearray(path.read_bytes())
    data[int(len(data) * share)] ^= 4
    path.write_bytes(data)
    with pytest.raises(ModelFileError) as caught:
        load_model(path)
    assert caught.value.check in {'checksum', 'format', 'metadata'}


def test_a_changed_weight_is_refused_by_checksum(path: Path) -> None:
    proto = onnx.load(str(path))
    weights = next(t for t in proto.graph.initializer if t.name == 'head')
    changed = bytearray(weights.raw_data)
    changed[0] ^= 1
    weights.raw_data = bytes(changed)
    onnx.save(proto, str(path))
    refused(path, 'checksum')


def test_another_file_than_the_pinned_one_is_refused(path: Path) -> None:
    digest = sha256(path.read_bytes()).hexdigest()
    assert load_model(path, pinned_sha256=digest.upper()).sha256 == digest
    assert digest in refused(path, 'pinned', pinned_sha256='0' * 64)


def test_tensors_in_other_files_are_refused(path: Path, model_factory: ModuleType) -> None:
    def move_out(proto: Any) -> None:  # noqa: ANN401
        tensor = proto.graph.initializer[0]
        onnx.external_data_helper.set_external_data(tensor, location='weights.bin')

    rewrite(path, model_factory, model=move_out)
    assert '1 of its tensors' in refused(path, 'contents')


def test_operators_from_elsewhere_are_refused(path: Path, model_factory: ModuleType) -> None:
    def add_custom(proto: Any) -> None:  # noqa: ANN401
        proto.graph.node.append(onnx.helper.make_node('Evil', ['obs'], ['z'], domain='com.x'))

    rewrite(path, model_factory, model=add_custom)
    assert 'com.x::Evil' in refused(path, 'contents')


def test_an_impossible_card_is_refused(path: Path, model_factory: ModuleType) -> None:
    rewrite(path, model_factory, card=lambda card: replace(card, dt=-1.0))
    assert 'dt must be' in refused(path, 'card')


def test_another_contract_version_says_what_to_do(path: Path, model_factory: ModuleType) -> None:
    rewrite(path, model_factory, card=lambda card: replace(card, contract_version=99))
    assert 'Export the model again' in refused(path, 'card')


def late(signals: tuple[Signal, ...], delay: int) -> tuple[Signal, ...]:
    return tuple(replace(signal, delay=delay) for signal in signals)


@pytest.mark.parametrize(
    ('change', 'words'),
    [
        (lambda card: replace(card, features=late(card.features, 1)), 'undelayed block'),
        (lambda card: replace(card, targets=late(card.targets, 0)), 'one step ahead'),
        (lambda card: replace(card, targets=card.targets[2:4]), 'position and velocity'),
        (lambda card: replace(card, targets=card.targets[:4] + card.targets[:2]), 'per kind'),
        (lambda card: replace(card, model_kind='inverse'), 'undelayed effort'),
    ],
    ids=['delayed feature', 'undelayed target', 'no position', 'position twice', 'no effort'],
)
def test_signals_this_runtime_cannot_serve_are_refused(
    path: Path, model_factory: ModuleType, change: Callable[[ModelCard], ModelCard], words: str
) -> None:
    assert words in refused(rewrite(path, model_factory, card=change), 'card')


def test_a_graph_that_onnxruntime_refuses_is_named(path: Path, model_factory: ModuleType) -> None:
    def break_graph(proto: Any) -> None:  # noqa: ANN401
        proto.graph.node[0].input[0] = 'nowhere'

    rewrite(path, model_factory, model=break_graph)
    assert 'onnxruntime says' in refused(path, 'session')


@pytest.mark.parametrize(
    ('change', 'words'),
    [
        (lambda card: replace(card, hidden_size=9), 'c_in|h_in'),
        (lambda card: replace(card, num_layers=2), 'c_in|h_in'),
        (lambda card: replace(card, cell='gru'), 'inputs must be'),
        (lambda card: replace(card, targets=card.targets[:4]), 'prediction must be float32'),
    ],
    ids=['hidden size', 'layers', 'cell', 'targets'],
)
def test_tensors_other_than_the_card_says_are_refused(
    path: Path, model_factory: ModuleType, change: Callable[[ModelCard], ModelCard], words: str
) -> None:
    message = refused(rewrite(path, model_factory, card=change), 'schema')
    assert any(word in message for word in words.split('|')), message


def test_a_fixed_batch_size_is_refused(path: Path, model_factory: ModuleType) -> None:
    def fix_batch(proto: Any) -> None:  # noqa: ANN401
        for info in (*proto.graph.input, *proto.graph.output):
            for dim in info.type.tensor_type.shape.dim:
                if dim.dim_param:
                    dim.dim_value = 1

    message = refused(rewrite(path, model_factory, model=fix_batch), 'schema')
    assert 'must be float32 of shape' in message


def test_a_nan_weight_is_refused(path: Path, model_factory: ModuleType) -> None:
    def poison(proto: Any) -> None:  # noqa: ANN401
        tensor = next(t for t in proto.graph.initializer if t.name == 'head')
        tensor.raw_data = np.full(48, np.nan, np.float32).tobytes()

    rewrite(path, model_factory, model=poison)
    assert 'not finite' in refused(path, 'dry_run')


def test_another_result_than_recorded_is_refused(path: Path, model_factory: ModuleType) -> None:
    def retune(proto: Any) -> None:  # noqa: ANN401
        tensor = next(t for t in proto.graph.initializer if t.name == 'head')
        tensor.raw_data = (np.frombuffer(tensor.raw_data, np.float32) * 1.01).tobytes()

    message = refused(rewrite(path, model_factory, model=retune), 'golden')
    assert 'times the tolerance away' in message


def test_an_unreadable_recorded_run_is_refused(path: Path, model_factory: ModuleType) -> None:
    broken = Golden(steps=40, observations='?', predictions='', final_state='', tolerance=1e-5)
    rewrite(path, model_factory, card=lambda card: replace(card, golden=broken))
    assert 'golden.observations' in refused(path, 'golden')


def test_without_onnxruntime_the_message_says_what_to_install(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, 'onnxruntime', None)
    with pytest.raises(MissingLibraryError, match=r"pip install 'lstm_dynamics_ros\[ros\]'"):
        load_model(path)


def test_a_loaded_model_outlives_its_file(path: Path) -> None:
    loaded = load_model(path)
    path.unlink()
    feed = {name: np.zeros((1, 1, 8), np.float32) for name in ('h_in', 'c_in')}
    result = loaded.session.run(['prediction'], {'obs': np.zeros((1, 6), np.float32), **feed})
    assert result[0].shape == (1, 6)


def test_an_empty_model_is_refused_with_what_there_is() -> None:
    with pytest.raises(ConfigError, match=r'model is empty\. Give the path.* arm_forward'):
        load_model('')


def test_a_path_is_taken_as_it_is() -> None:
    assert find_model('/some/where/model.onnx') == Path('/some/where/model.onnx')
    assert find_model('~/model.onnx') == Path.home() / 'model.onnx'
    assert find_model(Path('arm_forward')) == find_model('arm_forward')


def test_a_model_that_comes_along_is_loaded_by_its_name() -> None:
    loaded = load_model('pendulum_forward')
    assert loaded.path == asset('models/pendulum_forward.onnx').resolve()


def test_a_name_of_no_model_is_refused_with_those_there_are() -> None:
    with pytest.raises(ModelFileError, match=r'no such file.*come along: arm_forward'):
        load_model('elbow')
