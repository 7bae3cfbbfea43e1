# SPDX-License-Identifier: Apache-2.0
"""ROS 2 nodes. They wire, step and publish, and do no arithmetic of their own."""
