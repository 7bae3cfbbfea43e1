# SPDX-License-Identifier: Apache-2.0
"""Work for the tests of workers, some of it deadly: these must be able to import it."""

import os
from pathlib import Path
import signal
from typing import Any

from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.core.lazy import load


def squared(number: int) -> int:
    return number**2


def refused(number: int) -> int:
    raise DataError(f'{number} is of no use')


def dies(number: int, deadly: tuple[int, ...], folder: Path, times: int) -> int:
    """Return the number, unless it is deadly and has not killed so many workers yet."""
    deaths = folder / str(number)
    found = len(deaths.read_text()) if deaths.exists() else 0
    if number in deadly and found < times:
        deaths.write_text('x' * (found + 1))
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def no_number(number: int, why: str) -> int:
    return -number


def killed(trial: Any, function: Any, mark: Path) -> Any:  # noqa: ANN401
    """Do a trial; the first training ends with its worker, when it has kept an epoch."""
    if function.__name__ == 'run_training' and not mark.exists():
        mark.touch()
        training = load('lstm_dynamics_ros.learning.training.epochs').Epochs
        run_epoch = training.run_epoch

        def dying(self: object, epoch: int) -> float:
            if epoch == 1:
                os.kill(os.getpid(), signal.SIGKILL)
            return float(run_epoch(self, epoch))

        training.run_epoch = dying
    return function(trial)
