# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks one row of the media matrix."""
import array
import collections
import functools
import pathlib
import sys
import threading

import clips
import compare
import monitor_run
import player_run
from media_run import MODEL, Hang, Unplayable, decode, media_run, transcribe

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / 'e2e'))
import program  # noqa: E402

AUDIO_ALONE = ('transcribe', 'monitor')  # Programs that ignore the video.
SOUGHT = ('seek', 'half', 'double')  # Actions that need a seek.
# Typical CPU time of a row's programs and of its video's encoder, in seconds.
PROGRAM_SECONDS = {'player': 3.6, 'monitor': 1.9, 'none': 0.4}
OTHER_PROGRAM_SECONDS = 1.6
ENCODER_SECONDS = {'av1': 1.0, 'h265': 0.7, 'vp9': 0.5, 'none': 0.0}
OTHER_ENCODER_SECONDS = 0.3


def can_run():
    """Returns whether the models and the recordings are on this machine."""
    program.MODEL = MODEL
    return (program.model_folder() is not None and program.vad_weights() is not None and
            all(pathlib.Path(path).exists() for path in program.RECORDINGS))


def cpu_time(row):
    """Returns the estimated CPU time of a row's check, in seconds."""
    return (PROGRAM_SECONDS.get(row.program, OTHER_PROGRAM_SECONDS) +
            ENCODER_SECONDS.get(row.video, OTHER_ENCODER_SECONDS))


