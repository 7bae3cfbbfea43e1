# SPDX-License-Identifier: Apache-2.0
"""The family of ``docs/add_a_model_family.md`` is trained and exported as any other."""

from pathlib import Path
import sys
from types import ModuleType

from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.learning.export.export import export
from lstm_dynamics_ros.learning.families import training_settings
from lstm_dynamics_ros.learning.members import check_size, train_members
from lstm_dynamics_ros.learning.settings import MODELS
from lstm_dynamics_ros.runtime.model_file import load_model
import pytest

PAGE = Path(__file__).parents[2] / 'docs' / 'add_a_model_family.md'
SMALL = {
    'family': 'plain',
    'cell': 'gru',
    'hidden_size': 8,
    'burn_in_steps': 40,
    'window_steps': 40,
    'updates_per_epoch': 3,
    'max_epochs': 2,
    'members': 2,
}


@pytest.fixture
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Add the family of the page, as its two files would."""
    monkeypatch.setattr(MODELS, '_classes', dict(MODELS._classes))
    settings, code = (
        block.split('```')[0]
        for block in PAGE.read_text(encoding='utf-8').split('```python\n')[1:]
    )
    for name, source in (('families.plain', settings), ('plain', code)):
        module = ModuleType(f'lstm_dynamics_ros.learning.{name}')
        monkeypatch.setitem(sys.modules, module.__name__, module)
        exec(compile(source, str(PAGE), 'exec'), vars(module))


@pytest.mark.usefixtures('_plain')
def test_a_family_is_added_in_one_place(runs: list[Segment], tmp_path: Path) -> None:
    settings = training_settings(SMALL)
    check_size(runs, settings)
    members = train_members(runs, settings, folder=tmp_path / 'training')
    card = export(members, tmp_path / 'model.onnx')
    assert card.members == 2
    assert load_model(tmp_path / 'model.onnx').card.provenance['proof']['free_run'] < 1e-5


@pytest.mark.usefixtures('_plain')
def test_its_settings_are_told_from_those_of_others() -> None:
    with pytest.raises(ConfigError, match=r'family plain has none of that name.*output_scale'):
        training_settings(SMALL | {'ridge': 1.0})
    with pytest.raises(ConfigError, match='output_scale is a setting of the model family plain'):
        training_settings({'output_scale': 2.0})
