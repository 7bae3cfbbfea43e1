# SPDX-License-Identifier: Apache-2.0
"""An embedded robot under correction in lockstep: scenarios, runs and their metrics."""