class Checker:
    """Checks rows. Thread-safe. Each file is created and transcribed once. Rows of the same file
    wait for each other, because the names of their output files begin with the file's name."""

    def __init__(self, files):
        self.files = files
        self.mutex = threading.Lock()  # Guards `locks`.
        self.locks = collections.defaultdict(threading.Lock)  # One lock per file.
        # Almost every row needs this text, so it is computed before threads start. The cache itself
        # would let several threads compute the text at the same time.
        self._said(files.speech)

    def check(self, row):
        """Returns 'ok', with a note on data that could not be compared, if any. Raises AssertionError if
        the row fails."""
        with self.mutex:
            lock = self.locks[clips.file_of(row)]
        with lock:
            return self._check(row)

    def _check(self, row):
        path = self.files.of(row)
        checks = {'transcribe': self._transcribe, 'player': self._player, 'monitor': self._monitor}
        try:
            return checks.get(row.program, self._bin)(row, path)
        except Unplayable as error:
            if row.program in ('none', 'overlay', 'cea608', 'cea708'):
                media_run(path, row.program, row.action)  # Raises Hang if it does not end.
            return f'incomparable, GStreamer alone does not play it: {error}'
        except Hang:
            if not self._hangs_alone(row, path):
                raise
            return 'incomparable, GStreamer alone hangs after a seek, too'

    @staticmethod
    def _hangs_alone(row, path):
        """Returns whether the pipeline without npuwhisper hangs after a seek while it decodes.
        libde265 1.0.11 causes this with some H.265 files: its de265_decode() never stops reporting
        more data."""
        if row.action not in SOUGHT or row.video == 'none':
            return False
        try:
            media_run(path, None, 'seek', 5.0, wait=1.0)
        except Hang:
            return True
        return False

    @functools.lru_cache(maxsize=None)
    def _said(self, wav):
        return compare.timed_words(transcribe(wav))

    def _expected(self, row, start=0.0):
        """Returns the words of the clean recording that the row should give, with their times in
        the recording. Leaves out words before `start`, in seconds of the recording."""
        words = self._said(self.files.speech)
        if row.shape == 'short':
            words = [timed for timed in words if timed[1] < clips.FIRST_SECONDS]
        return [timed for timed in words if timed[1] >= start]

    def _check_words(self, row, found, exact, start=0.0):
        """Checks the words `found` of a row.

        `exact(wav)` yields lists of words that the program may find in `wav`, the row's audio as
        WAV. It is called only if `found` differs from the words of the clean recording in more than
        one word.
        """
        expected = [word for word, _ in self._expected(row, start)]
        if row.shape == 'long' and row.program not in AUDIO_ALONE:
            # The speech continues after the end of the video. The text must have the words that begin more than
            # 0.5 s before this end, and it may have more words.
            shown = sum(time + .5 < clips.VIDEO_SECONDS for _, time in self._expected(row, start))
            assert len(found) >= shown, f'text {" ".join(found)!r} until the video ends'
            expected = expected[:len(found)]
        if compare.word_errors(expected, found) <= 1:
            return
        for wav in self._wavs(row):
            for same in exact(wav):
                if row.shape == 'long':
                    same = same[:len(found)]
                if compare.word_errors(same, found) <= 1:
                    return
        raise AssertionError(f'text {" ".join(found)!r}, of the same audio as WAV '
                             f'{" ".join(same)!r}')

    def _wavs(self, row):
        """Yields the paths of WAV files with the row's audio. ffmpeg decodes the first file. GStreamer decodes the
        second file, which is left out if GStreamer cannot. The second file has exactly the samples that the
        programs decode, because doubtful words may depend on the decoder."""
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
            yield [word for word, _ in self._said(wav)]
        self._check_words(row, found, exact)
        return 'ok'

    def _monitor(self, row, path):
        plain = self._plain(row, path)
        try:
            words = monitor_run.listen(path)
        except monitor_run.Failed as error:
            raise AssertionError(f'the monitor failed: {error}') from error

        def exact(wav):
            # Live text depends on when each pass began, so doubtful words may differ.
            yield [word for word, _ in self._said(wav)]
            yield compare.words_of_cues(monitor_run.listen(wav))
        self._check_words(row, compare.words_of_cues(words), exact)
        wrong = self._late(row, words, self._speech_begins(row, plain['audio']['first']))
        assert not wrong, '; '.join(wrong)
        return 'ok'

    def _bin(self, row, path):
        plain = self._plain(row, path, 'play' if row.action == 'seek' else row.action)
        begin = self._speech_begins(row, plain['audio']['first'])
        at = 0.0
        if row.action == 'seek':
            at = round(begin + clips.SECOND_BEGINS - 0.3, 3)
            plain = self._plain(row, path, row.action, at)
        ours = media_run(path, row.program, row.action, at)
        assert ours['ended'] and not ours['error'], f'ERROR of the pipeline: {ours["error"]}'
        if row.action == 'track':  # The position of the switch between the tracks varies.
            plain['audio'] = ours['audio']
        wrong, note = self._differences(
            plain, ours, row.program == 'overlay',
            lambda queue, wait: self._plain(row, path, row.action, at, queue, wait))
        if any(one.startswith('audio md5') for one in wrong) and self._is_dither(row, path, at):
            wrong = [one for one in wrong if not one.startswith('audio md5')]
            note += ' (samples differ by dither)'
        if row.program != 'none':
            wrong += self._captions(row, path, plain, ours, begin, at)
        assert not wrong, '; '.join(wrong)
        return 'ok' + note + self._not_sought(row, plain)

    @staticmethod
    def _is_dither(row, path, at):
        """Returns whether no sample differs by more than one from the run without npuwhisper. Returns False
        unless the audio is MP3 and the action seeks.

        FFmpeg's fixed-point MP3 decoder keeps its dither state across a flush, so the audio decoded
        before a seek changes the last bit of the audio after it.
        """
        if row.audio != 'mp3' or row.action not in SOUGHT:
            return False
        samples = []
        for program in (None, row.program):
            raw = path.with_name(f'{path.name}-{program or "plain"}.raw')
            media_run(path, program, row.action, at, sinks={'audio': f'filesink location={raw}'})
            samples.append(array.array('h', raw.read_bytes()))
            raw.unlink()
        return (len(samples[0]) == len(samples[1]) and
                all(abs(a - b) <= 1 for a, b in zip(*samples)))

    def _speech_begins(self, row, first):
        """Returns where the recorded speech begins, in seconds of the stream. `first` is the first
        sample's time in nanoseconds of the stream."""
        return max(first / compare.SECOND, 0) + self._before_speech(row)

    def _late(self, row, cues, begin, start=0.0):
        """Describes cues that do not begin with their words. `begin` is the result of
        _speech_begins(). `start` is passed to _expected()."""
        if (row.container, row.audio) == ('avi', 'aac'):
            return []  # avidemux counts large frames twice, so its times show holes in the audio.
        expected = [(word, time + begin) for word, time in self._expected(row, start)]
        return [f'caption {late}' for late in compare.late_cues(cues, expected)]

    @staticmethod
    def _before_speech(row):
        """Returns the seconds from the first sample to the beginning of the recorded speech."""
        quiet = clips.QUIET if row.shape == 'quiet' else 0
        # A file without timestamps does not record the encoder's delay before the sound.
        return quiet + (clips.CODED_BEFORE / row.rate if row.container == 'aac' else 0)

    @staticmethod
    def _not_sought(row, plain):
        if plain['sought'] or row.action not in SOUGHT:
            return ''
        return ' (GStreamer alone does not seek in it either)'

    @staticmethod
    def _differences(plain, ours, is_overlay, plain_run):
        """Returns the differences, and a note on data that cannot be compared.

        `plain_run(queue, wait)` repeats `plain` with queues of `queue` seconds. In some decoders,
        data decoded before a seek leave traces (dither, overlaps). The queues decide how much data
        is decoded before the seek.
        """
        differences = compare.media_differences(plain, ours, is_overlay)
        if not differences:
            return [], ''
        unstable = set()
        for queue in 3 * (5, 1, 20):  # A random difference may stay hidden in a few runs.
            unstable |= set(compare.media_differences(plain, plain_run(queue, .3)))
            if differences.keys() <= unstable:
                break
        wrong = [f'{what}: {how}' for what, how in differences.items() if what not in unstable]
        if not unstable:
            return wrong, ''
        return wrong, f' (not compared, since GStreamer alone differs: {", ".join(sorted(unstable))})'

    @staticmethod
    def _plain(row, path, action='play', at=0.0, queue=5, wait=0.0, runner=media_run):
        """Returns the result of the pipeline without npuwhisper. Raises AssertionError if this pipeline hangs, and
        Unplayable if it does not reach the end."""
        try:
            plain = runner(path, None, action, at, queue, wait)
        except Hang as hang:
            raise AssertionError(f'without npuwhisper too: {hang}') from hang
        if not plain['ended']:
            raise Unplayable(plain['error'])
        return plain

    def _captions(self, row, path, plain, ours, begin, at):
        sought = plain['sought']
        if row.action == 'seek' and (not sought or not plain['audio']['bytes']):
            # The audio's start is unknown. A MOV file with an edit list has no audio after a seek.
            return []
        cues = ours['cues']
        start = max(at - begin, 0.0)

        def exact(wav):
            mode = 'overlay' if row.program == 'player' else row.program
            # A WAV file begins with the first sample, before the speech.
            same = media_run(wav, mode, row.action,
                             start + self._before_speech(row) if start > 0 else 0.0)
            yield compare.words_of_cues(same['cues'])
        if row.action == 'track':
            assert cues, 'no text'
            return self._picture(row, plain, ours)
        self._check_words(row, compare.words_of_cues(cues), exact, start)
        wrong = self._late(row, cues, begin, start)
        return wrong + self._picture(row, plain, ours)

    def _picture(self, row, plain, ours):
        """Returns the differences between the captions that are shown or sent and the times of the text."""
        wrong = []
        cues = ours['cues']
        if plain['video'] and row.program in ('overlay', 'player'):
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
        """Compares the player's media with a run of the same elements without the bin. Compares the
        player's captions with the text of a run of the bin."""
        try:
            ours = player_run.play(path, row.action)
        except player_run.Failed as error:
            self._plain(row, path)
            raise AssertionError(f'the player ended: {error}') from error
        begin = self._speech_begins(row, self._plain(row, path)['audio']['first'])
        at = ours['from'] / compare.SECOND if row.action in SOUGHT and ours['sought'] else 0.0

        def plain_run(queue=5, wait=0.0):
            plain = self._plain(row, path, row.action, at, queue, wait, player_run.observed_run)
            if row.video == 'none':  # The player shows its own black picture, with equal halves.
                plain['video'] = [[time, upper, upper, sent]
                                  for time, upper, _, sent in ours['video']]
            return plain
        assert row.video != 'none' or ours['video'], 'no black picture'
        plain = plain_run()
        wrong, note = self._differences(plain, ours, True, plain_run)
        bin_run = media_run(path, 'overlay', row.action, at)
        ours['cues'] = bin_run['cues']
        wrong += self._captions(row, path, plain, ours, begin, at)
        assert not wrong, '; '.join(wrong)
        return 'ok' + note + self._not_sought(row, plain)
