#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Transcribes speech on the emulated NPU. Expects the CPU's text with at most one different word,
and the planned number of calls.

usage: text_test.py EMULATE npu1|npu2 TRANSCRIBE [CLIP...]

Without CLIP, uses three short clips of the set NPUWHISPER_SHARED or, without that set, of Debian's
pocketsphinx-testdata. Exit status 77 (skipped) without clips or a model."""
import difflib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

SKIPPED = 77
CLIPS = 3


def clips():
    shared = os.environ.get('NPUWHISPER_SHARED')
    if shared:
        found = sorted(pathlib.Path(shared, 'speech', 'en_clean').glob('*.flac'))[:CLIPS]
        if found:
            return found
    return sorted(pathlib.Path('/usr/share/pocketsphinx/test/data/librivox').glob('*.wav'))[:CLIPS]


def words(text):
    return re.findall(r"[\w']+", text.lower())


def count_different(wanted, found):
    """Returns the number of words that were replaced, added or left out. "horse play" for "horseplay" counts as one."""
    n = 0
    for tag, a1, a2, b1, b2 in difflib.SequenceMatcher(None, wanted, found, autojunk=False).get_opcodes():
        if tag == 'equal':
            continue
        is_split_differently = ''.join(wanted[a1:a2]) == ''.join(found[b1:b2])
        n += 1 if is_split_differently else max(a2 - a1, b2 - b1)
    return n


def run(command, **variables):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True,
                          env={**os.environ, **variables}, check=False)
    if done.returncode != 0:
        sys.exit(f'{" ".join(map(str, command))}: exit status {done.returncode}\n{done.stderr}')
    return done.stdout


OPTIONS = ['--quiet', '--model', 'base', '--language', 'en', '--beam-size', '1']


def need(files, transcribe):
    """Exits with status 77 (skipped) if there are no clips or the program has no model."""
    if not files:
        print('skipped: no clips')
        sys.exit(SKIPPED)
    probe = subprocess.run([transcribe, *OPTIONS, '--plan'], capture_output=True, text=True,
                           check=False)
    if probe.returncode != 0:
        print(f'skipped: {probe.stderr}')
        sys.exit(SKIPPED)


class Findings:
    """Collects failed expectations."""

    def __init__(self):
        self.failures = []

    def expect(self, condition, message):
        if not condition:
            self.failures.append(message)

    def verdict(self):
        """Prints the failures and returns the exit status."""
        for failure in self.failures:
            print(f'FAILED: {failure}')
        return 1 if self.failures else 0


def main():
    emulate, array, transcribe, *given = sys.argv[1:]
    files = given or clips()
    need(files, transcribe)

    def texts(prefix, device, n, **variables):
        found = run([*prefix, transcribe, *OPTIONS, '--device', device, '--format', 'txt', '--',
                     *files[:n]], **variables)
        return words(found)

    findings = Findings()
    expect = findings.expect
    npu = [emulate, array, '--']
    with tempfile.TemporaryDirectory() as folder:
        counts = {}
        for n in (1, len(files)):
            stats = pathlib.Path(folder, f'stats{n}.json')
            on_npu = texts(npu, 'npu', n, NPUWHISPER_EMULATOR_STATS=str(stats))
            counts[n] = json.loads(stats.read_text(encoding='utf8'))
    on_cpu = texts([], 'cpu', len(files))
    different = count_different(on_cpu, on_npu)
    print(f'{len(on_cpu)} words on the CPU, {different} different on {array}')
    expect(len(on_cpu) > 10, 'the CPU said next to nothing')
    expect(different <= 1, f'more than one word is different:\n{on_cpu}\n{on_npu}')

    one, all_of = counts[1], counts[len(files)]
    expect('emulated' in one['device'], f'the device is called {one["device"]}')
    more = {name: all_of['driver'][name] - one['driver'][name] for name in one['driver']
            if isinstance(one['driver'][name], int)}
    windows = more['n_submissions']
    expect(windows >= len(files) - 1, f'{windows} submissions for {len(files) - 1} more clips')
    expect(more['n_runs'] == windows, f'{more["n_runs"]} runs for {windows} windows')
    expect(more["n_syncs_to_device"] == 2 * windows,
           f"{more['n_syncs_to_device']} syncs to the device")
    expect(more['n_syncs_from_device'] == windows, f'{more["n_syncs_from_device"]} syncs from it')
    expect(more['n_buffers'] == 0, f'{more["n_buffers"]} buffers made while running')
    expect(more['n_contexts'] == 0, f'{more["n_contexts"]} contexts made while running')

    plan = run([*npu, transcribe, *OPTIONS, '--device', 'npu', '--plan'])
    planned = re.search(r'(\d+) multiply-accumulates \((\d+) without padding\)', plan)
    expect(planned is not None, f'no multiply-accumulates in the plan:\n{plan}')
    if planned:
        done = all_of['array']['multiply_accumulates'] - one['array']['multiply_accumulates']
        expect(done == windows * int(planned.group(1)),
               f'{done} multiply-accumulates for {windows} windows, planned {planned.group(1)} for one')
    encoder = plan.split('cross-attention:')[0]
    flops = {device: sum(float(f) for f in re.findall(rf' {device} +([\d.]+) GFLOP', encoder))
             for device in ('npu', 'cpu')}
    expect(flops['npu'] >= 0.95 * sum(flops.values()) > 0, f'the encoder by device, GFLOP: {flops}')
    print(f'{more}, {flops}, predicted {one["array"]["seconds"] * 1e3:.1f} ms for a window')
    return findings.verdict()


if __name__ == '__main__':
    sys.exit(main())
