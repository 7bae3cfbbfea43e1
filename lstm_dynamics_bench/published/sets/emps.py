# SPDX-License-Identifier: Apache-2.0
"""EMPS, one sliding axis: force from motion."""

from collections.abc import Sequence

from lstm_dynamics_bench.published.protocols.emps import (
    COLUMN,
    DECIMATION,
    forces,
    score_emps,
)
from lstm_dynamics_bench.published.robot_set import (
    Figure,
    Judged,
    Opponents,
    RealSet,
    SETS,
    SetScore,
    Trace,
)


@SETS.register('emps')
class Emps(RealSet):
    """Inverse, official split by file."""

    title = 'EMPS, one sliding axis: motion to force'
    figures = (
        Figure(
            key='relative_error_percent',
            title='relative error of the force',
            unit='%',
            bar=5.3,
            goal=4.5,
        ),
    )
    frozen_keys = ('emps_relative_error_percent',)

    def score(self, judged: Sequence[Judged], opponents: Opponents) -> SetScore:
        """See the base class."""
        (one,) = judged
        (test,) = one.test
        table = score_emps(one.loaded, test, reference=opponents.folder)
        compared = forces(one.loaded, test)
        return SetScore(
            figures={'relative_error_percent': table.mean('model', COLUMN)},
            tables=(table,),
            traces=(Trace.thinned(test.name, 'N', DECIMATION * test.dt, test, *compared),),
        )
