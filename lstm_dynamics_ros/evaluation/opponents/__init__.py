# SPDX-License-Identifier: Apache-2.0
"""What a roboticist would otherwise use, for benchmarks only."""
