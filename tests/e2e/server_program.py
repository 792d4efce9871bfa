# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs npuwhisper-server and sends requests to it, for the tests next to this file.

NPUWHISPER_SERVER names the program; Meson sets it.
"""
import http.client
import json
import os
import pathlib
import subprocess
import threading
import time
import uuid

PROGRAM = os.environ.get('NPUWHISPER_SERVER', 'npuwhisper-server')
MODEL = 'tiny.en'
LONGEST = 240  # Timeout in seconds, long enough for a busy machine.
TRANSCRIPTIONS = '/v1/audio/transcriptions'


class Server:
    """The running program, which serves on a free port."""

    def __init__(self, *args, env=None):
        self.process = subprocess.Popen(
            [PROGRAM, '--port', '0', '--model', MODEL, '--beam-size', '1', *map(str, args)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding='utf-8',
            env={**os.environ, **(env or {})})
        self.url = self.process.stdout.readline().strip()
        self.host = self.url.split('/')[2] if self.url else None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def connect(self):
        return http.client.HTTPConnection(self.host, timeout=LONGEST)

    def get(self, path, headers=None):
        """Returns the status, the headers and the body of the response."""
        connection = self.connect()
        connection.request('GET', path, headers=headers or {})
        return answer_of(connection)

    def post(self, file=None, path=TRANSCRIPTIONS, headers=None, **fields):
        """Uploads the bytes `file` with the fields of the form. Returns the status, the headers and the body of
        the response."""
        body, kind = form(file, **fields)
        connection = self.connect()
        connection.request('POST', path, body, {'Content-Type': kind, **(headers or {})})
        return answer_of(connection)

    def text(self, file, **fields):
        """Uploads the bytes `file`. Returns the text of the response, and raises AssertionError if it is an error."""
        status, _, body = self.post(file, **fields)
        assert status == 200, body
        return body.decode()

    def metric(self, name):
        """Returns the value of a metric without labels."""
        _, _, body = self.get('/metrics')
        [line] = [line for line in body.decode().splitlines() if line.startswith(name + ' ')]
        return float(line.split()[1])

    def wait_for_metric(self, name, value):
        end = time.monotonic() + LONGEST
        while self.metric(name) != value:
            if time.monotonic() > end:
                raise AssertionError(f'{name} is not {value} within {LONGEST} s')
            time.sleep(0.02)

    def wait_for_decoder(self):
        """Waits for a process that decodes an upload. Returns its id."""
        pid = self.process.pid
        end = time.monotonic() + LONGEST
        while True:
            for child in pathlib.Path(f'/proc/{pid}/task/{pid}/children').read_text('utf-8').split():
                # Before it has started the program, a child has the arguments of its parent.
                if b'--decode-upload' in command_line(child):
                    return int(child)
            if time.monotonic() > end:
                raise AssertionError(f'no decoder within {LONGEST} s')

    def stop(self, sent):
        """Sends a signal. Returns the exit status and stderr."""
        self.process.send_signal(sent)
        _, complaints = self.process.communicate(timeout=LONGEST)
        return self.process.returncode, complaints


class Upload(threading.Thread):
    """An upload in a thread of its own. `answer` is the result of Server.post(), or None if the server ended before
    its answer."""

    def __init__(self, server, file, **fields):
        super().__init__(daemon=True)
        self.answer = None
        self.arguments = (server, file, fields)
        self.start()

    def run(self):
        server, file, fields = self.arguments
        try:
            self.answer = server.post(file, **fields)
        except (OSError, http.client.HTTPException):
            pass


def command_line(pid):
    """Returns the arguments of a process, or b'' if it has ended."""
    try:
        return pathlib.Path(f'/proc/{pid}/cmdline').read_bytes()
    except FileNotFoundError:
        return b''


def answer_of(connection):
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, response.headers, body


def form(file=None, **fields):
    """Returns a body of the type multipart/form-data, and its Content-Type. Sets the model unless `fields` does. A
    list is sent as several fields, whose name ends in []."""
    boundary = uuid.uuid4().hex
    fields = {'model': MODEL, **fields}
    parts = []
    for name, value in fields.items():
        for entry in value if isinstance(value, list) else [value]:
            suffix = '[]' if isinstance(value, list) else ''
            parts.append(f'Content-Disposition: form-data; name="{name}{suffix}"\r\n\r\n{entry}'.encode())
    if file is not None:
        parts.append(b'Content-Disposition: form-data; name="file"; filename="upload"\r\n'
                     b'Content-Type: application/octet-stream\r\n\r\n' + file)
    mark = f'--{boundary}'.encode()
    body = b''.join(mark + b'\r\n' + part + b'\r\n' for part in parts) + mark + b'--\r\n'
    return body, f'multipart/form-data; boundary={boundary}'


def events_of(body):
    """Returns the (name, data) of the Server-Sent Events in `body`."""
    events = []
    for block in body.decode().split('\n\n'):
        if block:
            name, data = block.split('\n')
            events.append((name.removeprefix('event: '), json.loads(data.removeprefix('data: '))))
    return events
