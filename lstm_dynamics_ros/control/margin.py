# SPDX-License-Identifier: Apache-2.0
"""Settings that controllers with a low-passed correction share, and the margin it must leave."""

from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.parameters import parameter


def bandwidth_setting(default: float, what: str) -> float:
    """Declare how fast something follows [rad/s]; ``what`` names it, and says so."""
    return parameter(
        default,
        f'How fast {what}; faster is rougher.',
        unit='rad/s',
        minimum=0.0,
        maximum=500.0,
        reconfigurable=True,
    )


def smoothing_setting(default: float) -> float:
    """Declare the time constant of a second low-pass [s]."""
    return parameter(
        default,
        'Time constant of a second low-pass, against encoder noise; 0 is without.',
        unit='s',
        minimum=0.0,
        maximum=0.1,
        reconfigurable=True,
    )


def bleed_setting(what: str) -> float:
    """Declare how fast something decays while it is frozen [1/s]."""
    return parameter(
        0.5,
        f'How fast {what} decays while it is frozen, e.g. in contact.',
        unit='1/s',
        minimum=0.0,
        maximum=100.0,
        reconfigurable=True,
    )


def inertia_ratio_setting() -> float:
    """Declare how far the rigid-body model may be off."""
    return parameter(
        1.0,
        'Largest ratio of inertia in the rigid-body model to that of the robot.',
        minimum=0.1,
        maximum=10.0,
    )


def low_margin_setting(what: str) -> bool:
    """Declare that the check of the phase margin may be left out."""
    return parameter(
        default=False, description=f'Accepts {what} less than 60 degrees of phase margin.'
    )


def check_bandwidth(bandwidth: float, most: float, delay: float) -> None:
    """Refuse an observer that is too fast for the delay of its loop.

    Args:
        bandwidth: How fast it follows [rad/s].
        most: Largest bandwidth that leaves 60 degrees of phase margin [rad/s].
        delay: Delay around the loop [s].

    Raises:
        ConfigError: If it leaves less.
    """
    if bandwidth > most:
        raise ConfigError(
            f'An observer bandwidth of {bandwidth:g} rad/s leaves less than 60 degrees of phase '
            f'margin with {1e3 * delay:.1f} ms around the loop: at most {most:.1f} rad/s. Lower '
            'bandwidth or the latency, or set allow_low_margin.'
        )
