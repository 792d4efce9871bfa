# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks one row of the media matrix."""
import functools
import json
import pathlib
import subprocess
import sys
import os

import clips
import compare
from media_run import MODEL, Hang, Unplayable, decode, media_run, run, transcribe

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / 'e2e'))
import program  # noqa: E402

PICTURE = 'videoconvert ! videoscale ! video/x-raw,format=GRAY8,width=192,height=108'
SOUND = 'audioconvert ! audioresample'


def can_run():
    """Whether the model and the recordings are there."""
    program.MODEL = MODEL
    return (program.model_folder() is not None and program.vad_weights() is not None and
            all(pathlib.Path(path).exists() for path in program.RECORDINGS))


class Checker:
    """Thread-safe. Files and what is said in them are made once."""

    def __init__(self, files):
        self.files = files

    def check(self, row):
        """'ok', perhaps with what could not be compared; AssertionError: the row fails."""
        path = self.files.of(row)
        checks = {'transcribe': self._transcribe, 'player': self._player}
        try:
            return checks.get(row.program, self._bin)(row, path)
        except Unplayable as error:
            if row.program in ('none', 'overlay', 'cea608', 'cea708'):
                media_run(path, row.program, row.action)  # It ends.
            return f'incomparable, GStreamer alone does not play it: {error}'

    @functools.lru_cache(maxsize=None)
    def _said(self, wav):
        return compare.timed_words(transcribe(wav))

    def _expected(self, row):
        """The words of the clean recording that the row should give, with their times in it."""
        words = self._said(self.files.speech)
        if row.shape == 'short':
            words = [timed for timed in words if timed[1] < clips.FIRST_SECONDS]
        if row.action == 'seek':
            words = [timed for timed in words if timed[1] >= clips.SECOND_BEGINS - 0.3]
        return words

    def _check_words(self, row, found, exact):
        """`exact(wav)` gives the words of the same audio as WAV, on the same path.

        They are asked for where the words differ from those of the clean recording.
        """
        expected = [word for word, _ in self._expected(row)]
        if row.shape == 'long' and row.program != 'transcribe':
            # Text ends with the video, and some of what follows may have come before.
            shown = sum(time + .5 < clips.VIDEO_SECONDS for _, time in self._expected(row))
            assert len(found) >= shown, f'text {" ".join(found)!r} until the video ends'
            expected = expected[:len(found)]
        if compare.word_errors(expected, found) <= 1:
            return
        for wav in self._wavs(row):
            same = exact(wav)[:len(found)] if row.shape == 'long' else exact(wav)
            if compare.word_errors(same, found) <= 1:
                return
        raise AssertionError(f'text {" ".join(found)!r}, of the same audio as WAV '
                             f'{" ".join(same)!r}')

    def _wavs(self, row):
        """The audio as WAV: as ffmpeg decodes it, and, where that differs in a doubtful word, as
        GStreamer does, to the last bit."""
        path = self.files.of(row)
        yield self.files.wav(path)
        wav = path.with_name(f'{path.name}-decoded.wav')
        if decode(path, wav):
            yield wav

    def _transcribe(self, row, path):
        try:
            done = transcribe(path)
        except AssertionError:
            self._plain(row, path)
            raise
        found = [word for word, _ in compare.timed_words(done)]

        def exact(wav):
            return [word for word, _ in self._said(wav)]
        self._check_words(row, found, exact)
        return 'ok'

    def _bin(self, row, path):
        plain = self._plain(row, path)
        # Where the speech begins, in the time of the stream.
        quiet = clips.QUIET if row.shape == 'quiet' else 0
        # A file without times does not know what the coder put before the sound.
        before = clips.CODED_BEFORE / row.rate if row.container == 'aac' else 0
        begin = max(plain['audio']['first'] / compare.SECOND, 0) + quiet + before
        at = 0.0
        if row.action == 'seek':
            begin = max(media_run(path)['audio']['first'] / compare.SECOND, 0) + quiet + before
            at = round(begin + clips.SECOND_BEGINS - 0.3, 3)
            plain = self._plain(row, path, at)
        ours = media_run(path, row.program, row.action, at)
        assert ours['ended'] and not ours['error'], f'ERROR of the pipeline: {ours["error"]}'
        if row.action == 'track':  # In the middle, at no exact place: the samples are two tracks'.
            plain['audio'] = ours['audio']
        differences = compare.media_differences(plain, ours, row.program == 'overlay')
        unstable = self._unstable(row, path, at, plain, differences.keys()) if differences else set()
        wrong = [f'{what}: {how}' for what, how in differences.items() if what not in unstable]
        note = ''
        if unstable:
            note = f' (not compared, since GStreamer alone differs: {", ".join(sorted(unstable))})'
        if row.program != 'none':
            wrong += self._captions(row, path, plain, ours, begin)
        assert not wrong, '; '.join(wrong)
        if not plain['sought'] and row.action in ('seek', 'half', 'double'):
            note += ' (GStreamer alone does not seek in it either)'
        return 'ok' + note

    def _unstable(self, row, path, at, plain, differences):
        """What differs between runs without our element whose queues differ in size: as many runs
        as it takes to see all of `differences` there.

        What was decoded before a seek leaves traces in some decoders (dither, overlaps), and how
        much that was depends on the queues.
        """
        unstable = set()
        for queue in 3 * (5, 1, 20):  # What is chance may come out alike a few times.
            again = self._plain(row, path, at, queue, .3)
            unstable |= set(compare.media_differences(plain, again))
            if differences <= unstable:
                break
        return unstable

    def _plain(self, row, path, at=0.0, queue=5, wait=0.0):
        """The pipeline without our element."""
        try:
            plain = media_run(path, None, row.action, at, queue, wait)
        except Hang as hang:
            raise AssertionError(f'without npuwhisper too: {hang}') from hang
        if not plain['ended']:
            raise Unplayable(plain['error'])
        return plain

    def _captions(self, row, path, plain, ours, begin):
        sought = plain['sought']
        if row.action == 'seek' and (not sought or not plain['audio']['bytes']):
            return []  # What is heard from where is not known; MOV with an edit list gives nothing.
        cues = ours['cues']

        def exact(wav):
            same = media_run(wav, row.program, row.action,
                             clips.SECOND_BEGINS - 0.3 if row.action == 'seek' else 0)
            return compare.words_of_cues(same['cues'])
        if row.action == 'track':
            assert cues, 'no text'
            return self._picture(row, plain, ours)
        self._check_words(row, compare.words_of_cues(cues), exact)
        expected = [(word, time + begin) for word, time in self._expected(row)]
        wrong = [f'caption {late}' for late in compare.late_cues(cues, expected)]
        if (row.container, row.audio) == ('avi', 'aac'):
            wrong = []  # avidemux counts large frames twice: by its times there are holes in the audio.
        return wrong + self._picture(row, plain, ours)

    def _picture(self, row, plain, ours):
        """What is seen, or sent, against the times of the text."""
        wrong = []
        cues = ours['cues']
        if plain['video'] and row.program == 'overlay':
            last = max(time for time, _, _, _ in plain['video'])
            frames = compare.covered_frames(plain['video'], ours['video'])
            seen = [cue for cue in cues if cue[0] < last]
            wrong += compare.picture_differences(frames, seen)
        elif plain['video']:
            frames = [(time, sent) for time, _, _, sent in ours['video']]
            last = max(time for time, _ in frames)
            wrong += compare.closed_caption_differences(
                frames, [cue for cue in cues if cue[0] < last - compare.SECOND])
        return wrong

    def _player(self, row, path):
        """Against the same elements without the bin, both into files."""
        results = {}
        for name in ('plain', 'ours'):
            raw, mkv = (path.with_name(f'{path.name}-{name}.{kind}') for kind in ('raw', 'mkv'))
            picture = f'matroskamux ! filesink location={mkv}'
            sound = f'filesink location={raw}'
            if name == 'ours':
                done = run([os.environ['NPUWHISPER_PLAYER'], '--model', MODEL, '--language', 'en',
                            '--videosink', f'{PICTURE} ! {picture}', '--audiosink', sound, path])
                assert done.returncode == 0, done.stderr
            else:
                done = media_run(path, sinks={'audio': f'{SOUND} ! {sound}',
                                              'video': f'{PICTURE} ! {picture}'})
                if not done['ended']:
                    raise Unplayable(done['error'])
            frames = None
            if mkv.exists():
                frames = self._frames(mkv)
            results[name] = (raw.read_bytes(), frames)
            raw.unlink()
        (plain_sound, plain), (our_sound, ours) = results['plain'], results['ours']
        assert our_sound == plain_sound, (
            f'the samples differ: {len(our_sound)} bytes found, {len(plain_sound)} wanted')
        if ours is None:
            assert plain is None and row.video != 'none', 'no picture'
            return 'ok (GStreamer alone shows no picture either)'
        begin = {'late': clips.LATE, 'quiet': clips.QUIET}.get(row.shape, 0)
        if plain is None:
            black = ours[0][2]
            plain = [(time, upper, black) for time, upper, _ in ours]
        assert len(ours) == len(plain), f'{len(ours)} frames found, {len(plain)} wanted'
        assert [f[:2] for f in ours] == [f[:2] for f in plain], 'times or pixels of frames differ'
        frames = [(time * compare.SECOND, lower != other[2])
                  for (time, _, lower), other in zip(ours, plain)]
        between = compare.shown(frames)
        last = frames[-1][0] / compare.SECOND
        expected = self._expected(row)
        for first in (expected[0][1], clips.SECOND_BEGINS):
            start = first + begin
            if start + 1 > last or row.shape in ('edit-list', 'hours') or (
                    row.shape == 'short' and first > 1):
                continue
            assert any(between(start - compare.SYNC, start + compare.SYNC + compare.EDGE)), (
                f'no caption about {start:.2f} s')
        return 'ok'

    def _frames(self, mkv):
        """[(seconds, checksum of the upper half, of the lower half)]."""
        shown = run(['ffmpeg', '-v', 'error', '-i', mkv, '-filter_complex',
                     '[0:v]split[a][b];[a]crop=h=ih/2:y=0[u];[b]crop=h=ih/2:y=ih/2[l]',
                     '-map', '[u]', '-map', '[l]', '-fps_mode', 'passthrough', '-f', 'framemd5', '-'])
        assert shown.returncode == 0, shown.stderr
        mkv.unlink()
        halves = {'0': [], '1': []}
        base = {}
        for line in shown.stdout.splitlines():
            if line.startswith('#tb'):
                stream, _, fraction = line[4:].partition(': ')
                base[stream] = [int(part) for part in fraction.split('/')]
            elif line and not line.startswith('#'):
                stream, _, pts, _, _, md5 = [part.strip() for part in line.split(',')]
                halves[stream].append((int(pts) * base[stream][0] / base[stream][1], md5[:12]))
        return [(time, upper, lower) for (time, upper), (_, lower) in zip(halves['0'], halves['1'])]
