# SPDX-License-Identifier: LGPL-2.1-or-later
"""All checks of npuwhisper-doctor."""
import pathlib

from doctor.gstreamer import check_gstreamer
from doctor.machine import check_cpu, check_memory
from doctor.models import check_models
from doctor.npu import check_npu


def all_findings(root=pathlib.Path('/')):
    """Returns the findings of all checks.

    root: the folder that contains proc/ and sys/. It is / except in tests."""
    return [*check_cpu(root), *check_memory(root), *check_gstreamer(), *check_models(), *check_npu(root)]
