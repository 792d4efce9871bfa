# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes golden data: the tensors that a test compares with, and their origin.

Format (read by tests/support/golden.h): UTF-8 lines, an empty line, then the values of the tensors in
sequence, row-major, little-endian, without padding.

    npuwhisper-golden 1
    origin: tests/golden/make_mel.py, NumPy 2.4.6      any number of "key: value" lines; keys have no colon
    tolerance: 1e-4 absolute: why
    tensor mel80 f32 150 80                            name, type (f32 or i32), dimensions
    <empty line>
"""
import pathlib

import numpy as np

TYPES = {'f32': np.dtype('<f4'), 'i32': np.dtype('<i4')}


def write(path, attributes, tensors):
    """Writes `path`. attributes: {key: text}; tensors: {name: array}. Stores integers as i32, other numbers as f32."""
    header, data = ['npuwhisper-golden 1'], []
    for key, value in attributes.items():
        assert ':' not in key and '\n' not in value and value
        header.append(f'{key}: {value}')
    for name, array in tensors.items():
        kind = 'i32' if np.issubdtype(np.asarray(array).dtype, np.integer) else 'f32'
        stored = np.ascontiguousarray(array, TYPES[kind])
        header.append(' '.join(['tensor', name, kind, *map(str, stored.shape)]))
        data.append(stored.tobytes())
    text = '\n'.join(header) + '\n\n'
    pathlib.Path(path).write_bytes(text.encode() + b''.join(data))
