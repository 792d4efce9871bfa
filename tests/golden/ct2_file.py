# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads and writes model.bin, the weights of a CTranslate2 Whisper folder (layout: runtime/model/ctranslate2_file.h)."""
import pathlib
import struct

import numpy as np

TYPES = {0: np.dtype('<f4'), 1: np.dtype('<i1'), 2: np.dtype('<i2'), 3: np.dtype('<i4'), 4: np.dtype('<f2')}
CODES = {kind: code for code, kind in TYPES.items()}


def read(path):
    """Returns {variable: array}. The arrays are views of the mapped file and have the types of the file. Aliases are
    left out."""
    data, at = np.memmap(path, np.uint8, mode='r'), 0

    def take(layout):
        nonlocal at
        values = struct.unpack_from('<' + layout, data, at)
        at += struct.calcsize('<' + layout)
        return values

    def text():
        return take(f'{take("H")[0]}s')[0].rstrip(b'\0').decode()

    version, = take('I')
    assert version == 6, version
    text(), take('I')
    variables = {}
    for _ in range(take('I')[0]):
        name = text()
        dims = take(f'{take("B")[0]}I')
        kind, n_bytes = take('BI')
        variables[name] = np.frombuffer(data, TYPES[kind], n_bytes // TYPES[kind].itemsize, at).reshape(dims)
        at += n_bytes
    return variables


def write(path, n_variables, variables, aliases):
    """Writes `variables`, an iterable of n_variables pairs (name, array), one after the other, and `aliases`, a
    {alias: name}. An array keeps its type, which is one of TYPES."""
    def text(value):
        return struct.pack('<H', len(value) + 1) + value.encode() + b'\0'

    written = 0
    with open(path, 'wb') as file:
        file.write(struct.pack('<I', 6) + text('WhisperSpec') + struct.pack('<II', 3, n_variables))
        for name, array in variables:
            file.write(text(name) + struct.pack(f'<B{array.ndim}I', array.ndim, *array.shape) +
                       struct.pack('<BI', CODES[array.dtype], array.nbytes))
            file.write(np.ascontiguousarray(array).data)
            written += 1
        file.write(struct.pack('<I', len(aliases)))
        for alias, name in aliases.items():
            file.write(text(alias) + text(name))
    assert written == n_variables, f'{pathlib.Path(path)}: {written} variables written, {n_variables} announced'
