# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checksums of files."""
import hashlib
import re

# Length of a checksum in hexadecimal digits, by its algorithm.
LENGTHS = {'sha256': 64, 'sha1': 40, 'git-sha1': 40}


def is_sum(text):
    algorithm, _, digits = text.partition(':')
    return algorithm in LENGTHS and bool(
        re.fullmatch(f'[0-9a-f]{{{LENGTHS[algorithm]}}}', digits))


def digest(path, algorithm):
    """Returns the checksum of the file `path` with its algorithm, as in the table ("sha256:...").

    algorithm: sha256, sha1, or git-sha1, which is git's object name of the file's content."""
    state = hashlib.new(algorithm.removeprefix('git-'))
    if algorithm == 'git-sha1':
        state.update(b'blob %d\0' % path.stat().st_size)
    with path.open('rb') as stream:
        while block := stream.read(1 << 20):
            state.update(block)
    return f'{algorithm}:{state.hexdigest()}'


def compare(path, file):
    """Returns a message if the file `path` is missing, or if its size or checksum differs from `file`;
    otherwise None.

    The size is not compared if the size in `file` is None."""
    if not path.is_file():
        return 'the file is missing'
    n_bytes = path.stat().st_size
    if file.n_bytes is not None and n_bytes != file.n_bytes:
        return f'found {n_bytes} bytes, wanted {file.n_bytes}'
    found = digest(path, file.sum.partition(':')[0])
    if found != file.sum:
        return f'found the checksum {found}, wanted {file.sum}'
    return None
