# SPDX-License-Identifier: LGPL-2.1-or-later
"""Results in the output folder. A result is a folder with a file for each format:

    OUTPUT/results/KEY[:2]/KEY/transcript.json

KEY is a hash of the content of the media file, the model and the options. A result appears with all
its files at once, and is never replaced.
"""
import contextlib
import errno
import fcntl
import hashlib
import json
import os
import pathlib
import shutil

_PIECE = 1 << 20  # Bytes that are read at once.


class OutputError(Exception):
    """The output folder cannot be used; the message is for the user."""


class Results:
    """The results in an output folder, for any number of processes and machines. Thread-safe.

    settings: what affects the content of a result beside the media file, as a JSON value."""

    def __init__(self, output, settings):
        self.folder = pathlib.Path(output)
        self._settings = json.dumps(settings, sort_keys=True).encode()

    def key(self, path):
        """Reads a media file. Returns its key and its size in bytes. Raises OSError."""
        digest = hashlib.sha256(self._settings + b'\n')
        n_bytes = 0
        with open(path, 'rb', buffering=0) as file:
            while piece := file.read(_PIECE):
                digest.update(piece)
                n_bytes += len(piece)
        return digest.hexdigest(), n_bytes

    def place(self, key):
        """Returns the path of a result, from the output folder."""
        return pathlib.Path('results', key[:2], key)

    def has(self, key):
        return (self.folder / self.place(key)).is_dir()

    def partial(self):
        """Returns the folder for results that are not complete. It is in the same file system as the
        results, so that a rename can publish them."""
        return self.folder / 'partial'

    def publish(self, key, folder):
        """Makes the folder the result of the key. Returns whether the result is new. If there is a
        result already, leaves that result and the folder unchanged. Raises OSError."""
        for file in folder.iterdir():
            _flush(file)
        _flush(folder)
        place = self.folder / self.place(key)
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.rename(folder, place)  # Fails if `place` is a folder with files.
        except OSError as error:
            if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
                return False
            raise
        _flush(place.parent)
        return True


def _flush(path):
    """Writes a file or folder to the disk."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


@contextlib.contextmanager
def sole_run(results):
    """Creates the output folder, and removes the remains of an earlier run. Raises OutputError, also if
    another run uses the folder."""
    with _lock_file(results) as lock:
        _prepare(results, lock)
        try:
            yield
        finally:
            shutil.rmtree(results.partial(), ignore_errors=True)


def _lock_file(results):
    try:
        results.folder.mkdir(parents=True, exist_ok=True)
        return open(results.folder / 'lock', 'a', encoding='utf-8')
    except OSError as error:
        raise OutputError(f'--output {results.folder}: {error.strerror}') from error


def _prepare(results, lock):
    """Locks the file, and creates an empty folder for partial results."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(results.partial(), ignore_errors=True)
        results.partial().mkdir()
    except BlockingIOError as error:
        raise OutputError(f'--output {results.folder}: another run uses this folder') from error
    except OSError as error:
        raise OutputError(f'--output {results.folder}: {error.strerror}') from error
