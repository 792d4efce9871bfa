# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests npuwhisper-player as users see it: keys, captions that are legible in the picture, errors.

NPUWHISPER_PLAYER names the program. If NPUWHISPER_PICTURE names a file, the test copies the picture
that shows the most words to that file. The README's picture is created this way.
"""
import os
import pathlib
import pty
import re
import resource
import shlex
import shutil
import signal
import subprocess
import tempfile
import termios
import threading
import time
import unittest
import unittest.mock

import program
from program import MODEL, RECORDINGS, SPOKEN, needs_speech

PLAYER = os.environ.get('NPUWHISPER_PLAYER', 'npuwhisper-player')
SILENT = ('--videosink', 'fakesink sync=true', '--audiosink', 'fakesink sync=true')
LONGEST = 240  # Timeout in seconds, long enough for a busy machine.


def words_of(text):
    return re.findall(r"[a-z']+", text.lower().replace('mr.', 'mister').replace('-', ' '))


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix='npuwhisper-player-')
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def make_video(self, seconds, size='640,height=360'):
        """Writes a video of a test card with the first recording as its sound. Returns its path."""
        path = self.folder / 'speech.mkv'
        subprocess.run(
            ['gst-launch-1.0', '-q', *(
                f'matroskamux name=m ! filesink location={path} '
                f'videotestsrc pattern=smpte75 num-buffers={10 * seconds} ! '
                f'video/x-raw,width={size},framerate=10/1 ! vp8enc deadline=1 cpu-used=8 ! queue ! '
                f'm. filesrc location={RECORDINGS[0]} ! wavparse ! audioconvert ! vorbisenc ! '
                'queue ! m.').split()],
            check=True, timeout=LONGEST)
        return path

    def play(self, *args, **kwargs):
        return subprocess.run([PLAYER, *map(str, args)], stdin=subprocess.DEVNULL,
                              capture_output=True, encoding='utf-8', timeout=LONGEST, check=False,
                              **kwargs)


@needs_speech
class Picture(Case):
    @unittest.skipUnless(shutil.which('tesseract'), 'needs tesseract-ocr to read the picture')
    def test_shows_what_is_said(self):
        video = self.make_video(9)
        done = self.play('--model', MODEL, '--language', 'en', '--audiosink', 'fakesink',
                         '--videosink', 'videorate ! video/x-raw,framerate=2/1 ! videoconvert ! '
                         f'pngenc ! multifilesink location={self.folder}/%02d.png', video)
        self.assertEqual(done.returncode, 0, done.stderr)
        pictures = sorted(self.folder.glob('*.png'))
        self.assertGreaterEqual(len(pictures), 16)
        read = {picture: words_of(subprocess.run(
            ['tesseract', picture, '-', '--psm', '11'], capture_output=True, encoding='utf-8',
            env=os.environ | {'OMP_THREAD_LIMIT': '1'}, check=True).stdout)
                for picture in pictures}
        wanted = words_of(SPOKEN[0])
        seen = {word for words in read.values() for word in words}
        found = [word for word in wanted if word in seen]
        self.assertGreaterEqual(len(found), 0.7 * len(wanted), read)
        if os.environ.get('NPUWHISPER_PICTURE'):
            best = max(pictures, key=lambda picture: len(set(read[picture]) & set(wanted)))
            shutil.copy(best, os.environ['NPUWHISPER_PICTURE'])


@needs_speech
class Keys(Case):
    def test_each_does_what_it_says(self):
        video = self.make_video(60, '160,height=90')
        player = subprocess.Popen([PLAYER, '--model', MODEL, *SILENT, video],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding='utf-8',
                                  bufsize=1)
        watchdog = threading.Timer(LONGEST, player.kill)
        watchdog.start()

        def expect(answer, key=''):
            player.stdin.write(key)
            player.stdin.flush()
            seen = []
            while True:
                line = player.stdout.readline()
                self.assertTrue(line, f'{answer!r} wanted, {seen} found')
                if re.fullmatch(answer, line.strip()):
                    return
                seen.append(line.strip())

        try:
            expect('playing')
            expect('language: en', 'l')
            expect('task: translate', 't')
            expect('task: transcribe', 't')
            expect('paused', ' ')
            expect('playing', ' ')
            expect(r'at \d\d s', '\x1b[C')
            expect(r'at \d+ s', '\x1b[D')
            expect('captions: off', 'c')
            expect('captions: on', 'c')
            player.stdin.write('q')
            player.stdin.flush()
            self.assertEqual(player.wait(LONGEST), 0)
        finally:
            watchdog.cancel()
            player.kill()
            player.wait()
            player.stdin.close()
            player.stdout.close()


class Terminal:
    """A terminal that runs a program as its session. The program's output is discarded."""

    def __init__(self, *command):
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            # Resets signals as a shell does, because the parent of the tests may ignore some
            # signals (nohup, for instance).
            for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, ())
            # A limit of 1 byte prevents core dumps. With a limit of 0, the kernel would still pipe a
            # core dump to a program that handles core dumps (core(5)).
            most = resource.getrlimit(resource.RLIMIT_CORE)[1]
            resource.setrlimit(resource.RLIMIT_CORE, (0 if most == 0 else 1, most))
            os.execvp(command[0], command)
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        try:
            while os.read(self.terminal, 4096):
                pass
        except OSError:
            pass  # The program has closed its end of the terminal.

    def type(self, text):
        os.write(self.terminal, text)

    def is_in_line_mode(self):
        mode = termios.tcgetattr(self.terminal)[3]
        assert bool(mode & termios.ECHO) == bool(mode & termios.ICANON)
        return bool(mode & termios.ECHO)

    def wait_for_line_mode(self, wanted):
        end = time.monotonic() + LONGEST
        while self.is_in_line_mode() != wanted:
            assert time.monotonic() < end, f'line mode {not wanted} found, {wanted} wanted'
            time.sleep(0.01)

    def end(self):
        """Waits for the program. Returns the signal that ended it, or minus its exit status."""
        _, status = os.waitpid(self.pid, 0)
        self.pid = 0
        return -os.waitstatus_to_exitcode(status)

    def close(self):
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.terminal)


