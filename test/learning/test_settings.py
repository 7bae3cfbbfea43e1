# SPDX-License-Identifier: Apache-2.0
"""Tests of the training settings."""

from pathlib import Path
import subprocess
import sys

from lstm_dynamics_ros.core.card import PAST_KIND, PAYLOAD_KINDS
from lstm_dynamics_ros.core.errors import ConfigError, UnknownNameError
from lstm_dynamics_ros.core.parameters import build, flatten, leaves
from lstm_dynamics_ros.learning.export.settings import ExportSettings
from lstm_dynamics_ros.learning.settings import TrainingSettings
import pytest
import yaml

PRESETS = sorted((Path(__file__).parents[2] / 'config' / 'training').glob('*.yaml'))


def test_settings_are_read_without_torch() -> None:
    code = (
        'import sys; import lstm_dynamics_ros.learning.settings;'
        'sys.exit("torch" in sys.modules or "onnx" in sys.modules)'
    )
    assert subprocess.run([sys.executable, '-c', code], check=False).returncode == 0


@pytest.mark.parametrize(
    ('kind', 'features', 'targets'),
    [
        ('forward', ('position', 'velocity', 'effort'), ('position', 'velocity', 'effort')),
        ('inverse', ('position', 'velocity'), ('effort',)),
        ('residual_inverse', ('position', 'velocity'), ('effort',)),
    ],
)
def test_each_kind_has_its_own_features_and_targets(
    kind: str, features: tuple[str, ...], targets: tuple[str, ...]
) -> None:
    settings = TrainingSettings(model_kind=kind)
    assert (settings.signals, settings.targets) == (features, targets)


def test_features_are_put_in_the_order_of_the_card() -> None:
    settings = TrainingSettings(features=('velocity', 'position'))
    assert settings.signals == ('position', 'velocity')


def test_effort_need_not_be_predicted() -> None:
    assert TrainingSettings(predict_effort=False).targets == ('position', 'velocity')


def test_effort_cannot_be_a_feature_of_an_inverse_model() -> None:
    settings = TrainingSettings(model_kind='inverse', features=('position', 'effort'))
    with pytest.raises(ConfigError, match='cannot be a feature'):
        _ = settings.signals


def test_a_payload_is_told_by_what_it_costs() -> None:
    features = ('position', 'velocity', 'acceleration', 'disturbance')
    settings = TrainingSettings(model_kind='residual_inverse', features=(*features, 'payload'))
    assert settings.signals == (*features, *PAYLOAD_KINDS, PAST_KIND)


@pytest.mark.parametrize(
    ('kind', 'features'),
    [
        ('residual_inverse', ('position', 'velocity', 'acceleration', 'payload')),
        ('inverse', ('position', 'velocity', 'acceleration', 'disturbance', 'payload')),
    ],
)
def test_what_a_payload_costs_needs_a_rigid_body_and_a_disturbance(
    kind: str, features: tuple[str, ...]
) -> None:
    with pytest.raises(ConfigError, match='payload goes with the feature disturbance'):
        _ = TrainingSettings(model_kind=kind, features=features).signals


def test_a_forward_model_needs_position_and_velocity() -> None:
    with pytest.raises(ConfigError, match='needs the features position and velocity'):
        _ = TrainingSettings(features=('position',)).signals


def test_an_unknown_feature_is_named() -> None:
    with pytest.raises(ConfigError, match=r"got \['torque'\]"):
        _ = TrainingSettings(features=('torque',)).signals


def test_a_window_holds_burn_in_scored_steps_and_horizon() -> None:
    settings = TrainingSettings(burn_in_steps=30, window_steps=20, rollout_steps=10)
    assert settings.sequence_steps == 60
    assert TrainingSettings(
        model_kind='inverse', burn_in_steps=30, window_steps=20
    ).sequence_steps == 50  # fmt: skip


def test_a_value_out_of_range_is_refused() -> None:
    with pytest.raises(ConfigError, match=r'hidden_size must be >= 1, got 0'):
        build(TrainingSettings, {'hidden_size': 0})


def test_an_unknown_kind_is_answered_with_the_known() -> None:
    with pytest.raises(UnknownNameError, match='inverse'):
        build(TrainingSettings, {'model_kind': 'invers'})


@pytest.mark.parametrize('cls', [TrainingSettings, ExportSettings])
def test_every_setting_is_described(cls: type) -> None:
    for leaf in leaves(cls()):
        assert leaf.setting.description.endswith('.'), leaf.name


@pytest.mark.parametrize('path', PRESETS, ids=lambda path: path.stem)
def test_every_preset_holds_known_settings(path: Path) -> None:
    values = yaml.safe_load(path.read_text(encoding='utf-8'))
    assert build(TrainingSettings, flatten(values)).signals
