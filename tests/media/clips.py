# SPDX-License-Identifier: LGPL-2.1-or-later
"""Creates the files of the media matrix with ffmpeg, from recorded speech and a test picture."""
import hashlib
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / 'e2e'))
from program import RECORDINGS  # noqa: E402

FIRST, OTHER, SECOND = RECORDINGS[2], RECORDINGS[1], RECORDINGS[0]
FIRST_SECONDS, PAUSE, LENGTH = 5.3, 0.7, 13.1  # Seconds of a sentence, a pause and the whole speech.
SECOND_BEGINS = FIRST_SECONDS + PAUSE
LATE = 6
VIDEO_SECONDS = 2  # Length of the video in the shape 'long'.
HOURS = 7200
CODED_BEFORE = 2048  # Number of samples that AAC encoders put before the sound and that decoders cannot drop.
QUIET = 1.8  # Seconds before the speech begins.
SIZE = '192x108'
LONGEST = 900  # Time limit of ffmpeg in seconds, long enough for a busy machine.

# With several threads, libvpx busy-waits for each row of such a small picture. At 60 frames a
# second, a clip took 13.4 s of CPU time with two threads on a busy machine, and 0.2 s with one.
VIDEO_CODECS = {
    'h264': '-c:v libx264 -preset ultrafast -bf 2 -b_strategy 0 -g 50',
    'h265': '-c:v libx265 -preset ultrafast -x265-params log-level=error:keyint=50',
    'vp8': '-c:v libvpx -deadline realtime -cpu-used 16 -threads 1 -b:v 300k -g 50',
    'vp9': '-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -b:v 300k -g 50',
    'av1': '-c:v libaom-av1 -usage realtime -cpu-used 8 -b:v 300k -g 50',
    'mpeg2': '-c:v mpeg2video -b:v 1M -bf 2 -g 25'}
AUDIO_CODECS = {
    'aac': '-c:a aac -b:a 96k', 'mp3': '-c:a libmp3lame -b:a 64k', 'opus': '-c:a libopus -b:a 64k',
    'vorbis': '-c:a libvorbis -q:a 5', 'ac3': '-c:a ac3 -b:a 192k', 'flac': '-c:a flac',
    'pcm': '-c:a pcm_s16le'}


def ffmpeg(*args):
    """Runs ffmpeg. A list holds whole arguments. A string is split at spaces."""
    command = ['ffmpeg', '-nostdin', '-v', 'error', '-y']
    for arg in args:
        command += arg.split(' ') if isinstance(arg, str) else list(map(str, arg))
    done = subprocess.run([part for part in command if part], capture_output=True, encoding='utf-8',
                          timeout=LONGEST, check=False)
    if done.returncode != 0:
        raise RuntimeError(f'{" ".join(map(str, command))}: {done.stderr}')


def file_of(row):
    """Returns the part of a row that all rows of the same file share."""
    return row._replace(program='', action='')


