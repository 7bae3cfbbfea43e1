# SPDX-License-Identifier: Apache-2.0
"""Tests for extensions.py: protocols, one by one or several in a mapping."""

from importlib.metadata import EntryPoint

from lstm_dynamics_ros.core import extensions
from lstm_dynamics_ros.core.errors import MissingLibraryError
from lstm_dynamics_ros.core.extensions import PROTOCOLS, protocols
import pytest

SEVERAL = {'first': sorted, 'second': max}


@pytest.fixture
def provide(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let there be one entry, at the path that is the parameter."""
    found = [EntryPoint('entry', request.param, PROTOCOLS)]
    monkeypatch.setattr(extensions, 'entry_points', lambda group: found if group else ())


@pytest.mark.usefixtures('provide')
@pytest.mark.parametrize('provide', [f'{__name__}:SEVERAL'], indirect=True)
def test_a_mapping_provides_several_by_name() -> None:
    assert {name: item.load() for name, item in protocols().items()} == SEVERAL


@pytest.mark.usefixtures('provide')
@pytest.mark.parametrize('provide', ['builtins:min'], indirect=True)
def test_a_function_is_one_by_the_name_of_its_entry() -> None:
    assert {name: item.load() for name, item in protocols().items()} == {'entry': min}


@pytest.mark.usefixtures('provide')
@pytest.mark.parametrize('provide', ['lstm_dynamics_bench.not_there:ALL'], indirect=True)
def test_a_provider_that_cannot_be_imported_names_the_extra() -> None:
    with pytest.raises(MissingLibraryError, match='bench'):
        protocols()
