# SPDX-License-Identifier: Apache-2.0
"""The embedded robots: physics that the nominal model does not know, in lockstep or real time."""
