# SPDX-License-Identifier: LGPL-2.1-or-later
"""The modules of tools/build-npu-image."""
