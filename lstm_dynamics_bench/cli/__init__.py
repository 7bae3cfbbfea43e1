# SPDX-License-Identifier: Apache-2.0
"""Commands of the benchmarks, found by `lstm-dynamics` through entry points."""
