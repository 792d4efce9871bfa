# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes golden data of ggml's quantised blocks: bytes, and the values that llama.cpp's own package reads from them.

usage: make_quants.py [OUT]        (default: quants.bin beside this script; needs NumPy and gguf)

The values are random, and some are extreme, so that all bits of the blocks are used.
"""
import importlib.metadata
import pathlib
import sys

import gguf
import numpy as np

import golden_file

ROWS, COLUMNS = 3, 96
TYPES = ('Q4_0', 'Q4_1', 'Q5_0', 'Q5_1', 'Q8_0')


def main():
    out = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).with_name('quants.bin'))
    random = np.random.default_rng(1)
    values = random.normal(size=(ROWS, COLUMNS)).astype(np.float32)
    values[1] *= 1000
    values[2, :32] = 0
    tensors = {}
    for name in TYPES:
        kind = gguf.GGMLQuantizationType[name]
        stored = gguf.quantize(values, kind)
        tensors[f'{name.lower()}_bytes'] = stored.astype(np.int32)
        tensors[f'{name.lower()}_values'] = gguf.dequantize(stored, kind)
    versions = f'gguf {importlib.metadata.version("gguf")}, NumPy {np.__version__}'
    golden_file.write(out, {'origin': f'tests/golden/make_quants.py, {versions}',
                            'tolerance': '0, because both sides compute d * q (+ m) in f32'}, tensors)


main()
