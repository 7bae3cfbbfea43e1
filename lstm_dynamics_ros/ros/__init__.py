# SPDX-License-Identifier: Apache-2.0
"""The ROS 2 shell: nodes that wire, tick and publish, and do no arithmetic of their own."""
