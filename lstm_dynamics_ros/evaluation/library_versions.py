# SPDX-License-Identifier: Apache-2.0
"""Versions of the libraries that figures depend on."""

from importlib.metadata import PackageNotFoundError, version
import platform

from lstm_dynamics_ros import __version__


def library_versions(*more: str) -> dict[str, str]:
    """Return the versions that figures depend on, of what is installed.

    Args:
        more: Further distributions.
    """
    found = {'lstm_dynamics_ros': __version__, 'python': platform.python_version()}
    for name in ('onnxruntime', 'numpy', *more):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found | {'machine': platform.machine(), 'system': platform.system()}