class Clips:
    """Files in `folder`, each created once. Only one thread at a time may use a file."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.speech = self.folder / 'speech.wav'
        ffmpeg(['-i', FIRST, '-i', SECOND, '-filter_complex',
                f'[0:a]apad=pad_dur={PAUSE}[a];[a][1:a]concat=n=2:v=0:a=1', self.speech])
        self.other = self.folder / 'other.wav'
        ffmpeg(['-i', OTHER, '-af', f'apad=whole_dur={LENGTH}', self.other])

    def of(self, row):
        """Returns the file for a row of the table, and creates it if it does not exist."""
        name = hashlib.sha1(repr(file_of(row)).encode()).hexdigest()[:10]
        path = self.folder / f'{row.container}-{row.video}-{row.audio}-{row.shape}-{name}.{row.container}'
        if path.exists():
            return path
        making = path.with_name(f'making-{os.getpid()}-{path.name}')
        if row.shape == 'changes':
            self._make_changing(row, making)
        elif row.shape == 'edit-list':
            whole = making.with_name('whole-' + making.name)
            self._make(row, whole)
            # There is no key frame at 0.2 s. The file keeps the frames before 0.2 s, and an edit
            # list skips them.
            ffmpeg(['-ss', '0.2', '-i', whole, '-c', 'copy', '-strict', '-2', making])
        else:
            self._make(row, making)
        making.rename(path)
        return path

    def wav(self, path, track=0):
        """Writes the audio that ffmpeg decodes from `path` to a WAV file. Holes become silence. Returns its path."""
        out = path.with_name(f'{path.name}-{track}.wav')
        ffmpeg(['-i', path, '-map', f'0:a:{track}', '-af', 'aresample=async=1000', '-ac', '1', '-ar',
                '16000', out])
        return out

    def _picture(self, row, seconds, size=SIZE):
        rate = {'23.976': '24000/1001', 'variable': '30'}.get(row.fps, row.fps)
        return ['-f', 'lavfi', '-i', f'testsrc2=size={size}:rate={rate}:duration={seconds}']

    def _codecs(self, row, rate=None, channels=None):
        parts = []
        if row.video != 'none':
            parts += VIDEO_CODECS[row.video].split(' ') + ['-pix_fmt', 'yuv420p']
            if row.video == 'h264' and row.container == 'avi':
                parts += ['-bf', '0']  # The format has no presentation times.
            if row.fps == 'variable':
                parts += ['-vf', r"select='not(eq(mod(n\,7)\,3)+eq(mod(n\,11)\,5))'", '-vsync', 'vfr']
        parts += AUDIO_CODECS[row.audio].split(' ')
        parts += ['-ar', rate or row.rate, '-ac', channels or row.channels, '-strict', '-2']
        return parts

    def _make(self, row, path):
        has_video = row.video != 'none'
        late = LATE if row.shape == 'late' else 0
        quiet = QUIET if row.shape == 'quiet' else 0
        video_seconds = VIDEO_SECONDS if row.shape == 'long' else LENGTH + late + quiet
        parts = self._picture(row, video_seconds) if has_video else []
        parts += ['-itsoffset', late, '-i', self.speech]
        if row.shape == 'tracks':
            parts += ['-i', self.other]
        first = 1 if has_video else 0
        parts += ['-map', '0:v'] if has_video else []
        parts += ['-map', f'{first}:a']
        if row.shape == 'tracks':
            parts += ['-map', f'{first + 1}:a']
        parts += self._codecs(row)
        if row.shape == 'short':
            parts += ['-af', f'atrim=end={FIRST_SECONDS}']
        if row.shape == 'quiet':
            parts += ['-af', f'adelay={round(1000 * QUIET)}:all=1']
        if row.shape == 'holes':  # The hole lies in the pause, not in a sentence.
            parts += ['-af', f'aselect=not(between(t\\,{FIRST_SECONDS + .1}\\,{SECOND_BEGINS - .1}))']
        if row.shape == 'hours':
            parts += ['-output_ts_offset', HOURS]
        ffmpeg([*parts, path])

    def _make_changing(self, row, path):
        """Joins two recordings in one file, with different rates, channels and frame sizes."""
        with open(path, 'wb') as whole:
            for number, (source, rate, channels, size) in enumerate((
                    (FIRST, row.rate, row.channels, SIZE),
                    (SECOND, 48000 if row.rate != 48000 or row.audio == 'opus' else 44100,
                     1 if row.channels == 2 else 2, '256x144'))):
                part = path.with_name(f'part-{number}-{path.name}')
                seconds = SECOND_BEGINS if number == 0 else LENGTH - SECOND_BEGINS
                parts = self._picture(row, seconds, size) if row.video != 'none' else []
                parts += ['-i', source, *self._codecs(row, rate, channels)]
                parts += ['-af', f'apad=whole_dur={seconds}']
                if row.container == 'ts':
                    parts += ['-output_ts_offset', number * SECOND_BEGINS]
                ffmpeg([*parts, part])
                whole.write(part.read_bytes())
                part.unlink()
