# SPDX-License-Identifier: Apache-2.0
"""What others reached on the published sets, and where they say so."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Published(NamedTuple):
    """A figure of somebody else."""

    by: str
    value: float
    source: str


LINEAR: dict[tuple[str, str], tuple[str, str, int]] = {
    ('kr300', 'free_run_mae_deg'): ('FIR(60)', 'kr300_fir60_mae_deg', 0),
    ('kr300', 'sixty_sixty_nrmse'): ('ARX(10)', 'kr300_arx10_sixty_nrmse', 0),
    ('emps', 'relative_error_percent'): (
        'rigid body, asymmetric friction',
        'emps_relative_error_percent',
        1,
    ),
}
"""By set and figure: name, key of FROZEN in reference.py, and which of its numbers. Figures that
are ratios to the linear opponent are not listed: it has 1."""

_MA_LSTM = 'Neural Computing and Applications, DOI 10.1007/s00521-024-10732-y, tables VI and X'
_RELINET = 'ReLiNet, IJCAI 2023'
_EMPS = 'A. Janot et al., Data Set and Reference Models of EMPS, 2019'

PUBLISHED: dict[tuple[str, str], tuple[Published, ...]] = {
    ('kr300', 'free_run_mae_deg'): (
        Published('MA-LSTM-MLP', 10.83, _MA_LSTM),
        Published('LSTM-MLP, k=10', 12.33, _MA_LSTM),
        Published('LSTM-MLP, k=0', 13.98, _MA_LSTM),
        Published('NARX-NN', 14.90, _MA_LSTM),
    ),
    ('kr300', 'sixty_sixty_nrmse'): (
        Published('LSTM', 0.409, _RELINET),
        Published('ReLiNet', 0.548, _RELINET),
    ),
    ('emps', 'relative_error_percent'): (Published('IDIM-LS, symmetric friction', 5.9824, _EMPS),),
}
"""By set and figure, best first. Those of kuka_lwr and baxter_ugr that could be read are of other
protocols."""


def best_published(name: str, figure: str) -> Published | None:
    """Return the best figure of others, None if there is none."""
    found = PUBLISHED.get((name, figure), ())
    return found[0] if found else None


def linear_figure(
    name: str, figure: str, frozen: Mapping[str, Sequence[float]]
) -> tuple[str, float] | None:
    """Return name and frozen figure of the linear opponent; 1 for a figure that is a ratio to it.

    Args:
        name: The set.
        figure: Key of the figure.
        frozen: By key of FROZEN.
    """
    if figure.endswith('ratio'):
        return ('ridge' if name == 'baxter_ugr' else 'ARX(10)', 1.0)
    entry = LINEAR.get((name, figure))
    if entry is None or entry[1] not in frozen:
        return None
    return entry[0], frozen[entry[1]][entry[2]]
