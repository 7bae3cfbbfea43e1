# SPDX-License-Identifier: Apache-2.0
"""Made data in the layout of the published sets, with a ``reference.py`` of their baselines.

Every joint is a damped pendulum with Coulomb friction that follows a sum of sines, so that there
is something to learn, and torque and motion belong together.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.io import savemat

Floats = NDArray[np.float64]

REFERENCE = """
import numpy as np

FROZEN = {
    'baxter_ugr_rmse_nm': [0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5],
    'kuka_lwr_one_step_nmse': [1e-6, 0.03], 'kuka_lwr_resync_nmse': [9e-3, 0.4],
    'kr300_fir60_mae_deg': 14.0, 'kr300_arx10_sixty_nrmse': 0.6,
    'emps_relative_error_percent': [6.0, 5.4],
    'ur10e_innopolis_ridge_nmse': [0.2] * 7,
}


def ridge(x, y, lam):
    mean, std = x.mean(0), x.std(0)
    std[std < 1e-9] = 1.0
    z = np.hstack([(x - mean) / std, np.ones((len(x), 1))])
    w = np.linalg.solve(z.T @ z + lam * len(x) * np.eye(z.shape[1]), z.T @ y)
    return lambda q: np.hstack([(q - mean) / std, np.ones((len(q), 1))]) @ w


def window(features, n):
    padded = np.vstack([np.repeat(features[:1], n - 1, 0), features])
    return np.hstack([padded[k:k + len(features)] for k in range(n)])


def baxter_ugr():
    return np.array(FROZEN['baxter_ugr_rmse_nm'])


def kuka_lwr():
    return tuple(FROZEN['kuka_lwr_one_step_nmse']), tuple(FROZEN['kuka_lwr_resync_nmse'])


def kr300():
    return FROZEN['kr300_fir60_mae_deg'], 1.01 * FROZEN['kr300_arx10_sixty_nrmse']


def emps():
    return FROZEN['emps_relative_error_percent']
"""

BAXTER = ('s0', 's1', 'e0', 'e1', 'w0', 'w1', 'w2')


def motion(rows: int, joints: int, dt: float, seed: int) -> tuple[Floats, Floats, Floats]:
    """Return position [rad], velocity and effort of joints that follow sines."""
    rng = np.random.default_rng(seed)
    t = dt * np.arange(rows)[:, None]
    q, dq, ddq = np.zeros((3, rows, joints))
    for _ in range(3):
        rate, phase = rng.uniform(0.6, 5.0, joints), rng.uniform(0, 6.3, joints)
        q += 0.3 * np.sin(rate * t + phase)
        dq += 0.3 * rate * np.cos(rate * t + phase)
        ddq -= 0.3 * rate**2 * np.sin(rate * t + phase)
    effort = ddq + 2 * dq + 4 * np.sin(q) + 0.5 * np.tanh(20 * dq)
    return q, dq, effort + 0.05 * rng.normal(size=effort.shape)


def write_all(folder: Path) -> None:
    """Write every set and ``reference.py`` into a folder."""
    (folder / 'reference.py').write_text(REFERENCE, encoding='utf-8')
    for write in (_baxter_ugr, _emps, _kr300, _kuka_lwr, _kuka_weigand2021, _ur10e_innopolis):
        own = folder / write.__name__.strip('_')
        own.mkdir()
        write(own)


def _baxter_ugr(folder: Path) -> None:
    header = ' '.join(
        f'{kind}_left_{joint}' for kind in ('ang', 'vel', 'torq') for joint in BAXTER
    )
    for part, seeds in (('Training', range(4)), ('Test', range(10, 12))):
        (folder / part).mkdir()
        for seed in seeds:
            rows = np.hstack(motion(400, 7, 0.01, seed))
            np.savetxt(folder / part / f'run{seed}.csv', rows, header=header, comments='')


def _emps(folder: Path) -> None:
    for name, seed in (('DATA_EMPS.mat', 0), ('DATA_EMPS_PULSES.mat', 1)):
        q, _, force = motion(1500, 1, 1e-3, seed)
        savemat(
            folder / name,
            {'t': 1e-3 * np.arange(1500)[:, None], 'qm': q, 'qg': q, 'vir': force / 35.0,
             'gtau': 35.0},
        )  # fmt: skip


def _kr300(folder: Path) -> None:
    content = {}
    for part, seeds in (('train', (0, 1, 0, 1)), ('val', (2,)), ('test', (3, 4))):
        blocks = [motion(606, 6, 0.1, seed) for seed in seeds]
        # Row k: torque of time k, position of time k + 1.
        content[f'u_{part}'] = np.vstack([effort[:-1] for _, _, effort in blocks]).T
        content[f'y_{part}'] = np.rad2deg(np.vstack([q[1:] for q, _, _ in blocks])).T
    savemat(folder / 'forward_identification_without_raw_data_shifted.mat', content)


def _kuka_lwr(folder: Path) -> None:
    content = {}
    for run in range(1, 11):
        q, dq, effort = motion(201, 7, 0.01, run)
        now = np.hstack([q, dq, effort])[:-1]
        content[f'kukatraj{run}'] = np.hstack([now, q[1:], dq[1:]])
    savemat(folder / 'KukaDirectDynamics.mat', content)


def _kuka_weigand2021(folder: Path) -> None:
    for seed, name in enumerate('ABC'):
        q, dq, effort = motion(400, 6, 0.004, seed)
        rec = {
            'time_cont': 0.004 * np.arange(400),
            'act_pos_mot_deg': np.rad2deg(q).T,
            'act_vel_mot_deg_per_s': np.rad2deg(dq).T,
            'act_torque_abs_nm': effort.T,
            'ref_pos_deg': np.rad2deg(q).T,
        }
        savemat(folder / f'traj_{name}.mat', {'rec': rec})


def _ur10e_innopolis(folder: Path) -> None:
    files = ('ur-20_02_05-20sec_8harm', 'ur-20_02_06-20sec_10harm', 'ur-20_01_17-ptp_10_points')
    for seed, name in enumerate(files):
        q, dq, current = motion(500, 6, 0.01, seed)
        rows = np.hstack([0.01 * np.arange(500)[:, None], q, dq, *[current] * 3])
        np.savetxt(folder / f'{name}.csv', rows, delimiter=',')
