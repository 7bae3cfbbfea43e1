# SPDX-License-Identifier: Apache-2.0
"""Runs of the tracking benchmark in real time over ROS, beside lockstep."""
