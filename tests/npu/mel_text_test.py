#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Transcribes one clip with log-mel and encoder on the emulated NPU. Expects the CPU's text and the
planned numbers of calls and multiply-accumulates per window.

usage: mel_text_test.py EMULATE npu1|npu2 TRANSCRIBE [CLIP]

Without CLIP, uses the first clip of text_test.py. Exit status 77 (skipped) without a clip or a
model."""
import json
import pathlib
import re
import sys
import tempfile

from text_test import Findings, OPTIONS, clips, need, run, words


def main():
    emulate, array, transcribe, *given = sys.argv[1:]
    files = (given or clips())[:1]
    need(files, transcribe)

    npu = [emulate, array, '--', transcribe, *OPTIONS, '--device', 'npu', '--npu-stages', 'mel,encoder']
    with tempfile.TemporaryDirectory() as folder:
        stats_file = pathlib.Path(folder, 'stats.json')
        on_npu = words(run([*npu, '--format', 'txt', '--', *files], NPUWHISPER_EMULATOR_STATS=str(stats_file)))
        stats = json.loads(stats_file.read_text(encoding='utf8'))
    on_cpu = words(run([transcribe, *OPTIONS, '--device', 'cpu', '--format', 'txt', '--', *files]))
    plan = run([*npu, '--plan'])
    planned = [int(n) for n in re.findall(r'(\d+) multiply-accumulates \(', plan)]
    done = stats['array']['multiply_accumulates']
    n_submissions = stats['driver']['n_submissions']
    print(f'{len(on_cpu)} words; {n_submissions} submissions, {done} multiply-accumulates, '
          f'planned {planned} for a window')
    print('\n'.join(line for line in plan.splitlines() if 'log-mel' in line or 'spectrum' in line))

    findings = Findings()
    findings.expect(len(on_cpu) >= 3 and on_npu == on_cpu,
                    f'the text is another one:\n{on_cpu}\n{on_npu}')
    findings.expect(len(planned) == 2, f'wanted log-mel and encoder in the plan:\n{plan}')
    findings.expect(
        n_submissions >= 2 and n_submissions % 2 == 0 and done == n_submissions // 2 * sum(planned),
        'wanted two submissions for each window, and the multiply-accumulates of both')
    findings.expect(re.search(r'\(1\.00\d\d times\)', plan), 'wanted each sample to cross once')
    return findings.verdict()


if __name__ == '__main__':
    sys.exit(main())
