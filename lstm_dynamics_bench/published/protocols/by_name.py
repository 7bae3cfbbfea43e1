# SPDX-License-Identifier: Apache-2.0
"""The protocols by name, for installations that still have an entry point for each of them."""

from lstm_dynamics_bench.published.sets import PROTOCOLS

globals().update(PROTOCOLS)
