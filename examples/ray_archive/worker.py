# SPDX-License-Identifier: LGPL-2.1-or-later
"""The worker on a machine of the cluster: a Ray actor with one transcriber for its whole life."""
import json
import os
import pathlib
import shutil
import socket
import tempfile
import time

from .results import Results
from .transcriber import Transcriber, TranscriberError


class Worker:
    """Hashes and transcribes files, one at a time.

    settings: see Results; options: the options of npuwhisper-transcribe; formats, time_limit: see
    Transcriber. The environment of the machine's Ray names the program (NPUWHISPER_TRANSCRIBE)."""

    def __init__(self, output, settings, options, formats, time_limit):
        self._results = Results(output, settings)
        self._folder = pathlib.Path(tempfile.mkdtemp(dir=self._results.partial()))
        self._transcriber = Transcriber([os.environ['NPUWHISPER_TRANSCRIBE'], *options], formats,
                                        self._folder, time_limit)

    def start(self):
        """Loads the model. Returns the name of the worker, "MACHINE:PROCESS". Raises TranscriberError."""
        self._transcriber.start()
        return f'{socket.gethostname()}:{os.getpid()}'

    def examine(self, path):
        """Returns the key and the size of a file. Raises OSError."""
        return self._results.key(path)

    def transcribe(self, path, key):
        """Transcribes a file and publishes its result. Returns (facts, None), or (None, reason) if the
        file was not transcribed. Raises OSError."""
        begin = time.monotonic()
        try:
            transcript, texts = self._transcriber.transcribe(path)
        except TranscriberError as error:
            return None, str(error)
        ready = self._folder / 'ready'
        shutil.rmtree(ready, ignore_errors=True)
        ready.mkdir()
        with open(ready / 'transcript.json', 'w', encoding='utf-8') as file:
            json.dump(transcript, file)
            file.write('\n')
        for name, text in texts.items():
            text.rename(ready / f'transcript.{name}')
        is_new = self._results.publish(key, ready)
        return {'audio_seconds': transcript['audio_seconds'],
                'wall_seconds': time.monotonic() - begin, 'is_new': is_new}, None
