# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests npuwhisperbin with HTTP Live Streaming: a complete stream, and one that is still being written.

The text is compared with that of the same recording as a WAV file. Skipped (exit status 77) without
the model or the recordings.
"""
import contextlib
import functools
import http.server
import pathlib
import subprocess
import tempfile
import threading
import time
import unittest

import clips
import compare
import media_run
import rows

SEGMENT = 2  # Duration of each HLS segment in seconds.
ENCODE = ('-c:v libx264 -preset ultrafast -tune zerolatency -pix_fmt yuv420p -g 50 -c:a aac -b:a 96k '
          f'-ar 48000 -f hls -hls_time {SEGMENT}').split()


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format, *args):  # pylint: disable=redefined-builtin
        pass


@contextlib.contextmanager
def served(folder):
    """Serves `folder` over HTTP, and yields the server's URL."""
    handler = functools.partial(QuietHandler, directory=folder)
    with http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f'http://127.0.0.1:{server.server_port}'
        finally:
            server.shutdown()
            thread.join()


def encoder(speech, playlist, *options):
    """Returns the ffmpeg command that writes a picture and `speech` as HLS."""
    picture = ['-f', 'lavfi', '-i', f'testsrc2=size={clips.SIZE}:rate=25:duration={clips.LENGTH}']
    return ['ffmpeg', '-nostdin', '-v', 'error', '-re', *picture, '-re', '-i', str(speech), *ENCODE,
            *options, str(playlist)]


@unittest.skipUnless(rows.can_run(), 'needs the model base, silero-vad and pocketsphinx-testdata')
class Hls(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix='npuwhisper-hls-')
        self.addCleanup(folder.cleanup)
        self.files = clips.Clips(folder.name)
        self.folder = self.files.folder
        self.playlist = self.folder / 'talk.m3u8'
        self.said = [word for word, _ in
                     compare.timed_words(media_run.transcribe(self.files.speech))]

    def write(self):
        command = [part for part in encoder(self.files.speech, self.playlist, '-hls_list_size', '0')
                   if part != '-re']
        subprocess.run(command, check=True, timeout=clips.LONGEST)

    def check(self, uri, mode='overlay'):
        plain = media_run.media_run(uri)
        ours = media_run.media_run(uri, mode)
        self.assertTrue(ours['ended'] and not ours['error'], ours['error'])
        self.assertEqual(compare.media_differences(plain, ours, mode == 'overlay'), {})
        self.check_words(ours)

    def check_words(self, ours):
        found = compare.words_of_cues(ours['cues'])
        self.assertLessEqual(compare.word_errors(self.said, found), 1, ' '.join(found))

    def test_whole_stream(self):
        self.write()
        with served(self.folder) as address:
            self.check(f'{address}/{self.playlist.name}')

    def test_whole_stream_from_files(self):
        self.write()
        self.check(self.playlist.as_uri(), 'cea708')

    def test_stream_that_is_being_written(self):
        command = encoder(self.files.speech, self.playlist, '-hls_list_size', '0',
                          '-hls_playlist_type', 'event')
        with served(self.folder) as address, subprocess.Popen(command) as writer:
            while not self.playlist.exists():
                self.assertIsNone(writer.poll(), 'ffmpeg has ended without a playlist')
                time.sleep(0.1)
            ours = media_run.media_run(f'{address}/{self.playlist.name}', 'overlay')
            self.assertEqual(writer.wait(timeout=clips.LONGEST), 0)
        self.assertTrue(ours['ended'] and not ours['error'], ours['error'])
        self.check_words(ours)


if __name__ == '__main__':
    rows.program.main()
