# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the pipelines of docs/captions.md exactly as written, and reads their captions back.

Meson sets GST_PLUGIN_PATH. Skipped (exit status 77) without the model or the recording, like the
other tests of this folder.
"""
import pathlib
import re
import subprocess
import tempfile
import unittest

import program

DOCUMENT = pathlib.Path(__file__).parents[2] / 'docs' / 'captions.md'
SPEECH = next(path for path in program.RECORDINGS if '0880' in path)
# The arguments with which ffmpeg reads the captions of each file. ffmpeg cannot read the captions of
# the other files, because they are pictures or are on line 21.
READERS = {
    'embedded.ts': "-f lavfi -i 'movie=embedded.ts[out+subcc]'",
    'live.ts': "-f lavfi -i 'movie=live.ts[out+subcc]'",
    'track.mov': '-i track.mov',
    'ancillary.mxf': '-eia608_extract 1 -i ancillary.mxf',
    'speech.srt': '-i speech.srt',
    'speech.vtt': '-i speech.vtt',
}


def pipelines():
    """Returns the gst-launch commands, each with its continuation lines."""
    return re.findall(r'^    (gst-launch-1\.0 (?:.*\\\n)*.*)$', DOCUMENT.read_text('utf-8'), re.M)


@program.needs_speech
class CaptionsDocument(unittest.TestCase):
    def test_pipelines(self):
        lines = pipelines()
        self.assertGreaterEqual(len(lines), 7)
        with tempfile.TemporaryDirectory() as folder:
            for line in lines:
                files = re.findall(r'filesink location=(\S+)', line)
                with self.subTest(files=files):
                    done = self.shell(f'SPEECH={SPEECH}; {line}', folder)
                    self.assertEqual(done.returncode, 0, done.stderr)
                    for file in files:
                        self.assertGreater((pathlib.Path(folder) / file).stat().st_size, 0)
                        if file in READERS:
                            # On a busy machine, some live speech is skipped.
                            wanted = '[a-z]{3}' if file == 'live.ts' else 'disposed'
                            captions = re.sub('<.*?>|{.*?}', '', self.captions(file, folder))
                            self.assertRegex(captions, wanted)
            self.assertEqual([f for f in READERS if not (pathlib.Path(folder) / f).exists()], [])

    def captions(self, file, folder):
        read = self.shell(f'ffmpeg -nostdin -v error {READERS[file]} -map 0:s:0 -f srt -', folder)
        self.assertEqual(read.returncode, 0, read.stderr)
        return read.stdout

    @staticmethod
    def shell(command, folder):
        return subprocess.run(['bash', '-c', command], cwd=folder, capture_output=True,
                              encoding='utf-8', timeout=300, check=False)


if __name__ == '__main__':
    program.main()
