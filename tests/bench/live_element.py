# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the element of this checkout from Python, for `live` and `streams`. Importing this module ends the program if
PyGObject is missing.
"""
import os
import pathlib
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
os.environ.setdefault('GST_PLUGIN_PATH', str(ROOT / 'build' / 'gst'))
os.environ.setdefault('GST_REGISTRY', str(ROOT / 'build' / 'gst-registry.bin'))

try:
    import gi
    gi.require_version('Gst', '1.0')
    from gi.repository import Gst
except (ImportError, ValueError) as error:
    sys.exit(f'{error}: install python3-gi and gir1.2-gstreamer-1.0, and run this with the '
             'Python that they are for (on Debian /usr/bin/python3)')

LOAD_SECONDS = 120


def wait_for_model(bus):
    """Waits until the element reports that the model is loaded, so that loading delays no words. Ends the program if
    the model cannot be loaded within LOAD_SECONDS."""
    end = time.monotonic() + LOAD_SECONDS
    while time.monotonic() < end:
        message = bus.timed_pop_filtered(Gst.SECOND,
                                         Gst.MessageType.PROGRESS | Gst.MessageType.ERROR)
        if message is None:
            continue
        if message.type == Gst.MessageType.ERROR:
            sys.exit(message.parse_error()[0].message)
        if message.parse_progress()[0] == Gst.ProgressType.COMPLETE:
            return
    sys.exit(f'the model was not there after {LOAD_SECONDS} s')


def running_time(pipeline):
    """Returns the running time of a pipeline, in seconds."""
    return (pipeline.get_clock().get_time() - pipeline.get_base_time()) / Gst.SECOND
