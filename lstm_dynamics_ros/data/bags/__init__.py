# SPDX-License-Identifier: Apache-2.0
"""Bags of joint states, read and written without a ROS installation."""
