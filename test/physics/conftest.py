# SPDX-License-Identifier: Apache-2.0
"""The planar arm for the tests of this folder."""

from planar_arm import planar, recorded

__all__ = ['planar', 'recorded']
