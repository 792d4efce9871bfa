# SPDX-License-Identifier: LGPL-2.1-or-later
"""Transcripts of large archives on many machines, for examples/archive. docs/archive.md describes it."""
