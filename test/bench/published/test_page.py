# SPDX-License-Identifier: Apache-2.0
"""The page of the benchmark."""

from pathlib import Path

from lstm_dynamics_bench.published.page import write_real_page
from lstm_dynamics_bench.published.result import RealResult


def test_the_page_holds_figures_pictures_and_sources(result: RealResult, tmp_path: Path) -> None:
    path = tmp_path / 'new' / 'real.html'
    write_real_page(path, result)
    page = path.read_text(encoding='utf-8')
    assert '<td class="good">10</td>' in page
    assert page.count('data:image/png;base64') == 2  # bars and time series
    assert 'DOI 10.1007/s00521-024-10732-y' in page
    assert 'ab' * 32 in page
    assert 'emps has no figures' in page
    assert [item.name for item in path.parent.iterdir()] == ['real.html']


def test_a_diverged_set_has_a_page_too(diverged: RealResult, tmp_path: Path) -> None:
    write_real_page(tmp_path / 'real.html', diverged)
    page = (tmp_path / 'real.html').read_text(encoding='utf-8')
    assert '<td class="bad">diverged</td>' in page
