# SPDX-License-Identifier: Apache-2.0
"""Tests of the training settings of all model families."""

from dataclasses import fields
from pathlib import Path
import subprocess
import sys

from lstm_dynamics_ros.core.card import PAST_KIND, PAYLOAD_KINDS
from lstm_dynamics_ros.core.errors import ConfigError, UnknownNameError
from lstm_dynamics_ros.core.parameters import flatten, leaves
from lstm_dynamics_ros.learning.export.settings import ExportSettings
from lstm_dynamics_ros.learning.families import AnySettings, training_settings
from lstm_dynamics_ros.learning.families.control import ControlSettings
from lstm_dynamics_ros.learning.families.forward import ForwardSettings
from lstm_dynamics_ros.learning.families.inverse import InverseSettings
from lstm_dynamics_ros.learning.families.torque_observer import TorqueObserverSettings
from lstm_dynamics_ros.learning.settings import MODELS, TrainingSettings
import pytest
import yaml

PRESETS = sorted((Path(__file__).parents[2] / 'config' / 'training').rglob('*.yaml'))


def test_settings_are_read_without_torch() -> None:
    code = (
        'import sys; import lstm_dynamics_ros.learning.families;'
        'sys.exit("torch" in sys.modules or "onnx" in sys.modules)'
    )
    assert subprocess.run([sys.executable, '-c', code], check=False).returncode == 0


@pytest.mark.parametrize(
    ('values', 'family', 'features', 'targets'),
    [
        ({}, ForwardSettings, ('position', 'velocity', 'effort'), 3),
        ({'model_kind': 'forward'}, ForwardSettings, ('position', 'velocity', 'effort'), 3),
        ({'model_kind': 'inverse'}, InverseSettings, ('position', 'velocity'), 1),
        ({'model_kind': 'residual_inverse'}, InverseSettings, ('position', 'velocity'), 1),
        (
            {'model_kind': 'inverse', 'features': ['position', 'acceleration']},
            ControlSettings,
            ('position', 'acceleration'),
            1,
        ),
        ({'family': 'control'}, ControlSettings, ('position', 'velocity', 'acceleration'), 1),
        (
            {'torque_observer': True},
            TorqueObserverSettings,
            ('position', 'velocity', 'effort'),
            2,
        ),
        ({'torque_observer': False}, ForwardSettings, ('position', 'velocity', 'effort'), 3),
    ],
)
def test_settings_name_their_family(
    values: dict[str, object], family: type, features: tuple[str, ...], targets: int
) -> None:
    settings = training_settings(values)
    assert type(settings) is family
    assert (settings.signals, len(settings.targets)) == (features, targets)


def test_a_setting_of_another_family_is_refused_with_what_the_family_knows() -> None:
    with pytest.raises(ConfigError, match='family inverse has none of that name') as refused:
        training_settings({'model_kind': 'inverse', 'rollout_steps': 20})
    assert 'rollout_steps is a setting of the model family forward and' in str(refused.value)
    assert 'prior_window' in str(refused.value)


def test_an_unknown_setting_is_answered_with_what_the_family_knows() -> None:
    with pytest.raises(UnknownNameError, match="family forward 'hiden_size'") as refused:
        training_settings({'hiden_size': 3})
    assert "Did you mean 'hidden_size'" in str(refused.value)


def test_an_unknown_family_is_answered_with_the_known() -> None:
    with pytest.raises(UnknownNameError, match='control, forward, inverse, torque_observer'):
        training_settings({'family': 'transformer'})


def test_two_families_at_once_are_refused() -> None:
    with pytest.raises(ConfigError, match='family is inverse, but torque_observer asks'):
        training_settings({'family': 'inverse', 'torque_observer': True})


def test_settings_from_before_the_families_are_read() -> None:
    # Of the commit before: asdict of the one class there was, as its checkpoints hold it.
    old = {item.name: item.default for item in fields(AnySettings) if item.name != 'family'}
    old |= {'model_kind': 'inverse', 'features': ['position', 'velocity'], 'hidden_size': 7}
    settings = training_settings(old, leave_out_foreign=True)
    assert settings == InverseSettings(features=('position', 'velocity'), hidden_size=7)


