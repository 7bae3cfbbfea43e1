# SPDX-License-Identifier: Apache-2.0
"""Scripted runs over ROS."""
