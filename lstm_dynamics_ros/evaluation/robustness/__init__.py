# SPDX-License-Identifier: Apache-2.0
"""Robustness: what noise, loss, delay and the worst small disturbance do to a model's error.

One disturbance per file behind one interface; a new one is a new file. From a script::

    found = measure_robustness(load_model(path), recordings)
    print(found.text())
"""

from lstm_dynamics_ros.core.registry import import_submodules
from lstm_dynamics_ros.evaluation.robustness.base import Perturbation, PERTURBATIONS
from lstm_dynamics_ros.evaluation.robustness.measure import measure_robustness
from lstm_dynamics_ros.evaluation.robustness.result import Robustness

import_submodules(__name__, list(__path__))

__all__ = ['PERTURBATIONS', 'Perturbation', 'Robustness', 'measure_robustness']