@needs_speech
class LineMode(Case):
    """The shell finds the terminal unchanged, however the player ends."""

    PLAY = (PLAYER, '--model', MODEL, *SILENT, RECORDINGS[0])

    def open(self, *command):
        # By default, AddressSanitizer handles the signals of a crash and ends the program itself.
        # These options leave the signals to the player.
        options = os.environ.get('ASAN_OPTIONS', '') + ':handle_segv=0:handle_abort=0'
        with unittest.mock.patch.dict(os.environ, ASAN_OPTIONS=options):
            terminal = Terminal(*command)
        self.addCleanup(terminal.close)
        terminal.wait_for_line_mode(False)
        return terminal

    def test_is_back_after_a_key(self):
        for key, ended in ((b'q', 0), (b'\x03', signal.SIGINT), (b'\x1c', signal.SIGQUIT)):
            terminal = self.open(*self.PLAY)
            terminal.type(key)
            self.assertEqual(terminal.end(), ended)
            self.assertTrue(terminal.is_in_line_mode(), key)

    def test_is_back_after_a_signal(self):
        for sent in (signal.SIGTERM, signal.SIGHUP, signal.SIGSEGV, signal.SIGABRT):
            terminal = self.open(*self.PLAY)
            os.kill(terminal.pid, sent)
            self.assertEqual(terminal.end(), sent)
            self.assertTrue(terminal.is_in_line_mode(), sent)

    def test_is_back_after_a_signal_and_one_to_go_on(self):
        # timeout(1) and service managers send both signals, because a stopped program ends only
        # after it has continued.
        for _ in range(5):
            terminal = self.open(*self.PLAY)
            os.kill(terminal.pid, signal.SIGTERM)
            os.kill(terminal.pid, signal.SIGCONT)
            self.assertEqual(terminal.end(), signal.SIGTERM)
            self.assertTrue(terminal.is_in_line_mode())

    def test_is_back_after_a_fault_in_a_plugin_that_is_loaded(self):
        plugins = pathlib.Path(os.environ['NPUWHISPER_FAULTY_PLUGIN']).parent
        path = os.pathsep.join((str(plugins), os.environ.get('GST_PLUGIN_PATH', '')))
        registry = str(self.folder / 'registry.bin')
        with unittest.mock.patch.dict(os.environ, GST_PLUGIN_PATH=path, GST_REGISTRY=registry):
            subprocess.run(['gst-inspect-1.0', '--exists', 'fakesink'], check=True, timeout=LONGEST)
            file = self.folder / 'fault'
            with unittest.mock.patch.dict(os.environ, NPUWHISPER_FAULT=str(file)):
                terminal = self.open(*self.PLAY)
                file.touch()
                self.assertEqual(terminal.end(), signal.SIGSEGV)
                self.assertTrue(terminal.is_in_line_mode())

    def test_is_back_while_it_is_stopped(self):
        # Runs the player in a shell with job control. Without job control, Ctrl-Z does not stop the
        # player.
        play = shlex.join(map(str, self.PLAY))
        terminal = self.open('bash', '-m', '-c', f'{play}; read; fg')
        terminal.type(b'\x1a')
        terminal.wait_for_line_mode(True)
        terminal.type(b'\n')
        terminal.wait_for_line_mode(False)
        terminal.type(b'\x03')
        self.assertEqual(terminal.end(), -128 - signal.SIGINT)
        self.assertTrue(terminal.is_in_line_mode())