def test_the_command_line_has_a_flag_for_every_setting_of_every_family() -> None:
    names = {item.name for item in fields(AnySettings)}
    assert names == {'torque_observer'}.union(
        *({item.name for item in fields(MODELS[name])} for name in MODELS)
    )


def test_the_command_line_says_which_families_a_flag_is_for() -> None:
    flags = {leaf.name: leaf.setting.description for leaf in leaves(AnySettings())}
    assert flags['prior_delay'].endswith('Only of: inverse.')
    assert flags['rollout_steps'].endswith('Only of: forward, torque_observer.')
    assert 'Only of' not in flags['hidden_size']


def test_features_are_put_in_the_order_of_the_card() -> None:
    settings = ForwardSettings(features=('velocity', 'position'))
    assert settings.signals == ('position', 'velocity')


def test_effort_need_not_be_predicted() -> None:
    assert ForwardSettings(predict_effort=False).targets == ('position', 'velocity')


@pytest.mark.parametrize('family', [InverseSettings, ControlSettings])
def test_effort_cannot_be_a_feature_of_an_inverse_model(
    family: type[InverseSettings | ControlSettings],
) -> None:
    with pytest.raises(ConfigError, match='cannot be a feature'):
        _ = family(features=('position', 'effort')).signals


def test_a_payload_becomes_effort_per_mass_and_moments() -> None:
    features = ('position', 'velocity', 'acceleration', 'disturbance')
    settings = ControlSettings(model_kind='residual_inverse', features=(*features, 'payload'))
    assert settings.signals == (*features, *PAYLOAD_KINDS, PAST_KIND)


@pytest.mark.parametrize(
    ('kind', 'features'),
    [
        ('residual_inverse', ('position', 'velocity', 'acceleration', 'payload')),
        ('inverse', ('position', 'velocity', 'acceleration', 'disturbance', 'payload')),
    ],
)
def test_a_payload_needs_a_rigid_body_and_a_disturbance(
    kind: str, features: tuple[str, ...]
) -> None:
    with pytest.raises(ConfigError, match='payload goes with the feature disturbance'):
        _ = ControlSettings(model_kind=kind, features=features).signals


@pytest.mark.parametrize('feature', ['disturbance', 'payload'])
def test_a_disturbance_needs_acceleration(feature: str) -> None:
    with pytest.raises(ConfigError, match='goes with the feature acceleration'):
        _ = InverseSettings(features=('position', feature)).signals


def test_a_forward_model_needs_position_and_velocity() -> None:
    with pytest.raises(ConfigError, match='needs the features position and velocity'):
        _ = ForwardSettings(features=('position',)).signals


@pytest.mark.parametrize('family', ['forward', 'inverse', 'control', 'torque_observer'])
def test_an_unknown_feature_is_named(family: str) -> None:
    values = {'family': family, 'features': ['position', 'acceleration', 'torque']}
    with pytest.raises(ConfigError, match=rf"family {family} must be .* got \[.*'torque'\]"):
        _ = training_settings(values).signals


def test_a_window_holds_burn_in_scored_steps_and_horizon() -> None:
    settings = ForwardSettings(burn_in_steps=30, window_steps=20, rollout_steps=10)
    assert settings.sequence_steps == 60
    assert InverseSettings(burn_in_steps=30, window_steps=20).sequence_steps == 50


def test_a_value_out_of_range_is_refused() -> None:
    with pytest.raises(ConfigError, match=r'hidden_size must be >= 1, got 0'):
        training_settings({'hidden_size': 0})


def test_an_unknown_kind_is_answered_with_the_known() -> None:
    with pytest.raises(UnknownNameError, match='inverse'):
        training_settings({'model_kind': 'invers'})


@pytest.mark.parametrize('cls', [AnySettings, ExportSettings, *(MODELS[name] for name in MODELS)])
def test_every_setting_is_described(cls: type) -> None:
    for leaf in leaves(cls()):
        assert leaf.setting.description.endswith('.'), leaf.name


@pytest.mark.parametrize('path', PRESETS, ids=lambda path: path.stem)
def test_every_preset_holds_settings_of_its_family(path: Path) -> None:
    values = yaml.safe_load(path.read_text(encoding='utf-8'))
    settings: TrainingSettings = training_settings(flatten(values))
    assert settings.signals
