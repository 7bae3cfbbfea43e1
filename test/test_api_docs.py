# SPDX-License-Identifier: Apache-2.0
"""The examples of docs/api.md run, one after the other, in a folder of their own."""

from pathlib import Path
import re
from typing import Any

import lstm_dynamics_ros
import pytest

PAGE = Path(__file__).parents[1] / 'docs' / 'api.md'
LIBRARIES = ('torch', 'onnxruntime', 'mujoco', 'pinocchio')


def examples() -> list[tuple[str, str]]:
    """Return the headings of the page that have an example, and the examples."""
    text = PAGE.read_text(encoding='utf-8')
    sections = re.split(r'^## ', text, flags=re.MULTILINE)[1:]
    found = []
    for section in sections:
        title, body = section.split('\n', 1)
        found += [(title, code) for code in re.findall(r'```python\n(.*?)```', body, re.DOTALL)]
    return found


@pytest.mark.slow
def test_the_examples_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for library in LIBRARIES:
        pytest.importorskip(library, reason='the examples train, simulate and correct')
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for title, code in examples():
        exec(compile(code, f'docs/api.md: {title}', 'exec'), names)
    output = capsys.readouterr().out
    assert 'mrad without correction' in output
    assert "Did you mean 'pendulum_forward'?" in output or 'pendulum_forward' in output


def test_the_page_names_everything_that_is_offered() -> None:
    page = PAGE.read_text(encoding='utf-8')
    offered = set(lstm_dynamics_ros.__all__) - {'__version__', 'LoadedModel'}
    assert {name for name in offered if f'`{name}' not in page} == set()
