# SPDX-License-Identifier: Apache-2.0
"""A page of a few sections."""

from collections.abc import Callable
from pathlib import Path

from lstm_dynamics_ros.evaluation.reports import html
from lstm_dynamics_ros.evaluation.reports.html import write_section_page
from lstm_dynamics_ros.runtime.model_file import load_model
from markupsafe import Markup


def test_a_page_stands_on_its_own(make_model: Callable[..., Path], tmp_path: Path) -> None:
    card = load_model(make_model(tmp_path / 'a.onnx', dt=0.01)).card
    path = tmp_path / 'deep' / 'page.html'
    write_section_page(
        path, card, [html.Section('one', 'First', Markup('<p>text</p>'))], recordings='x'
    )
    text = path.read_text(encoding='utf-8')
    assert 'id="one"' in text
    assert '<p>text</p>' in text
    assert card.name in text
    assert 'http' not in text
    assert list(path.parent.iterdir()) == [path]
