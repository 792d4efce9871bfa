# SPDX-License-Identifier: LGPL-2.1-or-later
"""Names of the files of an archive. All functions yield names one by one, so the number of files
does not affect the memory."""
import os
import stat
import threading

# In folders, files with other extensions are ignored.
EXTENSIONS = frozenset(
    '.3gp .aac .ac3 .aif .aiff .amr .au .avi .caf .flac .flv .m2ts .m4a .m4b .m4v .mka .mkv .mov .mp2'
    ' .mp3 .mp4 .mpeg .mpg .mts .mxf .oga .ogg .ogv .opus .ts .vob .wav .webm .wma .wmv'.split())
_LONGEST_NAME = 32768  # Bytes of a line in a list.


class InputError(Exception):
    """An input cannot be read; the message is for the user."""


def names_of(inputs, excluded):
    """Yields the absolute names of all files of `inputs`: a folder, a file, or @LIST, a file with a
    name on each line. Does not enter the folder `excluded`. Raises InputError."""
    for given in inputs:
        if given.startswith('@'):
            for name in _lines(given[1:]):
                yield os.path.abspath(name)
        elif os.path.isdir(given):
            yield from _media_files(os.path.abspath(given), os.path.realpath(excluded))
        else:
            yield os.path.abspath(given)


def _lines(path):
    try:
        with open(path, 'rb') as lines:
            while line := lines.readline(_LONGEST_NAME + 1):
                if len(line) > _LONGEST_NAME:
                    raise InputError(f'@{path}: found a line of more than {_LONGEST_NAME} bytes, '
                                     'wanted the name of a file')
                if name := line.rstrip(b'\r\n'):
                    yield os.fsdecode(name)
    except OSError as error:
        raise InputError(f'@{path}: {error.strerror}') from error


def _media_files(folder, excluded):
    """Yields the media files in the folder and its subfolders, in the order of the file system."""
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if os.path.realpath(entry.path) != excluded:
                        yield from _media_files(entry.path, excluded)
                elif os.path.splitext(entry.name)[1].lower() in EXTENSIONS and entry.is_file():
                    yield entry.path
    except OSError as error:
        raise InputError(f'{folder}: {error.strerror}') from error


class Total(threading.Thread):
    """Counts the files of the inputs and their bytes, while the files are transcribed. Thread-safe."""

    def __init__(self, inputs, excluded):
        super().__init__(daemon=True)
        self.n_bytes = 0
        self.n_files = 0
        self.is_known = False  # Whether all files have been counted.
        self._inputs, self._excluded = inputs, excluded
        # A pipe can be read only once.
        if all(not given.startswith('@') or _is_regular(given[1:]) for given in inputs):
            self.start()

    def run(self):
        try:
            for name in names_of(self._inputs, self._excluded):
                self.n_files += 1
                try:
                    self.n_bytes += os.stat(name).st_size
                except OSError:
                    pass  # The worker that reads the file reports the reason.
        except InputError:
            return  # The main thread reports the reason.
        self.is_known = True


def _is_regular(path):
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except OSError:
        return False
