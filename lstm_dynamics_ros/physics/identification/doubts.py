# SPDX-License-Identifier: Apache-2.0
"""What to doubt about identified parameters, in words."""

from collections.abc import Sequence

from lstm_dynamics_ros.physics.identification.pseudo_inertia import impossible_links
from lstm_dynamics_ros.physics.identification.result import Identification

ILL_CONDITIONED = 200.0
"""Condition number from which parameters trade off against each other."""

UNSURE = 0.5
"""A friction whose standard deviation is a larger share of it may be none."""


def doubts(found: Identification) -> list[str]:
    """Return what a person should know of an identification, one sentence or two each."""
    names = found.joint_names
    result = []
    already = impossible_links(found.nominal.nominal, names)
    broken = [name for name in impossible_links(found.parameters, names) if name not in already]
    if already:
        result.append(
            f'In the URDF the inertia of the links of {_listed(already)} is that of no body '
            '(its pseudo-inertia is not positive definite).'
        )
    if broken:
        result.append(
            f'The identified inertia of the links of {_listed(broken)} is that of no body (its '
            'pseudo-inertia is not positive definite). Torques are right all the same, but a '
            'simulator will refuse it. A larger strength keeps it nearer to the URDF.'
        )
    if found.condition > ILL_CONDITIONED:
        result.append(
            f'The condition number of the regressor is {found.condition:.0f}, above '
            f'{ILL_CONDITIONED:.0f}: single parameters are not to be trusted, only the torque on '
            'motions like these. `lstm-dynamics excite` plans motions that tell them apart.'
        )
    deviation = found.deviations['coulomb']
    unsure = [
        name
        for name, value, spread in zip(names, found.friction.coulomb, deviation, strict=True)
        if spread > UNSURE * value
    ]
    if unsure:
        result.append(
            f'Coulomb friction of {_listed(unsure)} is not distinct from zero with certainty.'
        )
    best, nominal = found.held_out['identified + friction'], found.held_out['nominal']
    worse = [name for name, a, b in zip(names, best, nominal, strict=True) if a > b]
    if worse:
        result.append(
            'On what was held out the identified model is worse than the URDF for '
            f'{_listed(worse)}: record longer and more varied motions.'
        )
    return result


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f'{", ".join(names[:-1])} and {names[-1]}'
