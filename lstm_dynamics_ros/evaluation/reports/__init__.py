# SPDX-License-Identifier: Apache-2.0
"""Reports as HTML pages and pictures. The only importer of matplotlib."""
