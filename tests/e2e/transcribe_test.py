# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests npuwhisper-transcribe as users see it: results, formats, errors, signals."""
import contextlib
import functools
import http.server
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest
from xml.etree import ElementTree

import program
from program import PROGRAM, RECORDINGS, SPOKEN, needs_speech, transcribe
from speech_text import share_found

TT = '{http://www.w3.org/ns/ttml}'  # namespace of TTML's elements
SRT_TIMES = re.compile(r'(\d\d):(\d\d):(\d\d),(\d{3}) --> (\d\d):(\d\d):(\d\d),(\d{3})')


def seconds(hours, minutes, secs, millis):
    return int(hours) * 3600 + int(minutes) * 60 + int(secs) + int(millis) / 1000


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix='npuwhisper-e2e-')
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def run_ok(self, *args, **kwargs):
        done = transcribe(*args, **kwargs)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def run_json(self, *args):
        return [json.loads(line) for line in self.run_ok('--format', 'json', *args).splitlines()]

    def make(self, name, pipeline):
        """Writes a media file with a gst-launch line whose muxer is named m. Returns its path."""
        path = self.folder / name
        subprocess.run(['gst-launch-1.0', '-q', *pipeline.split(), 'm.', '!', 'filesink',
                        f'location={path}'], check=True, timeout=120)
        return path


@needs_speech
class Trace(Case):
    def test_shows_the_stages_of_each_window(self):
        trace = self.folder / 'trace.json'
        [found] = self.run_json('--device', 'cpu', '--beam-size', 1, '--trace', trace,
                                RECORDINGS[0])
        events = json.loads(trace.read_text(encoding='utf8'))['traceEvents']
        spans = [event for event in events if event['ph'] == 'X']
        named = {}
        for span in spans:
            named.setdefault(span['name'], []).append(span)
        self.assertLessEqual({'mel', 'encode', 'encoder', 'cross', 'prompt', 'decode', 'text'},
                             set(named))
        self.assertEqual(len(named['encoder']), found['stats']['windows'])
        # There is one step for each token, and there are more for the prompt.
        self.assertGreaterEqual(len(named['decoder step']), found['stats']['tokens'])
        encode_ms = sum(span['dur'] for span in named['encode']) / 1e3
        self.assertAlmostEqual(encode_ms, found['stats']['encoder_ms'], places=2)
        threads = {event['tid'] for event in events if event['name'] == 'thread_name'}
        self.assertLessEqual({span['tid'] for span in spans}, threads)

    def test_needs_a_file_that_can_be_written(self):
        done = transcribe('--trace', self.folder / 'none' / 'trace.json', RECORDINGS[0])
        self.assertEqual(done.returncode, 1)
        self.assertIn('cannot write the trace', done.stderr)


