# SPDX-License-Identifier: Apache-2.0
"""What every set promises; a new one is picked up by itself."""

from collections.abc import Callable
from pathlib import Path

from lstm_dynamics_bench.published.reference_file import load_reference
from lstm_dynamics_bench.published.robot_set import BaselineFigures, SetScore
from lstm_dynamics_bench.published.scoring import scored, ScoreJob
from lstm_dynamics_bench.published.sets import SETS
from lstm_dynamics_bench.published.source import converted, find_source
from lstm_dynamics_ros.core.assets import asset
import numpy as np
import pytest

EVERY_SET = pytest.mark.parametrize('name', SETS)
DT = {'emps': 1e-3, 'kr300': 0.1, 'kuka_weigand2021': 4e-3}
FORWARD = ('kr300', 'kuka_lwr', 'ur10e_innopolis_forward')


@pytest.fixture(scope='module')
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache for the tests of this file."""
    return tmp_path_factory.mktemp('cache')


@pytest.fixture
def job(
    name: str, real_data: Path, kept: Path, make_model: Callable[..., Path], tmp_path: Path
) -> ScoreJob:
    """All models of a set, made and not trained, to be scored."""
    source, spec = find_source(real_data, name, kept), SETS[name]()
    folds = tuple(spec.folds(converted(source)))
    joints = spec.joints or source.mapping.joint_names
    model = make_model(
        tmp_path / 'model.onnx',
        dt=DT.get(name, 0.01),
        joint_names=joints,
        joint_types=source.mapping.types(len(joints)),
        kind='forward' if name in FORWARD else 'inverse',
        with_effort_target=False,
        velocity_source=source.velocity_source,
    )
    frozen = load_reference(real_data).FROZEN
    return ScoreJob(
        source=source,
        seed=0,
        folds=folds,
        models=(model,) * len(folds),
        baselines=BaselineFigures(
            real_data, {key: np.atleast_1d(frozen[key]).tolist() for key in spec.frozen_keys}
        ),
        cache=kept,
    )


@EVERY_SET
def test_no_trajectory_is_trained_on_and_scored_by_one_model(name: str, job: ScoreJob) -> None:
    assert name == job.source.name
    for fold in job.folds:
        assert fold.train
        assert fold.test
        assert not set(fold.train) & set(fold.test)


@EVERY_SET
def test_training_settings_come_with_the_package(name: str) -> None:
    settings = SETS[name].settings
    assert not settings or asset(f'config/training/real/{settings}.yaml').is_file()


@EVERY_SET
def test_every_figure_is_given_and_comes_back_from_json(name: str, job: ScoreJob) -> None:
    score = SetScore.from_json(scored(job))
    assert list(score.figures) == [figure.key for figure in SETS[name].figures]
    assert all(value > 0 for value in score.figures.values())
    assert set(score.extras) == {'coverage', 'ood', 'robustness'}
    assert score.traces
    for trace in score.traces:
        assert trace.measured.shape == trace.predicted.shape
        assert np.isfinite(trace.measured).all()


@pytest.mark.parametrize('name', ['baxter_ugr'])
def test_the_ratio_of_baxter_is_the_mean_over_joints(name: str, job: ScoreJob) -> None:
    score = SetScore.from_json(scored(job))
    own = score.tables[0].figures['model']['rmse']
    assert name == job.source.name
    assert score.figures['ratio'] == pytest.approx(np.mean(own / 0.5))


@pytest.mark.parametrize('name', ['kuka_lwr'])
def test_the_ratios_of_kuka_are_means_over_joints_and_folds(name: str, job: ScoreJob) -> None:
    score = SetScore.from_json(scored(job))
    assert len(job.folds) == 10
    assert SETS[name].figures[0].key == 'one_step_position_ratio'
    own = score.tables[0].figures['model']['one step position']
    assert score.figures['one_step_position_ratio'] == pytest.approx(np.mean(own) / 1e-6)


@pytest.mark.parametrize('name', ['baxter_ugr'])
def test_a_score_is_kept_until_its_model_changes(
    name: str, job: ScoreJob, make_model: Callable[..., Path]
) -> None:
    first = scored(job)
    files = set((job.cache / 'scores' / name).iterdir())
    assert scored(job) == first
    assert set((job.cache / 'scores' / name).iterdir()) == files
    make_model(
        job.models[0], dt=0.01, joint_names=job.source.mapping.joint_names, kind='inverse', seed=5
    )
    assert scored(job)['figures'] != first['figures']
