# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs npuwhisper-player, presses its keys, and reads what arrived at its sinks.

NPUWHISPER_PLAYER names the program. GStreamer must find the element mediaobserver
(observer_sink.cpp).
"""
import json
import os
import subprocess

from media_run import MODEL, Watchdog, environment, media_run

# The elements that the player puts in front of its sinks.
BEFORE = {'video': 'videoconvert ! videoscale',
          'audio': 'audioconvert ! audioresample'}
# Each key with the beginning of the player's answer. The seek goes ten seconds forwards and back
# again, so that all words are transcribed.
KEYS = {'pause': [], 'seek': [('\x1b[C', 'at '), ('\x1b[D', 'at ')]}
NOT_SOUGHT = 'this stream cannot seek'


class Observers:
    """Sinks for one run, which write their reports to files next to `path`."""

    def __init__(self, path, name, hold_at=0):
        self.files = {media: path.with_name(f'{path.name}-{name}-{media}.json')
                      for media in ('audio', 'video')}
        self.sinks = {media: f'mediaobserver media={media} report={file} hold-at={hold_at}'
                      for media, file in self.files.items()}

    def reports(self):
        """Returns {'audio': report, 'video': report, 'from': time}. The reports have the format of
        media-run. Missing streams are left out. 'from' is the file's time, in nanoseconds, at which
        the first stream begins after a seek."""
        reports = {}
        begins = []
        for media, file in self.files.items():
            if not file.exists():
                continue
            report = json.loads(file.read_text('utf-8'))
            reports[media] = report['seen']
            begins.append(report['from'])
            file.unlink()
        # The segment of a stream that begins late also begins late.
        return {**reports, 'from': min(begins)}


class Failed(Exception):
    """The player ended with an error. The text is its output."""


def observed_run(path, *args, **kwargs):
    """Calls media_run() with observers as sinks. The elements of BEFORE precede these sinks."""
    observers = Observers(path, 'plain')
    sinks = {media: f'{BEFORE[media]} ! {sink}' for media, sink in observers.sinks.items()}
    done = media_run(path, *args, **kwargs, sinks=sinks)
    return {**done, **observers.reports()}


def play(path, action):
    """Returns {'audio': report, 'video': report, 'from': time, 'sought': whether all seeks succeeded}. The
    reports describe the data since the last seek, or all data without a seek. Raises Failed, Hang.

    Unless `action` is 'play', each sink holds one of its first buffers until the player is paused. The
    keys are therefore pressed near the beginning of the file, however fast the file plays.
    """
    observers = Observers(path, 'player', 0 if action == 'play' else 20 if action == 'pause' else 1)
    command = [os.environ['NPUWHISPER_PLAYER'], '--model', MODEL, '--language', 'en']
    for media, sink in observers.sinks.items():
        command += [f'--{media}sink', sink]
    with subprocess.Popen([*command, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, encoding='utf-8', bufsize=1,
                          env=environment(path)) as process:
        with Watchdog(process):
            sought = action == 'play' or _press_keys(process, action)
            _, complaints = process.communicate()
    if process.returncode != 0:
        raise Failed(complaints)
    return {'video': [], **observers.reports(), 'sought': sought}


def _press_keys(process, action):
    """Pauses, presses the keys of `action` and resumes. Returns False if seeking is impossible."""

    def expect(*answers):
        for line in process.stdout:
            if line.startswith(answers):
                return line.strip()
        return ''  # The program has ended.

    def press(key):
        try:
            process.stdin.write(key)
            process.stdin.flush()
        except BrokenPipeError:
            pass  # The program has ended, and its output says why.

    expect('playing')
    press(' ')
    expect('paused')
    sought = True
    for key, answer in KEYS[action]:
        press(key)
        sought = expect(answer, NOT_SOUGHT).startswith(answer) and sought
    press(' ')
    return sought
