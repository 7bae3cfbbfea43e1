# SPDX-License-Identifier: Apache-2.0
"""What stands between a computed torque and the robot: a software stop, no emergency stop."""