@needs_speech
class Sound(Case):
    def test_alone_is_captioned_on_black_and_ends(self):
        frames = self.folder / 'frames.gray'
        done = self.play('--model', MODEL, '--audiosink', 'fakesink', '--videosink',
                         'video/x-raw,width=160,height=90 ! videoconvert ! '
                         f'video/x-raw,format=GRAY8 ! filesink location={frames}', RECORDINGS[1])
        self.assertEqual(done.returncode, 0, done.stderr)
        picture = frames.read_bytes()
        n_frames = len(picture) // (160 * 90)
        self.assertGreaterEqual(n_frames, 25 * 2.9)  # The video lasts as long as the recording.
        black = picture[:90 * 40]  # The rows above the captions, in the first frame.
        self.assertEqual(set(black), {black[0]})
        with_text = [i for i in range(n_frames)
                     if max(picture[160 * 90 * i:160 * 90 * (i + 1)]) > black[0] + 100]
        self.assertGreater(len(with_text), 25)


@needs_speech
class OtherPlayers(Case):
    """The commands of docs/players.md for players without support for npuwhisper."""

    def launch(self, line):
        subprocess.run(['gst-launch-1.0', '-q', *shlex.split(line)], check=True, timeout=LONGEST,
                       cwd=self.folder)

    def expect_spoken(self, file):
        """Checks that the file has subtitles with the spoken words. Reads them with ffmpeg."""
        srt = subprocess.run(['ffmpeg', '-v', 'error', '-i', self.folder / file, '-map', '0:s',
                              '-f', 'srt', '-'], capture_output=True, encoding='utf-8',
                             check=True).stdout
        found = words_of(srt)
        wanted = words_of(SPOKEN[0])
        self.assertGreaterEqual(len([word for word in wanted if word in found]), 0.9 * len(wanted))

    def test_show_a_subtitle_track(self):
        self.make_video(9, '160,height=90')
        unlimited = 'queue max-size-time=0 max-size-bytes=0 max-size-buffers=0'
        self.launch(
            'matroskamux name=m ! filesink location=captioned.mkv '
            'filesrc location=speech.mkv ! matroskademux name=d '
            f'd.video_0 ! {unlimited} ! m.video_0 '
            f'd.audio_0 ! tee name=t  t. ! {unlimited} ! m.audio_0 '
            f't. ! {unlimited} ! decodebin ! audioconvert ! audioresample ! '
            'npuwhisper ! queue ! m.subtitle_0')
        self.expect_spoken('captioned.mkv')

    def test_write_down_what_they_play(self):
        uri = self.make_video(9, '160,height=90').as_uri()
        self.launch(
            f'playbin uri={uri} video-sink=fakesink audio-sink="fakesink sync=false" '
            'audio-filter="tee name=t  t. ! queue  t. ! queue ! audioconvert ! '
            'audioresample ! npuwhisper ! srtenc ! filesink async=false location=live.srt"')
        self.expect_spoken('live.srt')


class Mistakes(Case):
    def test_are_named(self):
        for args, status, message in (
                ((), 2, 'FILE'),
                (('a.mkv', 'b.mkv'), 2, 'FILE'),
                ((*SILENT, 'no-such-file.mkv'), 1, 'not found'),
                (('--videosink', 'nonsense', 'a.mkv'), 1, 'nonsense'),
                (('--model', 'no-such-model', *SILENT, RECORDINGS[0]), 1, 'no-such-model')):
            done = self.play(*args)
            self.assertEqual(done.returncode, status, args)
            self.assertIn(message, done.stderr)

    def test_a_missing_decoder_names_its_package(self):
        alac = self.folder / 'speech.m4a'
        subprocess.run(['ffmpeg', '-v', 'error', '-i', RECORDINGS[1], '-c:a', 'alac', alac],
                       check=True, timeout=LONGEST)
        # A feature of rank NONE is not autoplugged, as if it were not installed.
        done = self.play(*SILENT, alac,
                         env={**os.environ, 'GST_PLUGIN_FEATURE_RANK': 'avdec_alac:NONE'})
        self.assertEqual(done.returncode, 1)
        self.assertIn('gstreamer1.0-libav', done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)


if __name__ == '__main__':
    program.main()
