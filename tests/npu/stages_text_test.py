#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Transcribes a short clip with the stages encoder and decoder on the emulated NPU. Expects the
CPU's text with at most one different word, and exactly the planned numbers of runs, syncs and
multiply-accumulates.

usage: stages_text_test.py EMULATE npu1|npu2 TRANSCRIBE

Exit status 77 (skipped) without a clip or a model."""
import json
import os
import pathlib
import re
import sys
import tempfile

from text_test import Findings, OPTIONS, count_different, need, run, words


def shortest_clip():
    """Returns the shortest clip, or None. Decoder steps are slow on the emulated array."""
    shared = os.environ.get('NPUWHISPER_SHARED')
    folders = [pathlib.Path(shared, 'speech', 'en_clean')] if shared else []
    folders.append(pathlib.Path('/usr/share/pocketsphinx/test/data/librivox'))
    for folder in folders:
        found = [file for file in folder.glob('*') if file.suffix in ('.flac', '.wav')]
        if found:
            return min(found, key=lambda file: file.stat().st_size)
    return None


def compare_clip(emulate, array, transcribe, clip, options, expect):
    """Runs the program with --plan, then transcribes `clip` on the NPU with `options` and on the CPU.
    Expects the texts to differ in at most one word. Returns the plan, the emulator's counters after
    the plan and after the transcription, and the CPU's words."""
    def on_npu(*arguments):
        with tempfile.TemporaryDirectory() as folder:
            stats = pathlib.Path(folder, 'stats.json')
            printed = run([emulate, array, '--', transcribe, *OPTIONS, '--device', 'npu', *options,
                           *arguments], NPUWHISPER_EMULATOR_STATS=str(stats))
            return printed, json.loads(stats.read_text(encoding='utf8'))

    plan, prepared = on_npu('--plan')
    text, done = on_npu('--format', 'txt', '--', clip)
    found = words(text)
    wanted = words(run([transcribe, *OPTIONS, '--device', 'cpu', '--format', 'txt', '--', clip]))
    different = count_different(wanted, found)
    print(f'{len(wanted)} words on the CPU, {different} different on {array}: {text.strip()}')
    expect(len(wanted) > 3, 'the CPU said next to nothing')
    expect(different <= 1, f'more than one word is different:\n{wanted}\n{found}')
    return plan, prepared, done, wanted


def main():
    emulate, array, transcribe = sys.argv[1:]
    clip = shortest_clip()
    need([clip] if clip else [], transcribe)
    findings = Findings()
    expect = findings.expect

    plan, prepared, done, wanted = compare_clip(emulate, array, transcribe, clip,
                                                ['--npu-stages', 'encoder,decoder'], expect)

    groups = re.search(r'(\d+) submissions per step', plan)
    macs = [int(n) for n in re.findall(r'(\d+) multiply-accumulates \(\d+ without padding\)', plan)]
    if groups is None or len(macs) != 2:
        print(f'FAILED: no figures in the plan:\n{plan}')
        return 1
    groups = int(groups.group(1))
    ran = {name: done['driver'][name] - prepared['driver'][name] for name in done['driver']
           if isinstance(done['driver'][name], int)}
    # One submission is the window. All other submissions are steps of the decoder.
    steps = (ran['n_submissions'] - 1) // groups
    print(f'{steps} steps of {groups} submissions; {ran}')
    expect(steps >= len(wanted), f'{steps} steps for {len(wanted)} words')
    # To the device, each run has two syncs: its input, and the marker in its output.
    for name, number in (('n_submissions', 1), ('n_runs', 1), ('n_syncs_to_device', 2),
                         ('n_syncs_from_device', 1)):
        expect(ran[name] == number * (1 + steps * groups), f'{name}: {ran[name]}')
    for name in ('n_buffers', 'n_contexts', 'n_failed_runs'):
        expect(ran[name] == 0, f'{name}: {ran[name]} while running')
    counted = done['array']['multiply_accumulates'] - prepared['array']['multiply_accumulates']
    expect(counted == macs[0] + steps * macs[1],
           f'{counted} multiply-accumulates, planned {macs[0]} for the window, {macs[1]} a step')

    # Checks the placement of operations in the plan.
    projections = re.findall(r'decoder/layer_\d+/attention/linear_1 +npu ', plan)
    expect(len(projections) == (groups - 1) // 2, f'{len(projections)} cross-attention projections')
    on_cpu = re.findall(r'^  (\S*linear\S*) +cpu ', plan, re.MULTILINE)
    expect(not on_cpu, f'products on the CPU: {on_cpu}')
    expect(re.search(r'decoder/projection +cpu .*must not be rounded', plan),
           'no reason for the logits\' place')
    return findings.verdict()


if __name__ == '__main__':
    sys.exit(main())
