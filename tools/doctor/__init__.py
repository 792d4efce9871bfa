# SPDX-License-Identifier: LGPL-2.1-or-later
"""The checks of npuwhisper-doctor."""
