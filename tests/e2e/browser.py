# SPDX-License-Identifier: LGPL-2.1-or-later
"""Headless Chromium for tests of web pages.

Uses the DevTools protocol (https://chromedevtools.github.io/devtools-protocol/) over the pipes of
--remote-debugging-pipe. Messages are JSON objects that end with a zero byte: Chromium reads them
from file descriptor 3 and writes them to 4.
"""
import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

PROGRAM = shutil.which('chromium')
LONGEST = 240  # Timeout in seconds, long enough for a busy machine.


class Browser:
    """One page in a browser of its own."""

    def __init__(self, width=1000, height=640):
        self.profile = tempfile.TemporaryDirectory(prefix='npuwhisper-browser-')
        to_read, self.to_browser = os.pipe()
        self.from_browser, to_write = os.pipe()
        # F_DUPFD returns descriptors of at least 10, so that dup2() to 3 and 4 overwrites no
        # duplicate.
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (to_read, to_write)]

        def place_pipes():
            os.dup2(ends[0], 3)
            os.dup2(ends[1], 4)

        self.process = subprocess.Popen(
            [PROGRAM, '--headless=new', '--no-sandbox', '--disable-gpu', '--no-first-run',
             '--disable-dev-shm-usage', '--hide-scrollbars', '--remote-debugging-pipe',
             f'--user-data-dir={self.profile.name}', f'--window-size={width},{height}',
             'about:blank'],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            preexec_fn=place_pipes, close_fds=False)
        for end in (to_read, to_write, *ends):
            os.close(end)
        self.received = b''
        self.number = 0
        self.session = None
        self.events = []  # Messages other than answers to calls.
        target = self.call('Target.createTarget', url='about:blank')['targetId']
        self.session = self.call('Target.attachToTarget', targetId=target, flatten=True)['sessionId']
        for domain in ('Page', 'Runtime', 'Network', 'Log', 'Accessibility'):
            self.call(f'{domain}.enable')
        self.resize(width, height)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self.to_browser)
        os.close(self.from_browser)
        shutil.rmtree(self.profile.name, ignore_errors=True)
        self.profile.cleanup()

    def call(self, method, timeout=LONGEST, **params):
        self.number += 1
        message = {'id': self.number, 'method': method, 'params': params}
        if self.session:
            message['sessionId'] = self.session
        os.write(self.to_browser, json.dumps(message).encode() + b'\0')
        end = time.monotonic() + timeout
        while True:
            answer = self._receive(end - time.monotonic())
            if answer.get('id') == self.number:
                assert 'error' not in answer, (method, answer['error'])
                return answer['result']
            self.events.append(answer)

    def _receive(self, timeout):
        while b'\0' not in self.received:
            ready, _, _ = select.select([self.from_browser], [], [], max(timeout, 0))
            assert ready, 'the browser does not answer'
            got = os.read(self.from_browser, 1 << 16)
            assert got, 'the browser has ended'
            self.received += got
        message, _, self.received = self.received.partition(b'\0')
        return json.loads(message)

    def open(self, url):
        """Loads a page and returns when all of its resources are loaded."""
        known = len(self.events)
        self.call('Page.navigate', url=url)
        while not any(event.get('method') == 'Page.loadEventFired'
                      for event in self.events[known:]):
            self.events.append(self._receive(LONGEST))

    def resize(self, width, height):
        self.call('Emulation.setDeviceMetricsOverride', width=width, height=height,
                  deviceScaleFactor=1, mobile=False)

    def prefer(self, scheme):
        """Sets the preferred colour scheme, `light` or `dark`."""
        self.call('Emulation.setEmulatedMedia',
                  features=[{'name': 'prefers-color-scheme', 'value': scheme}])

    def evaluate(self, expression):
        """Returns the value of a JavaScript expression in the page."""
        result = self.call('Runtime.evaluate', expression=expression, returnByValue=True)
        assert 'exceptionDetails' not in result, result['exceptionDetails']
        return result['result'].get('value')

    def wait_for(self, expression, seconds=LONGEST):
        """Waits until the expression is true, and returns its value."""
        end = time.monotonic() + seconds
        while not (value := self.evaluate(expression)):
            assert time.monotonic() < end, f'not within {seconds} s: {expression}'
            time.sleep(0.05)
        return value

    def requests(self):
        """Returns the URLs that the page has requested."""
        return [event['params']['request']['url'] for event in self.events
                if event.get('method') == 'Network.requestWillBeSent']

    def complaints(self):
        """Returns the exceptions of the page's scripts, and the browser's log entries, such as policy
        violations. Leaves out log entries about the network."""
        exceptions = [event['params'] for event in self.events
                      if event.get('method') == 'Runtime.exceptionThrown']
        return exceptions + [event['params']['entry'] for event in self.events
                             if event.get('method') == 'Log.entryAdded' and
                             event['params']['entry']['source'] != 'network']

    def accessible(self):
        """Returns (role, name) of each node that the page exposes to assistive technology."""
        nodes = self.call('Accessibility.getFullAXTree')['nodes']
        return [(node['role']['value'], node.get('name', {}).get('value', ''))
                for node in nodes if not node.get('ignored')]

    def picture(self, path):
        """Writes a screenshot as a PNG file."""
        with open(path, 'wb') as file:
            file.write(base64.b64decode(self.call('Page.captureScreenshot', format='png')['data']))
