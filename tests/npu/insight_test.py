#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests the trace, the picture and the statistics of a run of the program on the emulated NPU.

usage: insight_test.py EMULATE npu1|npu2 TRANSCRIBE

Exit status 77 (skipped) without Debian's pocketsphinx-testdata or the model base."""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

SKIPPED = 77
CLIP = pathlib.Path('/usr/share/pocketsphinx/test/data/librivox/'
                    'sense_and_sensibility_01_austen_64kb-0880.wav')
NAMES = {'npu1': 'NPU Phoenix (emulated)', 'npu2': 'NPU Strix (emulated)'}
CORES = {'npu1': 16, 'npu2': 32}
SPAN = re.compile(r'\{"ph":"X","name":"((?:[^"\\]|\\.)*)","pid":(\d+),"tid":(\d+),"ts":([\d.]+),'
                  r'"dur":([\d.]+)(?:,"args":\{"[^"]+":-?\d+\})?\}')


def read_trace(path):
    """Returns {("process" or "thread", number): name} and [(span's name, pid, tid, begin, end)]."""
    names, spans = {}, []
    lines = path.read_text(encoding='utf8').split('\n')
    assert lines[0] == '{"traceEvents":[' and lines[-2:] == [']}', ''], 'not a whole trace'
    for number, line in enumerate(lines[1:-2]):
        is_last = number == len(lines) - 4
        assert line.endswith(',') != is_last, f'event {number}: {line}'
        found = SPAN.fullmatch(line.rstrip(','))
        # There are a million spans, so the JSON parser checks only one in a thousand.
        if found is None or number % 1000 == 0:
            event = json.loads(line.rstrip(','))
            if event['name'].endswith('_name'):
                kind = event['name'][:-len('_name')]
                names[kind, event['pid' if kind == 'process' else 'tid']] = event['args']['name']
        if found:
            name, pid, tid, begin, length = found.groups()
            spans.append((name, int(pid), int(tid), float(begin), float(begin) + float(length)))
    return names, spans


class Insight(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix='npuwhisper-insight-')
        cls.addClassCleanup(folder.cleanup)
        trace, cls.picture = (pathlib.Path(folder.name, name) for name in ('t.json', 'p.svg'))
        done = subprocess.run(
            [emulate, array, '--', transcribe, '--quiet', '--model', 'base', '--language', 'en',
             '--beam-size', '1', '--device', 'npu', '--format', 'json', '--trace', trace, CLIP],
            env={**os.environ, 'NPUWHISPER_EMULATOR_TRACE': str(trace),
                 'NPUWHISPER_EMULATOR_OCCUPANCY': str(cls.picture)},
            capture_output=True, encoding='utf8', check=True, timeout=300)
        cls.stats = json.loads(done.stdout)['stats']
        cls.names, cls.spans = read_trace(trace)
        cls.process = {name: number for (kind, number), name in cls.names.items()
                       if kind == 'process'}

    def spans_of(self, process):
        return [span for span in self.spans if span[1] == self.process[process]]

    def test_trace_has_the_hosts_stages(self):
        found = {span[0] for span in self.spans_of('npuwhisper')}
        self.assertLessEqual({'mel', 'encode', 'encoder', 'cross', 'prompt', 'decode',
                              'decoder step', 'submit', 'wait', 'text'}, found)

    def test_trace_has_the_runs_inside_the_encoders_waits(self):
        runs = self.spans_of(NAMES[array])
        self.assertEqual(len(runs), self.stats['npu_calls'])
        encoders = [span for span in self.spans_of('npuwhisper') if span[0] == 'encoder']
        for run, encoder in zip(runs, encoders):
            self.assertGreaterEqual(run[3], encoder[3])
            self.assertLessEqual(run[4], encoder[4])

    def test_trace_has_cores_dma_and_stalls_of_each_tile(self):
        spans = self.spans_of(NAMES[array] + ', predicted time')
        tracks = {}
        for name, _, tid, _, _ in spans:
            tracks.setdefault(self.names['thread', tid], set()).add(name)
        cores = {track: found for track, found in tracks.items()
                 if re.fullmatch(r'core \(\d+, \d+\)', track)}
        self.assertEqual(len(cores), CORES[array])
        for track, found in cores.items():
            self.assertIn('encoder_multiply', found, track)
            self.assertIn('wait for a_full', found, track)
        self.assertIn('sync', tracks['controller: instruction stream'])
        for track in ('shim (0, 0) MM2S 0', 'memory tile (0, 1) MM2S 0', 'core (0, 2) S2MM 0'):
            self.assertTrue(any(name.startswith('descriptor') for name in tracks[track]), track)

    def test_the_arrays_time_begins_with_its_run(self):
        run = self.spans_of(NAMES[array])[0]
        spans = self.spans_of(NAMES[array] + ', predicted time')
        begin, end = min(span[3] for span in spans), max(span[4] for span in spans)
        self.assertGreaterEqual(begin + 1, run[3])
        self.assertLess(end, run[4])

    def test_picture_says_what_it_is(self):
        tree = xml.etree.ElementTree.parse(self.picture)
        texts = [element.text for element in tree.iter() if element.tag.endswith('text')]
        self.assertRegex(texts[0], re.escape(NAMES[array]) +
                         f': activity of {CORES[array]} cores and the DMA in [0-9.]+ ms, predicted')
        self.assertTrue(any(text.startswith('encoder_multiply ') for text in texts))

    def test_stats_count_what_the_npu_did(self):
        self.assertIn('emulated', self.stats['device'])
        self.assertEqual(self.stats['npu_calls'], self.stats['windows'])
        self.assertGreaterEqual(self.stats['dma_syncs'], 2 * self.stats['windows'])
        self.assertGreater(self.stats['bytes_to_device'], 0)
        self.assertGreater(self.stats['bytes_from_device'], 1500 * 512 * 2 * self.stats['windows'])
        self.assertGreater(self.stats['npu_utilisation'], 0)
        self.assertLessEqual(self.stats['npu_utilisation'], 1)
        self.assertGreater(self.stats['encoder_ms'], self.stats['mel_ms'])
        self.assertGreater(self.stats['decoder_ms'], 0)


if __name__ == '__main__':
    emulate, array, transcribe = sys.argv[1:]
    probe = subprocess.run([transcribe, '--quiet', '--model', 'base', '--plan'],
                           capture_output=True, encoding='utf8', check=False)
    if not CLIP.exists() or probe.returncode != 0:
        print(f'skipped: no {CLIP}' if not CLIP.exists() else f'skipped: {probe.stderr}')
        sys.exit(SKIPPED)
    unittest.main(argv=sys.argv[:1], verbosity=2)
