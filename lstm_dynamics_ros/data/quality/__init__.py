# SPDX-License-Identifier: Apache-2.0
"""The data report: what is wrong with recordings, in words, and the latency of a robot."""
