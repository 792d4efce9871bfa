#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Transcribes a short clip on the emulated NPU with precision int8. Expects the text of the CPU (in
its default precision) with at most one different word, products in int8, and the planned number of
multiply-accumulates.

usage: int8_text_test.py EMULATE npu1|npu2 TRANSCRIBE

Exit status 77 (skipped) without a clip or a model."""
import re
import sys

from stages_text_test import compare_clip, shortest_clip
from text_test import Findings, need


def main():
    emulate, array, transcribe = sys.argv[1:]
    clip = shortest_clip()
    need([clip] if clip else [], transcribe)
    findings = Findings()
    expect = findings.expect

    plan, prepared, done, _ = compare_clip(emulate, array, transcribe, clip,
                                           ['--precision', 'int8'], expect)

    # Expects each layer's four products in int8, but no convolution.
    encoder = plan.split('cross-attention:')[0]
    in_int8 = re.findall(r'^  (\S+) +npu .*, int8', encoder, re.MULTILINE)
    layers = len(re.findall(r'^  \S*self_attention/linear_0 ', encoder, re.MULTILINE))
    expect(layers > 0 and len(in_int8) == 4 * layers, f'{layers} layers, in int8: {in_int8}\n{encoder}')
    expect(not any('conv' in name for name in in_int8), f'in int8: {in_int8}')

    planned = re.search(r'(\d+) multiply-accumulates \(\d+ without padding\)', plan)
    expect(planned is not None, f'no multiply-accumulates in the plan:\n{plan}')
    if planned:
        windows = done['driver']['n_submissions'] - prepared['driver']['n_submissions']
        counted = (done['array']['multiply_accumulates'] -
                   prepared['array']['multiply_accumulates'])
        expect(windows >= 1, 'no submission')
        expect(counted == windows * int(planned.group(1)),
               f'{counted} multiply-accumulates for {windows} windows, planned {planned.group(1)}')
    seconds = done['array']['seconds'] - prepared['array']['seconds']
    print(f'predicted {seconds * 1e3:.1f} ms for a window')
    return findings.verdict()


if __name__ == '__main__':
    sys.exit(main())