@needs_speech
class Speech(Case):
    def test_txt_holds_what_was_said(self):
        found = []
        for path, spoken in zip(RECORDINGS, SPOKEN):
            text = self.run_ok(path)
            self.assertGreaterEqual(share_found(spoken, text), 0.8, text)
            found.append(text)
        self.assertGreaterEqual(share_found(' '.join(SPOKEN), ' '.join(found)), 0.95, found)

    def test_stdout_and_stderr_hold_nothing_else(self):
        done = transcribe('--quiet', RECORDINGS[1])
        self.assertEqual(len(done.stdout.splitlines()), 1, done.stdout)
        self.assertEqual(done.stdout, done.stdout.strip() + '\n')
        self.assertEqual(done.stderr, '')

    def test_a_parser_causes_no_critical_message(self):
        done = transcribe('--quiet', self.make_coded('speech.flac', '-i', RECORDINGS[1]))
        self.assertEqual((done.returncode, done.stderr), (0, ''))

    def test_srt(self):
        path = self.folder / 'long.wav'
        length = program.write_recording(path, 60)
        cues = self.run_ok('--format', 'srt', path).split('\n\n')
        self.assertEqual(cues.pop(), '')
        self.assertGreater(len(cues), 5)
        last_end = 0
        for number, cue in enumerate(cues, 1):
            lines = cue.split('\n')
            self.assertIn(len(lines), (3, 4), cue)
            self.assertEqual(lines[0], str(number))
            times = SRT_TIMES.fullmatch(lines[1])
            self.assertTrue(times, cue)
            start, end = seconds(*times.groups()[:4]), seconds(*times.groups()[4:])
            self.assertLessEqual(last_end, start, cue)
            self.assertLess(start, end, cue)
            for line in lines[2:]:
                self.assertTrue(line.strip(), cue)
                self.assertLessEqual(len(line), 42, cue)
            last_end = end
        self.assertLessEqual(last_end, length + 1)  # A short last caption is extended for reading.
        self.assertGreater(last_end, length - 5)

    def test_captions_take_their_size_and_case(self):
        srt = self.run_ok('--format', 'srt', '--caption-columns', 20, '--caption-lines', 3,
                          '--upper-case', RECORDINGS[0])
        blocks = [cue.split('\n')[2:] for cue in srt.strip().split('\n\n')]
        self.assertTrue(blocks)
        for lines in blocks:
            self.assertLessEqual(len(lines), 3, lines)
            self.assertLessEqual(max(map(len, lines)), 20, lines)
        text = ' '.join(line for lines in blocks for line in lines)
        self.assertEqual(text, text.upper())
        self.assertGreaterEqual(share_found(SPOKEN[0], text.lower()), 0.8, text)
        whole = self.run_ok('--format', 'vtt', '--caption-style', 'none', '--upper-case',
                            RECORDINGS[1])
        self.assertEqual(whole, whole.upper())

    def test_vtt_with_word_times(self):
        blocks = self.run_ok('--format', 'vtt', '--word-times', RECORDINGS[0]).split('\n\n')
        self.assertEqual(blocks[0], 'WEBVTT')
        self.assertEqual(blocks.pop(), '')
        for block in blocks[1:]:
            times, text = block.split('\n', 1)
            self.assertTrue(SRT_TIMES.fullmatch(times.replace('.', ',')), times)
            marks = re.findall(r'<(\d\d:\d\d:\d\d\.\d{3})>', text)
            self.assertGreater(len(marks), 3, text)
            self.assertEqual(marks, sorted(set(marks)))
            self.assertGreater(marks[0], times.split()[0])
            self.assertLess(marks[-1], times.split()[-1])
        text = re.sub(r'<[\d:.]+>', '', ' '.join(block.split('\n', 1)[1] for block in blocks[1:]))
        self.assertGreaterEqual(share_found(SPOKEN[0], text), 0.8, text)

    def test_ttml_has_the_cues_of_srt(self):
        path = self.folder / 'long.wav'
        program.write_recording(path, 60)
        srt, ttml = self.folder / 'long.srt', self.folder / 'long.ttml'
        self.run_ok('--output', srt, '--output', ttml, path)
        wanted = []
        for cue in srt.read_text().strip().split('\n\n'):
            _, times, text = cue.split('\n', 2)
            wanted.append((*times.replace(',', '.').split(' --> '), text))
        self.assertGreater(len(wanted), 5)
        root = ElementTree.parse(ttml).getroot()
        self.assertEqual(root.get('{http://www.w3.org/XML/1998/namespace}lang'), 'en')
        cues = [(p.get('begin'), p.get('end'), '\n'.join(span.text for span in p.iter(TT + 'span')))
                for p in root.iter(TT + 'p')]
        self.assertEqual(cues, wanted)
        # GStreamer's own reader finds a scene for each cue.
        scenes = subprocess.run(['gst-launch-1.0', '-v', 'filesrc', f'location={ttml}', '!',
                                 'ttmlparse', '!', 'fakesink', 'silent=false'],
                                check=True, stdout=subprocess.PIPE, encoding='utf8').stdout
        starts = re.findall(r'chain .*pts: (\d+:\d\d:\d\d\.\d{3})', scenes)
        self.assertEqual(['0' + start for start in starts], [start for start, _, _ in wanted])

    def test_json_of_two_files(self):
        objects = self.run_json(RECORDINGS[0], RECORDINGS[3])
        self.assertEqual([o['file'] for o in objects], [RECORDINGS[0], RECORDINGS[3]])
        for path, spoken, found in zip((RECORDINGS[0], RECORDINGS[3]), (SPOKEN[0], SPOKEN[3]),
                                       objects):
            samples, rate = program.read_samples(path)
            self.assertAlmostEqual(found['audio_seconds'], len(samples) / rate, delta=0.01)
            self.assertGreater(found['wall_seconds'], 0)
            self.assertEqual(found['language'], 'en')
            self.assertGreaterEqual(share_found(spoken, found['text']), 0.8, found['text'])
            self.assertEqual(found['text'], ''.join(s['text'] for s in found['segments']).strip())
            self.assertTrue(found['device'])
            self.assertNotIn('error', found)
            stats = found['stats']
            self.assertEqual(stats['windows'], 1)
            self.assertGreater(stats['tokens'], 5)
            self.assertGreater(stats['encode_seconds'], 0)
            self.assertLessEqual(stats['encode_seconds'], found['wall_seconds'])
            self.assertGreater(stats['peak_rss_bytes'], 50e6)
            self.assertTrue(stats['kernels'])
            for segment in found['segments']:
                self.assertEqual(segment['words'], [])
                self.assertTrue(segment['tokens'])

    def test_json_words_lie_in_order_and_make_up_the_text(self):
        path = self.folder / 'long.wav'
        length = program.write_recording(path, 40)
        [found] = self.run_json('--word-times', path)
        words = [word for segment in found['segments'] for word in segment['words']]
        self.assertGreater(len(words), 50)
        last = 0
        for word in words:
            self.assertLessEqual(last, word['start'] + 1e-6, word)
            self.assertLessEqual(word['start'], word['end'], word)
            self.assertTrue(0 <= word['probability'] <= 1, word)
            last = word['start']
        self.assertLessEqual(words[-1]['end'], length + 0.1)
        for segment in found['segments']:
            self.assertEqual(''.join(w['word'] for w in segment['words']).strip(),
                             segment['text'].strip())

    def test_options_reach_the_model(self):
        greedy, = self.run_json('--beam-size', 1, RECORDINGS[0])
        for options in ([], ['--beam-size', 4]):
            beam, = self.run_json('--language', 'en', *options, RECORDINGS[0])
            self.assertGreater(beam['stats']['tokens'], 2 * greedy['stats']['tokens'])
        german, = self.run_json('--language', 'de', RECORDINGS[0])
        self.assertEqual(german['language'], 'de')
        f32, = self.run_json('--precision', 'f32', '--n-threads', 1, '--device', 'cpu',
                             RECORDINGS[0])
        self.assertEqual(program.encoder_type(f32['stats']), 'f32')

    def test_hotwords_correct_a_name(self):
        card = program.CARDS / '001.wav'
        names = self.folder / 'names.txt'
        names.write_text('clubs\n\n  spades\r\nKowloon, Margolotte', encoding='utf-8-sig')
        for search in (['--beam-size', 5], ['--beam-size', 1],
                       ['--beam-size', 1, '--batch', 'auto']):
            search += ['--language', 'en']
            without, = self.run_json(*search, card)
            self.assertNotIn('clubs', without['text'].lower(), search)
            for options in (['--hotwords', 'Kowloon, clubs, Margolotte'],
                            ['--hotwords-file', names],
                            ['--hotwords', 'Kowloon', '--hotwords-file', names]):
                found, = self.run_json(*search, *options, card)
                self.assertEqual(found['text'].strip(' .'), '10 of clubs', (search, options))
        unspoken, = self.run_json('--language', 'en', '--hotwords', 'Kowloon, Margolotte', card)
        without, = self.run_json('--language', 'en', card)
        self.assertEqual(unspoken['segments'], without['segments'])

    def test_phrases_are_replaced(self):
        rules = self.folder / 'rules.txt'
        card = program.CARDS / '005.wav'
        before, = self.run_json('--language', 'en', '--word-times', card)
        words = [word for segment in before['segments'] for word in segment['words']]
        self.assertGreater(len(words), 2, before)
        first, second = (word['word'].strip(' .,!?') for word in words[:2])
        rules.write_text(f'# the two first words\r\n{first.upper()} {second} = Alpha Beta\n',
                         encoding='utf-8-sig')
        after, = self.run_json('--language', 'en', '--word-times', '--replacements-file', rules,
                               card)
        found = [word for segment in after['segments'] for word in segment['words']]
        self.assertTrue(after['text'].strip().startswith('Alpha Beta'), after['text'])
        self.assertEqual(''.join(word['word'] for word in found[2:]),
                         ''.join(word['word'] for word in words[2:]))
        self.assertEqual([(word['start'], word['end']) for word in found],
                         [(word['start'], word['end']) for word in words])
        rules.write_text('one\n')
        run = program.transcribe('--replacements-file', rules, card)
        self.assertNotEqual(run.returncode, 0)
        self.assertIn("replacements: line 1: found 'one', wanted PHRASE = REPLACEMENT", run.stderr)

    @unittest.skipUnless(program.vad_weights(), 'needs the weights of the speech detector')
    def test_pieces_decoded_together(self):
        together = self.folder / 'together.wav'
        duration = program.write_recording(together, 80)
        found = {}
        for batch in ('auto', 2, 3):
            found[batch], = self.run_json('--batch', batch, '--language', 'en', together)
        self.assertGreater(found[2]['stats']['windows'], 1)
        for batch in (2, 3):
            self.assertEqual(found[batch]['segments'], found['auto']['segments'])
        self.assertAlmostEqual(found['auto']['audio_seconds'], duration, delta=0.1)
        n_repeats = found['auto']['text'].lower().count('rather selfish')
        spoken = ' '.join(n_repeats * SPOKEN)
        self.assertGreaterEqual(n_repeats, 3)
        self.assertGreater(share_found(spoken, found['auto']['text']), 0.85)

    def test_silence_has_no_text(self):
        silence = self.make('silence.wav', 'audiotestsrc wave=silence num-buffers=500 ! '
                            'audio/x-raw,rate=48000,channels=2 ! wavenc name=m')
        self.assertEqual(self.run_ok(silence), '')

    def test_stdin(self):
        with open(RECORDINGS[1], 'rb') as recording:
            text = self.run_ok('-', stdin=recording)
        self.assertGreaterEqual(share_found(SPOKEN[1], text), 0.8, text)

    def test_only_the_audio_of_a_video_is_used(self):
        video = 'matroskamux name=m videotestsrc num-buffers=30 ! jpegenc ! queue ! m. '
        with_audio = self.make('video.mkv', video + f'filesrc location={RECORDINGS[1]} ! '
                               'wavparse ! queue ! m.')
        text = self.run_ok(with_audio)
        self.assertGreaterEqual(share_found(SPOKEN[1], text), 0.8, text)
        done = transcribe(self.make('silent.mkv', video))
        self.assertEqual(done.returncode, 1)
        self.assertIn('silent.mkv: it contains no audio', done.stderr)

    def make_coded(self, name, *options):
        """Writes a media file with ffmpeg, and returns its path."""
        path = self.folder / name
        subprocess.run(['ffmpeg', '-v', 'error', *options, path], check=True, timeout=120)
        return path

    def test_channels_without_positions_are_mixed(self):
        six = self.make_coded('six.mov', '-i', RECORDINGS[1], '-ac', '6', '-c:a', 'pcm_s16le')
        text = self.run_ok(six)
        self.assertGreaterEqual(share_found(SPOKEN[1], text), 0.8, text)

    def test_files_without_audio_that_can_be_decoded(self):
        """Each bad file gives one clear line; a good file is still transcribed."""
        picture = ['-f', 'lavfi', '-i', 'testsrc2=size=64x64:rate=5:duration=1', '-c:v', 'libx264']
        text = self.folder / 'text.mp4'
        text.write_text('This is no video.\n' * 100)
        empty = self.folder / 'empty.wav'
        empty.touch()
        reasons = {
            self.make_coded('yuv444.mp4', *picture, '-pix_fmt', 'yuv444p', '-profile:v', 'high444'):
                'it contains no audio',
            self.make_coded('alac.m4a', '-i', RECORDINGS[1], '-c:a', 'alac'):
                'gstreamer1.0-libav',
            self.make_coded('wma.wma', '-i', RECORDINGS[1], '-c:a', 'wmav2'):
                'gstreamer1.0-libav',
            text: 'This appears to be a text file',
            empty: 'the file is empty',
            self.folder: 'is a folder',
        }
        # A feature of rank NONE is not autoplugged, as if it were not installed.
        without = 'avdec_alac:NONE,avdec_wmav2:NONE,avdec_h264:NONE,openh264dec:NONE'
        done = transcribe('--quiet', *reasons, RECORDINGS[1],
                          env={**os.environ, 'GST_PLUGIN_FEATURE_RANK': without})
        self.assertEqual(done.returncode, 1)
        self.assertGreaterEqual(share_found(SPOKEN[1], done.stdout), 0.8, done.stdout)
        lines = done.stderr.splitlines()
        self.assertEqual(len(lines), len(reasons), done.stderr)
        for line, (path, reason) in zip(lines, reasons.items()):
            self.assertTrue(line.startswith(f'npuwhisper-transcribe: {path}: '), line)
            self.assertIn(reason, line)

    def test_audio_tracks(self):
        two = self.make_coded(
            'two.mkv', '-i', RECORDINGS[1], '-i', RECORDINGS[4], '-map', '0', '-map', '1',
            '-metadata:s:a:0', 'language=eng', '-metadata:s:a:0', 'title=Main',
            '-metadata:s:a:1', 'language=ger')
        tracks = '1 (en, Main), 2 (de)'
        done = transcribe(two)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertGreaterEqual(share_found(SPOKEN[1], done.stdout), 0.8, done.stdout)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        for part in ('the first', '--audio-track', tracks):
            self.assertIn(part, done.stderr)
        for number, spoken in ((1, SPOKEN[1]), (2, SPOKEN[4])):
            done = transcribe('--audio-track', number, two)
            self.assertEqual((done.returncode, done.stderr), (0, ''))
            self.assertGreaterEqual(share_found(spoken, done.stdout), 0.8, done.stdout)
        done = transcribe('--audio-track', 3, two)
        self.assertEqual((done.returncode, done.stdout), (1, ''))
        self.assertEqual(done.stderr, f'npuwhisper-transcribe: {two}: --audio-track 3: the audio '
                         f'tracks of the file are {tracks}\n')

    def test_a_part_of_a_file_has_the_times_of_the_file(self):
        program.write_recording(self.folder / 'long.wav', 10)
        samples, rate = program.read_samples(RECORDINGS[0])
        start = len(samples) / rate + 0.25  # The second recording begins 0.25 s after `start`.
        samples, rate = program.read_samples(RECORDINGS[1])
        end = start + len(samples) / rate + 0.5
        # The last two formats have no exact index from times to positions.
        for name, first, last in (('long.wav', f'{start:.3f}', f'{end:.3f}'),
                                  ('long.mp3', f'0:00:{start:06.3f}', f'00:{end:06.3f}'),
                                  ('long.aac', f'00:{start:06.3f}', f'00:00:{end:06.3f}')):
            path = self.folder / name
            if not path.exists():
                self.make_coded(name, '-i', self.folder / 'long.wav')
            [found] = self.run_json('--start', first, '--end', last, path)
            self.assertGreaterEqual(share_found(SPOKEN[1], found['text']), 0.8, found['text'])
            self.assertLess(len(found['text']), 1.3 * len(SPOKEN[1]))
            self.assertAlmostEqual(found['audio_seconds'], end - start, delta=0.001)
            for segment in found['segments']:
                self.assertGreaterEqual(segment['start'], start - 0.001)
                self.assertLessEqual(segment['end'], end + 0.1)
        done = transcribe('--start', '1:00', self.folder / 'long.wav')
        self.assertEqual((done.returncode, done.stdout), (1, ''))
        self.assertIn('no audio from --start', done.stderr)

    def test_a_bad_file_does_not_stop_the_others(self):
        missing = self.folder / 'missing.wav'
        noise = self.folder / 'noise.raw'
        noise.write_bytes(bytes(range(1, 200)) * 100)
        done = transcribe('--quiet', missing, noise, self.folder, RECORDINGS[1])
        self.assertEqual(done.returncode, 1)
        self.assertGreaterEqual(share_found(SPOKEN[1], done.stdout), 0.8, done.stdout)
        reasons = done.stderr.splitlines()
        self.assertEqual(len(reasons), 3, done.stderr)
        self.assertEqual(reasons[0],
                         f'npuwhisper-transcribe: {missing}: No such file or directory')
        self.assertIn(f'{noise}: ', reasons[1])
        self.assertIn(f'{self.folder}: is a folder', reasons[2])

    def test_output_folder_and_file(self):
        folder = self.folder / 'subtitles'
        self.assertEqual(self.run_ok('--format', 'srt', '--output', f'{folder}/', *RECORDINGS[1:3]),
                         '')
        names = [pathlib.Path(path).stem + '.srt' for path in RECORDINGS[1:3]]
        self.assertEqual(sorted(os.listdir(folder)), names)
        for name in names:
            self.assertIn(' --> ', (folder / name).read_text())
        lines = self.folder / 'all.jsonl'
        self.run_ok('--format', 'json', '--output', lines, *RECORDINGS[1:3])
        self.assertEqual([json.loads(line)['file'] for line in lines.read_text().splitlines()],
                         RECORDINGS[1:3])

    def test_several_formats_of_one_transcription(self):
        wanted = {'srt': self.run_ok('--format', 'srt', RECORDINGS[1]),
                  'vtt': self.run_ok('--format', 'vtt', RECORDINGS[1])}
        [words] = self.run_json('--word-times', RECORDINGS[1])
        paths = {ending: self.folder / f'clip.{ending}' for ending in wanted}
        [found] = self.run_json('--output', '-', *(part for ending, path in paths.items()
                                                   for part in ('--output', path, '--format', ending)),
                                RECORDINGS[1])
        self.assertEqual({ending: path.read_text('utf-8') for ending, path in paths.items()}, wanted)
        self.assertEqual(found['segments'], words['segments'])

    def test_names_of_a_list_are_transcribed_as_they_arrive(self):
        """Writes each name only after the object of the name before was read. Moves the first text."""
        missing = self.folder / 'missing.wav'
        wanted = {name: [segment['text'] for segment in result['segments']] for name, result in
                  zip(RECORDINGS[1:3], self.run_json('--word-times', *RECORDINGS[1:3]))}
        captions = self.folder / 'captions'
        with subprocess.Popen(
                [PROGRAM, '--quiet', '--files-from', '-', '--output', '-', '--format', 'json',
                 '--output', f'{captions}/', '--format', 'srt'], encoding='utf-8',
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as listed:
            answers = []
            names = [RECORDINGS[1], str(missing), RECORDINGS[2], RECORDINGS[1], RECORDINGS[2]]
            for name in names:
                listed.stdin.write(name + '\n')
                listed.stdin.flush()
                answers.append(json.loads(listed.stdout.readline()))
                if len(answers) == 1:
                    [first] = captions.iterdir()
                    first.rename(self.folder / 'first.srt')
            left, complaints = listed.communicate(timeout=60)
        self.assertEqual((listed.returncode, left), (1, ''), complaints)
        self.assertEqual([answer['file'] for answer in answers], names)
        for answer in (answers[0], answers[2], answers[3]):
            self.assertEqual([segment['text'] for segment in answer['segments']],
                             wanted[answer['file']])
            self.assertNotIn('error', answer)
        self.assertEqual(answers[1]['error'], 'No such file or directory')
        self.assertRegex(answers[4]['error'], "^its text '.*0890.srt' exists$")
        again = captions / pathlib.Path(RECORDINGS[1]).with_suffix('.srt').name
        self.assertEqual((self.folder / 'first.srt').read_text('utf-8'), again.read_text('utf-8'))
        self.assertEqual(len(list(captions.iterdir())), 2)

    def test_a_list_has_limits(self):
        names = self.folder / 'names'
        for content, complaint in ((b'-\n', 'a list cannot contain stdin'),
                                   (b'a' * 40000, 'found a line of more than 32768 bytes')):
            names.write_bytes(content)
            done = transcribe('--quiet', '--files-from', names)
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn(complaint, done.stderr)

    def test_the_name_of_the_output_says_its_format(self):
        srt, json_lines = self.folder / 'a.srt', self.folder / 'b.jsonl'
        self.assertEqual(self.run_ok('--output', srt, RECORDINGS[1]), '')
        self.assertIn(' --> ', srt.read_text())
        self.run_ok('--output', json_lines, *RECORDINGS[1:3])
        self.assertEqual([json.loads(line)['file'] for line in json_lines.read_text().splitlines()],
                         RECORDINGS[1:3])
        # --format takes precedence over the extension of the output file.
        self.run_ok('--output', srt, '--format', 'txt', RECORDINGS[1])
        self.assertNotIn(' --> ', srt.read_text())
        self.assertGreaterEqual(share_found(SPOKEN[1], self.run_ok('--output', '-', RECORDINGS[1])),
                                0.8)

    def test_uris(self):
        shutil.copy(RECORDINGS[1], self.folder / 'a b.wav')
        requests = []

        class Handler(http.server.SimpleHTTPRequestHandler):
            def log_message(self, *args):
                requests.append(args)

        serve = functools.partial(Handler, directory=str(self.folder))
        with http.server.ThreadingHTTPServer(('127.0.0.1', 0), serve) as server:
            thread = threading.Thread(target=server.serve_forever, daemon=True)
            thread.start()
            self.addCleanup(thread.join)
            self.addCleanup(server.shutdown)
            site = f'http://127.0.0.1:{server.server_port}'
            uris = [f'{site}/a%20b.wav?x=1', (self.folder / 'a b.wav').as_uri()]
            for uri in uris:
                [found] = self.run_json(uri)
                self.assertEqual(found['file'], uri)
                self.assertGreaterEqual(share_found(SPOKEN[1], found['text']), 0.8, found['text'])
            self.assertTrue(requests)
            self.run_ok('--output', f'{self.folder}/out/', uris[0])
            self.assertTrue((self.folder / 'out' / 'a b.txt').read_text())
            done = transcribe('--quiet', f'{site}/none.wav', uris[0])
            self.assertEqual(done.returncode, 1)
            self.assertEqual(done.stderr, f'npuwhisper-transcribe: {site}/none.wav: '
                             'the server has no such file (HTTP status 404)\n')
            self.assertGreaterEqual(share_found(SPOKEN[1], done.stdout), 0.8, done.stdout)
            server.shutdown()
        done = transcribe(f'{site}/gone.wav')
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr, f'npuwhisper-transcribe: {site}/gone.wav: '
                         'the server is unreachable or closed the connection\n')

    def test_voice_activity_detection(self):
        if program.vad_weights():
            done = json.loads(self.run_ok(
                '--format', 'json', '--vad', 'on', '--vad-threshold', '0.4', '--vad-min-speech',
                '64', '--vad-min-silence', '400', RECORDINGS[1]))
            self.assertEqual(done['stats']['vad'], 'on')
            self.assertAlmostEqual(done['stats']['speech_samples'] / 16000, done['audio_seconds'],
                                   delta=1.5)
        # With this environment, the program finds the model, but not the weights of the speech
        # detector.
        hidden = {**os.environ, 'XDG_CACHE_HOME': str(self.folder)}
        hidden.pop('NPUWHISPER_MODEL_DIR', None)
        files = ['--format', 'json', '--model', program.model_folder(), RECORDINGS[1], RECORDINGS[2]]
        done = transcribe('--vad', 'auto', *files, env=hidden)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr.count('npuwhisper-models fetch silero-vad'), 1, done.stderr)
        self.assertEqual([json.loads(line)['stats']['vad'] for line in done.stdout.splitlines()],
                         ['missing', 'missing'])
        done = transcribe('--vad', 'on', *files, env=hidden)
        self.assertEqual(done.returncode, 1)
        self.assertIn('silero_vad_16k.safetensors', done.stderr)
        done = transcribe('--vad', 'off', *files, env=hidden)
        self.assertEqual((done.returncode, done.stderr), (0, ''))

    def test_a_full_disk_is_an_error(self):
        with open('/dev/full', 'wb') as full:
            done = subprocess.run([PROGRAM, RECORDINGS[1]], stdout=full, stderr=subprocess.PIPE,
                                  encoding='utf-8', timeout=300, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn('cannot write to stdout: No space left on device', done.stderr)

    def test_text_comes_before_the_input_ends_and_survives_an_interrupt(self):
        path = self.folder / 'long.wav'
        program.write_recording(path, 70)
        with subprocess.Popen([PROGRAM, '--quiet', '-'], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            process.stdin.write(path.read_bytes())
            process.stdin.flush()
            first = process.stdout.readline().decode()
            self.assertTrue(first.strip())
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.wait(timeout=120), 128 + signal.SIGINT)
            process.stdin.close()
            self.assertEqual(process.stderr.read(), b'')

    def test_an_interrupted_run_tells_what_it_kept(self):
        program.write_recording(self.folder / 'long.wav', 70)
        out = self.folder / 'out'
        stdin, feed = os.pipe()
        self.addCleanup(os.close, feed)
        with open(feed, 'wb', buffering=0, closefd=False) as pipe, subprocess.Popen(
                [PROGRAM, '--output', f'{out}/', RECORDINGS[1], '-', RECORDINGS[2]], stdin=stdin,
                stderr=subprocess.PIPE, encoding='utf-8') as process:
            os.close(stdin)

            def feed_all():
                with contextlib.suppress(BrokenPipeError):
                    pipe.write((self.folder / 'long.wav').read_bytes())

            feeder = threading.Thread(target=feed_all)
            feeder.start()
            text = out / 'stdin.txt'
            while process.poll() is None and not (text.exists() and text.stat().st_size):
                time.sleep(0.05)
            process.send_signal(signal.SIGTERM)
            lines = process.stderr.read().splitlines()
            self.assertEqual(process.wait(timeout=120), 128 + signal.SIGTERM)
            feeder.join()
        name = 'npuwhisper-transcribe: '
        complete = f'{out}/{pathlib.Path(RECORDINGS[1]).stem}.txt'
        self.assertEqual(lines[:2], [f'{name}stopped by SIGTERM',
                                     f'{name}complete: {RECORDINGS[1]} in {complete}'])
        self.assertRegex(lines[2], f'^{name}partial: - in {text}, text up to 0[01]:[0-5][0-9]$')
        self.assertEqual(lines[3:], [f'{name}not started: {RECORDINGS[2]}'])
        self.assertTrue(pathlib.Path(complete).read_text())

    def test_progress_on_a_terminal_is_one_line_that_goes(self):
        """The input waits until the line is shown, so the test does not depend on speed."""
        terminal, stderr = os.openpty()
        self.addCleanup(os.close, terminal)
        with subprocess.Popen([PROGRAM, '-'], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                              stderr=stderr) as process:
            os.close(stderr)
            process.stdin.write(pathlib.Path(RECORDINGS[1]).read_bytes())
            process.stdin.flush()
            found = b''
            while b'stdin' not in found:
                found += os.read(terminal, 4096)
            process.stdin.close()
            with contextlib.suppress(OSError):  # The program has closed its end of the terminal.
                while more := os.read(terminal, 4096):
                    found += more
        self.assertEqual(process.returncode, 0)
        self.assertTrue(found.endswith(b'\r\x1b[K'), found)
        self.assertNotIn(b'\n', found)

    def test_plan_and_unknown_language(self):
        self.assertIn('encoder', self.run_ok('--plan'))
        done = transcribe('--language', 'xx', RECORDINGS[0])
        self.assertEqual(done.returncode, 2)
        self.assertIn("'xx'", done.stderr)

    def test_language_by_name(self):
        found, = self.run_json('--language', 'English', RECORDINGS[0])
        self.assertEqual(found['language'], 'en')

    def test_candidates(self):
        done = transcribe('--format', 'json', '--languages', 'de,es', RECORDINGS[0])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(json.loads(done.stdout)['language'], ('de', 'es'))
        done = transcribe('--format', 'json', '--languages', 'fr', RECORDINGS[0])
        self.assertEqual(json.loads(done.stdout)['language'], 'fr')
        self.assertNotIn('probability', done.stderr)

    @program.needs_model('tiny.en')
    def test_language_of_english_only_model(self):
        for language in 'en', 'english', 'auto':
            found, = self.run_json('--model', 'tiny.en', '--language', language, RECORDINGS[0])
            self.assertEqual(found['language'], 'en')
            self.assertTrue(found['text'])
        done = transcribe('--model', 'tiny.en', '--language', 'de', RECORDINGS[0])
        self.assertEqual(done.returncode, 2)
        self.assertIn('multilingual model', done.stderr)


class Usage(Case):
    """Tests that need no model."""

    def test_help_and_version(self):
        self.assertIn('--word-times', self.run_ok('--help'))
        self.assertRegex(self.run_ok('--version'), r'\Anpuwhisper-transcribe \d+\.\d+\.\d+\n\Z')

    def test_languages_are_listed(self):
        lines = self.run_ok('--list-languages').splitlines()
        self.assertEqual(len(lines), 100)
        for line in ('en\tenglish', 'zh\tchinese', 'yue\tcantonese'):
            self.assertIn(line, lines)

    def test_caption_styles_are_listed(self):
        lines = self.run_ok('--list-caption-styles').splitlines()
        self.assertIn('subtitle\tTwo lines of 42 columns', lines)
        styles = [line.split('\t')[0] for line in lines]
        self.assertEqual(styles, ['none', 'subtitle', 'broadcast'])

    def test_script_prints_the_help_without_building(self):
        """Copies the script and its help text, but not tools/setup, which would build."""
        for name in ('examples/transcribe', 'programs/transcribe/help.txt'):
            (self.folder / name).parent.mkdir(parents=True)
            shutil.copy(pathlib.Path(__file__).parents[2] / name, self.folder / name)
        examples = self.folder / 'examples'
        wanted = self.run_ok('--help').replace('npuwhisper-transcribe', 'examples/transcribe')
        for args in (['--help'], ['-h'], ['--initial-prompt', 'a', 'talk.mp4', '--help']):
            done = subprocess.run([examples / 'transcribe', *args], capture_output=True,
                                  encoding='utf-8', timeout=60, check=False)
            self.assertEqual((done.returncode, done.stdout, done.stderr), (0, wanted, ''))
        # The script takes this --help as the value of --initial-prompt, not as an option.
        done = subprocess.run([examples / 'transcribe', '--initial-prompt', '--help'],
                              capture_output=True, encoding='utf-8', timeout=60, check=False)
        self.assertIn('tools/setup', done.stderr)

    def test_wrong_usage(self):
        for args, reason in (
                ([], 'no FILE'),
                (['--no-such-option', 'a.wav'], '--no-such-option'),
                (['--format', 'doc', 'a.wav'], "'doc'"),
                (['--task', 'sing', 'a.wav'], "'sing'"),
                (['--language', 'englisch', 'a.wav'], "'englisch'"),
                (['--languages', 'en,xx,klingon', 'a.wav'], "'xx', 'klingon'"),
                (['--chinese-script', 'both', 'a.wav'], "'both'"),
                (['--device', 'tpu', 'a.wav'], "'tpu'"),
                (['--precision', 'f8', 'a.wav'], "'f8'"),
                (['--npu-stages', 'mel,all', 'a.wav'], "'all'"),
                (['--beam-size', '0', 'a.wav'], '--beam-size'),
                (['--batch', '0', 'a.wav'], "'0'"),
                (['--batch', '17', 'a.wav'], "'17'"),
                (['--batch', '2x', 'a.wav'], "'2x'"),
                (['--hotwords-file', self.folder / 'missing', 'a.wav'], 'No such file'),
                (['--files-from', 'list', 'a.wav'], "FILE 'a.wav', wanted one of them"),
                (['--files-from', 'list', '--output', 'a.txt'], "'a.txt' is one file"),
                (['--files-from', 'list', '--format', 'srt'], 'srt cannot hold several inputs'),
                (['--format', 'srt', '--format', 'json', 'a.wav'], 'stdout can hold one format'),
                (['--output', 'a.srt', '--output', 'a.txt', '--format', 'srt', 'a.wav'],
                 '--format 1 times'),
                (['--hotwords-file', self.folder, 'a.wav'], 'Is a directory'),
                (['--hotwords-file', '/dev/zero', 'a.wav'], 'more than 1048576 bytes'),
                (['--hotwords-file', '/bin/true', 'a.wav'], '--hotwords-file is not UTF-8'),
                (['--replacements-file', '/bin/true', 'a.wav'], '--replacements-file is not UTF-8'),
                (['--best-of', 'x', 'a.wav'], '--best-of'),
                (['--n-threads', '-1', 'a.wav'], '--n-threads'),
                (['--vad', 'maybe', 'a.wav'], "'maybe'"),
                (['--vad-threshold', '0', 'a.wav'], '--vad-threshold'),
                (['--vad-min-silence', '-1', 'a.wav'], '--vad-min-silence'),
                (['--format', 'srt', 'a.wav', 'b.wav'], '--output'),
                (['--output', self.folder / 'x.txt', 'a.wav', 'b.wav'], "x.txt/'"),
                (['--audio-track', '0', 'a.wav'], '--audio-track'),
                (['--audio-track', 'x', 'a.wav'], "'x'"),
                (['--start', '1:99', 'a.wav'], "'1:99'"),
                (['--caption-columns', '7', '--format', 'srt', 'a.wav'], '--caption-columns 7'),
                (['--caption-lines', '0', '--format', 'vtt', 'a.wav'], '--caption-lines 0'),
                (['--caption-lines', '2', 'a.wav'], 'format txt has no captions'),
                (['--upper-case', '--format', 'json', 'a.wav'], 'format json has no captions'),
                (['--caption-columns', '30', '--caption-style', 'none', '--format', 'srt', 'a.wav'],
                 '--caption-style none'),
                (['--end', 'x', 'a.wav'], "'x'"),
                (['--start', '0:05', '--end', '5', 'a.wav'], '--end 5'),
                (['http://host:port/'], "'http://host:port/'"),
                (['-', '-'], 'stdin')):
            done = transcribe(*args)
            self.assertEqual(done.returncode, 2, args)
            self.assertIn(reason, done.stderr)
            self.assertEqual(done.stdout, '')
        self.assertEqual(os.listdir(self.folder), [])

    def test_missing_model(self):
        done = transcribe('--model', self.folder / 'no-such-model', 'a.wav')
        self.assertEqual(done.returncode, 1)
        self.assertIn('no-such-model', done.stderr)


if __name__ == '__main__':
    program.main()
