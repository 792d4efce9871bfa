# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs other programs for the checks."""
import pathlib
import shutil
import subprocess

TIMEOUT_S = 120
# The folder `tools` of a checkout, or `share/npuwhisper` below the prefix of an installation.
HERE = pathlib.Path(__file__).resolve().parents[1]


def run(*command):
    """Runs a command and returns (exit status, stdout, stderr). The status is None if there is no such program, or if
    it did not end within TIMEOUT_S."""
    try:
        done = subprocess.run(command, capture_output=True, encoding='utf8', errors='replace', timeout=TIMEOUT_S,
                              stdin=subprocess.DEVNULL, check=False)
    except FileNotFoundError:
        return None, '', f'{command[0]}: not found'
    except subprocess.TimeoutExpired:
        return None, '', f'{command[0]}: not finished within {TIMEOUT_S} s'
    return done.returncode, done.stdout, done.stderr


def own_program(name):
    """Returns the path of a program of this installation or checkout, or the one in PATH; None if there is none."""
    built = HERE.parent / 'build' / 'programs' / name.removeprefix('npuwhisper-') / name
    places = (HERE.parents[1] / 'bin' / name, built)
    return next((str(place) for place in places if place.is_file()), shutil.which(name))


def own_plugin():
    """Returns the plugin of this installation or checkout; None if there is none."""
    prefix = HERE.parents[1]
    folders = [*prefix.glob('lib*/gstreamer-1.0'), *prefix.glob('lib/*/gstreamer-1.0'), HERE.parent / 'build' / 'gst']
    plugins = (folder / 'libgstnpuwhisper.so' for folder in folders)
    return next((plugin for plugin in plugins if plugin.is_file()), None)
