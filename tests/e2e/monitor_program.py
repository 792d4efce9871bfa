# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs npuwhisper-monitor and reads its events, for the tests next to this file.

NPUWHISPER_MONITOR names the program; Meson sets it.
"""
import json
import os
import subprocess
import threading
import time
import urllib.request
import wave

import program

PROGRAM = os.environ.get('NPUWHISPER_MONITOR', 'npuwhisper-monitor')
LONGEST = 240  # Timeout in seconds, long enough for a busy machine.


def write_clip(path, *numbers):
    """Writes the recordings `numbers` to a WAV file, with pauses before, between and after the
    recordings. Returns their text."""
    pieces, rate = zip(*(program.read_samples(program.RECORDINGS[number]) for number in numbers))
    pause = bytes(rate[0])  # Half a second of 16-bit samples.
    with wave.open(str(path), 'wb') as clip:
        clip.setnchannels(1)
        clip.setsampwidth(2)
        clip.setframerate(rate[0])
        clip.writeframes(pause + b''.join(piece.tobytes() + 2 * pause for piece in pieces))
    return ' '.join(program.SPOKEN[number] for number in numbers)


class Monitor:
    """The running program, which serves on `port`, or on a free port if `port` is 0."""

    def __init__(self, *args, port=0):
        self.process = subprocess.Popen(
            [PROGRAM, '--port', str(port), *map(str, args)], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, encoding='utf-8')
        self.url = self.process.stdout.readline().strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def stop(self, sent):
        """Sends a signal. Returns the exit status, the seconds until the exit, and stderr."""
        start = time.monotonic()
        self.process.send_signal(sent)
        _, complaints = self.process.communicate(timeout=LONGEST)
        return self.process.returncode, time.monotonic() - start, complaints


class Events(threading.Thread):
    """Reads `path` until it ends, and collects (seconds, name, id, data) in `all`."""

    def __init__(self, url, last_id=None, path='events'):
        super().__init__(daemon=True)
        headers = {'Last-Event-ID': last_id} if last_id else {}
        self.request = urllib.request.Request(url + path, headers=headers)
        self.all = []
        self.complete = False  # True when the response has ended as HTTP requires.
        self.start()

    def run(self):
        with urllib.request.urlopen(self.request, timeout=LONGEST) as response:
            assert response.headers.get_content_type() == 'text/event-stream'
            fields = {}
            for line in response:
                line = line.decode('utf-8').rstrip('\n')
                if line:
                    name, _, value = line.partition(': ')
                    fields[name] = value
                elif 'event' in fields:
                    self.all.append((time.monotonic(), fields['event'], fields.get('id'),
                                     json.loads(fields['data'])))
                    fields = {}
        self.complete = True

    def named(self, name):
        return [data for _, event, _, data in self.all if event == name]

    def ids(self):
        return [number for _, event, number, _ in self.all if event == 'final']

    def state(self):
        statuses = self.named('status')
        return statuses[-1]['state'] if statuses else None

    def wait_for_state(self, *states):
        """Waits for one of `states` and returns it. Raises AssertionError if the events end or LONGEST passes first."""
        end = time.monotonic() + LONGEST
        while self.state() not in states:
            if time.monotonic() > end or not self.is_alive():
                raise AssertionError(f'no state {states} within {LONGEST} s: {self.all}')
            time.sleep(0.05)
        return self.state()
