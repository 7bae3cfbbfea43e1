# SPDX-License-Identifier: Apache-2.0
"""Topics, services and parameters: names, types, quality of service, conversions, the graph."""
