# SPDX-License-Identifier: Apache-2.0
"""The report of an identification."""

from dataclasses import replace
from io import BytesIO

from lstm_dynamics_ros.core.state import Matrix, Vector
from lstm_dynamics_ros.evaluation.reports.identification_page import (
    effort_figure,
    identification_page,
)
from lstm_dynamics_ros.evaluation.reports.identification_text import (
    error_rows,
    friction_rows,
    identification_text,
)
from lstm_dynamics_ros.learning.identification.result import (
    BaseValue,
    EffortTrace,
    Identification,
    MODELS,
)
from lstm_dynamics_ros.physics.friction import Friction
from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior
from lstm_dynamics_ros.sim.robot import load_robot
from lstm_dynamics_ros.sim.urdf import nominal_urdf
import numpy as np
from PIL import Image
import pytest

pytest.importorskip('pinocchio', reason='the identified robot is pinocchio')


@pytest.fixture
def found() -> Identification:
    """Return made-up figures of the embedded pendulum."""
    robot = load_robot('pendulum')
    prior = RigidBodyPrior(nominal_urdf(robot), robot.joint_names, source='<pendulum>')
    n = len(robot.joint_names)
    time: Vector = np.linspace(0, 5, 50)
    measured: Matrix = np.sin(time)[:, None] + np.arange(n)
    return Identification(
        nominal=prior,
        parameters=prior.nominal,
        armature=np.full(n, 0.01),
        friction=Friction(
            coulomb=np.full(n, 0.31),
            viscous=np.full(n, 0.12),
            viscous_back=np.full(n, 0.12),
            offset=np.zeros(n),
            smoothing=np.full(n, 0.02),
        ),
        deviations={
            name: np.full(n, 0.004)
            for name in ('armature', 'coulomb', 'viscous', 'viscous_back', 'offset')
        },
        base=(BaseValue('m(<a>) + b', 1.25, 1.0, 0.01),),
        friction_count=6,
        condition=17.2,
        cutoff=4.0,
        strength=1.0,
        share=0.1,
        folds='6 contiguous blocks',
        held_out={name: np.full(n, 0.4 - 0.1 * k) for k, name in enumerate(MODELS)},
        in_sample={name: np.full(n, 0.1) for name in MODELS},
        effort=np.full(n, 2.0),
        above=np.full(n, 0.05),
        warnings=('Beware of <this>.',),
        traces=tuple(
            EffortTrace(name, time, measured, dict.fromkeys(MODELS, 0.9 * measured))
            for name in ('one', 'two')
        ),
    )


def test_the_table_has_every_model_and_joint(found: Identification) -> None:
    head, first, *rest = error_rows(found)
    assert head[3:] == list(MODELS)
    assert first[1:4] == ['2.000', '0.050', '0.400 (20.0%)']
    assert len(rest) == len(found.joint_names) - 1


def test_friction_has_its_deviation(found: Identification) -> None:
    head, first, *_ = friction_rows(found)
    assert head == ['joint', 'coulomb', 'viscous', 'offset', 'armature']
    assert first[1] == '0.310 +- 0.004'


def test_the_direction_shows_where_friction_differs(found: Identification) -> None:
    friction = replace(found.friction, viscous_back=2 * found.friction.viscous)
    assert 'viscous_back' in friction_rows(replace(found, friction=friction))[0]


def test_the_text_says_how_many_and_how_well(found: Identification) -> None:
    text = identification_text(found)
    assert '1 base parameters of links and rotors, 6 of friction; condition number 17' in text
    assert '6 contiguous blocks' in text
    assert 'warning: Beware of <this>.' in text


def test_the_page_holds_everything_and_loads_nothing(found: Identification) -> None:
    page = identification_page(found, ['monday'])
    for text in ('monday', '&lt;pendulum&gt;', 'Beware of &lt;this&gt;', 'm(&lt;a&gt;) + b'):
        assert text in page
    assert 'src="data:image/png' in page
    assert 'http' not in page


def test_the_figure_is_a_picture_with_two_panels_per_joint(found: Identification) -> None:
    with Image.open(BytesIO(effort_figure(found))) as picture:
        assert picture.size[0] == 1200
        assert picture.size[1] == pytest.approx(210 * len(found.joint_names), abs=2)
