# SPDX-License-Identifier: Apache-2.0
"""Pages from templates."""

from collections.abc import Callable
from pathlib import Path

from jinja2 import UndefinedError
from lstm_dynamics_ros.evaluation.reports import html
from lstm_dynamics_ros.evaluation.reports.html import write_section_page
from lstm_dynamics_ros.runtime.model_file import LoadedModel
from markupsafe import Markup
import pytest


def test_a_page_stands_on_its_own(load: Callable[..., LoadedModel], tmp_path: Path) -> None:
    card = load(dt=0.01).card
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


def test_what_is_put_into_a_template_is_escaped() -> None:
    page = html.render('page.html', title='<a> & "b"')
    assert '<title>&lt;a&gt; &amp; &#34;b&#34;</title>' in page


def test_a_name_that_a_template_lacks_is_an_error() -> None:
    with pytest.raises(UndefinedError, match='title'):
        html.render('sections.html', sections=())


def test_templates_of_another_package_are_found_beside_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / 'other_reports'
    (package / 'templates').mkdir(parents=True)
    (package / '__init__.py').touch()
    text = "{% import 'parts.html' as parts %}{{ parts.table(['a'], [['<1>', ('2', 'best')]]) }}"
    (package / 'templates' / 'other.html').write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    found = html.render('other.html', package='other_reports')
    assert '<td>&lt;1&gt;</td><td class="best">2</td>' in found
