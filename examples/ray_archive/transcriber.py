# SPDX-License-Identifier: LGPL-2.1-or-later
"""A process of npuwhisper-transcribe that keeps its model for any number of files."""
import fcntl
import json
import os
import re
import select
import signal
import subprocess
import tempfile
import time

_PLAIN_EXTENSION = re.compile(r'\.[A-Za-z0-9]{1,8}')


class TranscriberError(Exception):
    """A file was not transcribed. The message is the reason."""


class Transcriber:
    """Transcribes one file at a time. Starts the process again if it has ended. For one thread, which
    must live as long as the process: the process gets SIGKILL when the thread that started it ends, so
    nothing remains of a worker that is killed.

    command: the command line of npuwhisper-transcribe with all options except those for files;
    formats: formats of the texts, among them json; folder: an empty folder for its files; time_limit:
    seconds for one file."""

    def __init__(self, command, formats, folder, time_limit):
        self._captions = [name for name in formats if name != 'json']
        self._command = ['setpriv', '--pdeathsig', 'KILL', *command, '--quiet', '--files-from=-',
                         '--output=-', '--format=json']
        for name in self._captions:
            self._command += [f'--output={folder}/', f'--format={name}']
        self._folder, self._time_limit = folder, time_limit
        self._process = None
        self._complaints = tempfile.TemporaryFile()
        # Without O_APPEND, the process would write beyond the new end of a file that was truncated.
        fcntl.fcntl(self._complaints, fcntl.F_SETFL, os.O_APPEND)
        self._answer = b''  # The part of the next answer that has arrived.

    def start(self):
        """Starts the process and waits until its model is loaded. Raises TranscriberError."""
        self._ask(os.fsencode(self._folder / 'missing'))  # The process answers that this file is missing.

    def transcribe(self, path):
        """Returns a dictionary with the transcript, and the paths of the other texts by format. The
        caller must move or remove these texts before the next call. Raises TranscriberError."""
        # The link gives the texts a known name. It also hides names that a list cannot contain.
        extension = os.path.splitext(path)[1]
        link = self._folder / f'input{extension if _PLAIN_EXTENSION.fullmatch(extension) else ""}'
        texts = {name: self._folder / f'input.{name}' for name in self._captions}
        for old in (link, *texts.values()):
            old.unlink(missing_ok=True)
        link.symlink_to(path)
        try:
            transcript = json.loads(self._ask(os.fsencode(link)))
        finally:
            link.unlink()
        if 'error' in transcript:
            raise TranscriberError(transcript['error'])
        transcript['file'] = path
        return transcript, texts

    def close(self):
        """Ends the process and frees its files. Later calls raise ValueError."""
        self._end()
        self._complaints.close()

    def _end(self):
        """Ends the process. The next file starts another one."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _ask(self, name):
        """Sends a name to the process. Returns its answer, a line of JSON."""
        if self._process is None:
            self._complaints.truncate(0)
            self._answer = b''
            self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE,
                                             stdout=subprocess.PIPE, stderr=self._complaints)
        try:
            self._process.stdin.write(name + b'\n')
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # The process has ended. Its output has ended too.
        end = time.monotonic() + self._time_limit
        output = self._process.stdout.fileno()
        while b'\n' not in self._answer:
            left = end - time.monotonic()
            if left <= 0 or not select.select([output], [], [], left)[0]:
                self._end()
                raise TranscriberError(f'not transcribed within {self._time_limit} s (--time-limit)')
            received = os.read(output, 1 << 20)
            if not received:
                raise TranscriberError(self._ended())
            self._answer += received
        answer, _, self._answer = self._answer.partition(b'\n')
        self._complaints.truncate(0)
        return answer

    def _ended(self):
        """Returns why the process has ended."""
        status = self._process.wait()
        self._end()
        self._complaints.seek(0)
        complaints = self._complaints.read()[-2000:].decode('utf-8', 'replace').strip()
        ended = (f'was ended by {signal.Signals(-status).name}' if status < 0
                 else f'ended with status {status}')
        return f'npuwhisper-transcribe {ended}' + (f': {complaints}' if complaints else '')
