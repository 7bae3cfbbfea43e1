# SPDX-License-Identifier: Apache-2.0
"""Nodes started, played to and watched over ROS."""
