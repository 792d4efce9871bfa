# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests the page of npuwhisper-monitor in Chromium.

Also creates the picture of the README: `NPUWHISPER_PICTURES` names a folder for monitor.png.
"""
import os
import pathlib
import signal
import tempfile
import unittest

import browser
import program
from browser import Browser
from monitor_program import Monitor, write_clip
from program import needs_speech
from speech_text import share_found

LINES = "[...document.querySelectorAll('#lines li span')].map(e => e.textContent).join(' ')"
STATE = "document.getElementById('state').dataset.state"
BACKGROUND = 'getComputedStyle(document.body).backgroundColor'
PARTIAL = "document.querySelector('#lines .partial, #partial:not([hidden])')"
OVERFLOWS = 'document.documentElement.scrollWidth > document.documentElement.clientWidth'


@needs_speech
@unittest.skipUnless(browser.PROGRAM, 'needs the package chromium')
class Page(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix='npuwhisper-e2e-')
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.clip = self.folder / 'sense-and-sensibility.wav'
        self.spoken = write_clip(self.clip, 0, 1)

    def monitor(self, *args, port=0):
        return Monitor(self.clip, '--language', 'en', *args, port=port)

    def test_carries_the_token(self):
        with Browser(1000, 420) as page:
            with self.monitor('--token', 'correct-horse-battery-staple') as monitor:
                page.open(monitor.url)
                page.wait_for(f"{STATE} === 'listening'")
                page.wait_for(f'{LINES}.length > 0')
            self.assertEqual(page.complaints(), [])

    def test_shows_what_is_said(self):
        with Browser(1000, 420) as page:
            with self.monitor() as monitor:
                page.open(monitor.url)
                page.wait_for(f"{STATE} === 'listening'")
                page.wait_for(f'{LINES}.length > 60')
                self.check_page(page, monitor.url)
                self.check_partial_words(page)
                folder = pathlib.Path(os.environ.get('NPUWHISPER_PICTURES', self.folder))
                page.picture(folder / 'monitor.png')
                self.assertGreater((folder / 'monitor.png').stat().st_size, 5000)
                page.wait_for(f"{STATE} === 'ended'")
                text = page.evaluate(LINES)
                self.assertGreaterEqual(share_found(self.spoken, text), 0.7, text)
                self.check_looks(page)
                status, _, complaints = monitor.stop(signal.SIGTERM)
                self.assertEqual(status, 0, complaints)
            page.wait_for(f"{STATE} === 'disconnected'")
            self.assertEqual(page.evaluate(LINES), text)  # The text so far remains.
            port = int(monitor.url.rstrip('/').rsplit(':', 1)[1])
            with self.monitor(port=port):
                page.wait_for(f"{STATE} === 'listening'")
                # The lines of another run of the program replace the old ones.
                page.wait_for(f'{LINES}.length > 0 && {LINES}.length < 200')
            self.assertEqual(page.complaints(), [])

    def test_an_operator_corrects_text_before_it_is_on_the_stage(self):
        field = "document.querySelector('#held input')"
        with Browser(1000, 420) as desk, Browser(1280, 720) as stage:
            with self.monitor('--latency', 4000, '--review', 5000,
                              '--desk-token', 'token-of-the-operator') as monitor:
                desk.open(monitor.process.stdout.readline().strip())
                stage.open(monitor.url + 'stage')
                desk.wait_for(f'{field} !== null')
                desk.evaluate(f"{field}.focus(), {field}.value = 'Corrected words', {field}"
                              ".dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter'}))")
                desk.wait_for("document.querySelector('#held .corrected') !== null")
                folder = pathlib.Path(os.environ.get('NPUWHISPER_PICTURES', self.folder))
                desk.picture(folder / 'desk.png')
                text = "document.getElementById('lines').textContent"
                stage.wait_for(f'{text}.length > 40')
                self.assertTrue(stage.evaluate(text).startswith('Corrected words'),
                                stage.evaluate(text))
                stage.picture(folder / 'stage.png')
                self.assertFalse(stage.evaluate(OVERFLOWS))
                desk.wait_for("document.querySelector('#out .corrected') !== null")
            self.assertEqual(desk.complaints() + stage.complaints(), [])

    def check_page(self, page, url):
        readings = page.evaluate("document.querySelector('dl').innerText")
        for name in ('Source', 'Delay', 'Longest', 'Load', 'Heard', 'Device'):
            self.assertIn(name, readings)
        page.wait_for("/^\\d+\\.\\d s$/.test(document.getElementById('delay').textContent)")
        page.wait_for("/^\\d+ % of a core$/.test(document.getElementById('load').textContent)")
        self.assertEqual([asked for asked in page.requests()
                          if not asked.startswith((url, 'data:', 'about:'))], [])
        told = page.accessible()
        roles = [role for role, _ in told]
        for role in ('heading', 'status', 'main', 'log'):
            self.assertIn(role, roles)
        self.assertIn(('main', 'Captions'), told)

    def check_partial_words(self, page):
        """Waits for partial words. Checks that their colour differs from that of final words."""
        page.wait_for(f'{PARTIAL} !== null')
        final, partial = page.evaluate(
            f"[document.querySelector('#lines li span'), {PARTIAL}]"
            '.map(e => getComputedStyle(e).color)')
        self.assertNotEqual(final, partial)

    def check_looks(self, page):
        page.prefer('dark')
        dark = page.evaluate(BACKGROUND)
        page.prefer('light')
        self.assertNotEqual(page.evaluate(BACKGROUND), dark)
        for width in (320, 1000):
            page.resize(width, 640)
            self.assertFalse(page.evaluate(OVERFLOWS), width)
        # The last line is in view, and a user who has scrolled away can return to it.
        page.resize(320, 300)
        page.wait_for("document.querySelector('main').scrollTop > 0")
        page.evaluate("document.querySelector('main').scrollTop = 0")
        page.wait_for("!document.getElementById('follow').hidden")
        page.evaluate("document.getElementById('follow').click()")
        page.wait_for("document.getElementById('follow').hidden")


if __name__ == '__main__':
    program.main()
