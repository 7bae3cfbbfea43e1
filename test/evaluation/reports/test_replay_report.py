# SPDX-License-Identifier: Apache-2.0
"""The report is one complete file that needs nothing else."""

from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.evaluation.forecasters.fit_arx import fit_arx
from lstm_dynamics_ros.evaluation.forecasters.ridge_arx import RidgeArx
from lstm_dynamics_ros.evaluation.reports.replay_report import report_page, write_report
from lstm_dynamics_ros.evaluation.reports.replay_result import ReplayResult
from lstm_dynamics_ros.evaluation.scores.evaluate import evaluate
from lstm_dynamics_ros.runtime.model_file import LoadedModel
import pytest


class Reader(HTMLParser):
    """Collects text, links and open tags."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.sources: list[str] = []
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in {'meta', 'img'}:
            self.open.append(tag)
        known = dict(attrs)
        self.sources += [v for k, v in known.items() if k == 'src' and v]
        self.links += [v for k, v in known.items() if k == 'href' and v]
        self.anchors |= {v for k, v in known.items() if k == 'id' and v}

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.fixture(scope='module')
def replay(
    make_replay: Callable[..., ReplayResult],
    forward_model: LoadedModel,
    oscillators: list[Segment],
) -> ReplayResult:
    scored = evaluate(forward_model, oscillators[3:], truth=oscillators[3:])
    assert scored.known_torque is not None
    assert scored.causal is not None
    return replace(
        make_replay(),
        scores=(scored.known_torque, scored.causal),
        warnings=('joint2 <saturates> & sticks.',),
        facts={'topic': '/joint_states'},
        counters={'gap': 2, 'duplicate_stamp': 0},
    )


@pytest.fixture(scope='module')
def written(replay: ReplayResult, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report in a folder of its own."""
    path = tmp_path_factory.mktemp('report') / 'report.html'
    write_report(path, replay)
    return path


@pytest.fixture(scope='module')
def page(written: Path) -> Reader:
    reader = Reader()
    reader.feed(written.read_text(encoding='utf-8'))
    assert not reader.open
    return reader


def test_nothing_is_loaded_from_elsewhere(page: Reader) -> None:
    assert page.sources
    assert all(source.startswith('data:image/png;base64,') for source in page.sources)
    assert all(link.startswith('#') for link in page.links)


def test_every_link_leads_somewhere(page: Reader) -> None:
    assert {link[1:] for link in page.links} <= page.anchors


def test_there_is_a_figure_per_joint_and_one_of_all(page: Reader) -> None:
    assert len(page.sources) == 3
    assert {'joint-joint1', 'joint-joint2'} <= page.anchors


def test_model_and_recording_are_named(page: Reader, replay: ReplayResult) -> None:
    text = ' '.join(page.words)
    for words in (replay.model_sha256, '/joint_states', '1200 over 12.0 s', 'trained: seed'):
        assert words in text


def test_warnings_are_shown_as_text(page: Reader) -> None:
    assert 'joint2 <saturates> & sticks.' in page.words


def test_only_counters_that_counted_are_shown(page: Reader) -> None:
    assert 'gap' in page.words
    assert 'duplicate stamp' not in page.words


def test_a_model_that_loses_is_warned_of(page: Reader) -> None:
    assert any('a baseline does better than the model' in words for words in page.words)


def test_what_was_chosen_and_what_diverged_is_said(
    replay: ReplayResult, forward_model: LoadedModel, oscillators: list[Segment]
) -> None:
    ridge = fit_arx(oscillators[:3], orders=(2,), strengths=(1e-6,), positions=(True,))
    wild = RidgeArx(replace(ridge.weights, matrix=3 * ridge.weights.matrix + 0.5))
    scored = evaluate(forward_model, oscillators[3:], ridge=wild)
    assert scored.known_torque is not None
    text = report_page(replace(replay, scores=(scored.known_torque,)))
    assert 'ridge: order 2, strength 1e-06, positions yes' in text
    assert '>diverged<' in text


def test_a_cold_replay_is_warned_of(replay: ReplayResult) -> None:
    cold = replace(replay, warm=replay.warm & False, scores=())
    assert 'The model was not warm at 1200 of 1200 grid points' in report_page(cold)


def test_an_inverse_replay_shows_effort(
    make_replay: Callable[..., ReplayResult], inverse_model: LoadedModel
) -> None:
    forward = make_replay()
    inverse = replace(
        forward, card=inverse_model.card, predicted={'effort': {0: forward.effort + 0.1}}
    )
    text = report_page(inverse)
    assert '0.1 N m' in text
    assert 'position +1' not in text


def test_the_file_appears_complete_or_not_at_all(
    replay: ReplayResult, tmp_path: Path, written: Path
) -> None:
    def stop(done: int, total: int, what: str) -> None:
        if done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_report(tmp_path / 'report.html', replay, progress=stop)
    assert list(tmp_path.iterdir()) == []
    assert list(written.parent.iterdir()) == [written]
    assert written.stat().st_size < 3_000_000
