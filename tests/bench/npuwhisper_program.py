# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs this checkout's npuwhisper-transcribe, for the measurements next to this file."""

import json
import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = ROOT / 'build' / 'programs' / 'transcribe' / 'npuwhisper-transcribe'


class ProgramError(Exception):
    """Raised if the program cannot be run or fails. The message is for the user."""


def transcribe(files, options, environment=None, program=PROGRAM, wrapper=()):
    """Yields the program's JSON object for each of `files`, in order, as soon as it is available.

    Runs one process for all files. The process loads the model before the clock of the first file
    starts. A file that cannot be transcribed has "error" in its object and does not stop the other
    files. `wrapper` is a command that runs the program, such as `npuwhisper-emulate npu2 --`.
    """
    if not program.exists():
        raise ProgramError(f'{program} is not there: run tools/setup')
    variables = {**os.environ, **(environment or {})}
    # In a build folder, the plugin is in `gst`. The folder that contains the program differs
    # between versions of the checkout. An installed program finds the plugin itself.
    build = next((folder for folder in program.parents if (folder / 'meson-info').is_dir()), None)
    if build:
        variables['GST_PLUGIN_PATH'] = str(build / 'gst')
        variables['GST_REGISTRY'] = str(build / 'gst-registry.bin')
    command = [*wrapper, program, '--quiet', '--format', 'json', *options, '--', *files]
    process = subprocess.Popen([str(word) for word in command], env=variables, encoding='utf8',
                               stdout=subprocess.PIPE)
    left = [str(file) for file in files]
    try:
        for line in process.stdout:
            result = json.loads(line)
            if not left or result['file'] != left.pop(0):
                raise ProgramError(f'{program} reports on {result["file"]} out of turn')
            yield result
        status = process.wait()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        process.stdout.close()
    if left:
        raise ProgramError(f'{program} ended with status {status} before {left[0]}')
