# SPDX-License-Identifier: Apache-2.0
"""One control cycle without ROS: raw joint states in, predictions and a correction out."""
