# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pins: the checksums of a model's files that the hub sent when the model was first fetched.

The file NAME.pins.json beside the model's folder contains the pins. Later downloads and checks of the
model use these checksums and this revision, so that they detect changes of the repository."""
import dataclasses
import json
import os
import re

from model_tool.places import own_cache
from model_tool.reporting import FetchError
from model_tool.sums import is_sum
from model_tool.table import File

MAX_FILE_BYTES = 10**12


@dataclasses.dataclass(frozen=True)
class Pins:
    repository: str
    revision: str  # The commit of the repository.
    files: tuple


def path_of(name):
    return own_cache() / f'{name}.pins.json'


def is_plain_name(name):
    return (isinstance(name, str) and name not in ('.', '..') and
            re.fullmatch('[A-Za-z0-9._-]{1,100}', name) is not None)


def is_size(n_bytes):
    return type(n_bytes) is int and 0 < n_bytes < MAX_FILE_BYTES  # A bool is not a size.


def parse(content):
    """Returns the Pins in `content`, which is parsed JSON. Raises ValueError, TypeError or KeyError if
    `content` is invalid."""
    files = tuple(File(file['name'], file['bytes'], file['sum']) for file in content['files'])
    for file in files:
        if not (is_plain_name(file.name) and is_size(file.n_bytes) and is_sum(file.sum)):
            raise ValueError(f'a name, a size and a checksum were wanted, found {file}')
    if len({file.name for file in files}) != len(files):
        raise ValueError('different names of files were wanted, found one twice')
    revision = content['revision']
    if not files or not isinstance(revision, str) or not re.fullmatch('[0-9a-f]{40}', revision):
        raise ValueError('files and the revision of a repository were wanted')
    return Pins(str(content['repository']), revision, files)


def read(name):
    """Returns the pins of model `name`, or None if it has none. Raises FetchError if they are invalid."""
    path = path_of(name)
    try:
        return parse(json.loads(path.read_text(encoding='utf8')))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise FetchError(f"'{path}': not the pins of a model ({error}). Remove this file to trust "
                         'the repository again.') from error


def write(name, pinned):
    """Replaces the pins of model `name` in one step."""
    content = {'repository': pinned.repository, 'revision': pinned.revision,
               'files': [{'name': file.name, 'bytes': file.n_bytes, 'sum': file.sum}
                         for file in pinned.files]}
    path = path_of(name)
    new = path.with_suffix('.new')
    with new.open('w', encoding='utf8') as stream:
        json.dump(content, stream, indent=2)
        stream.flush()
        os.fsync(stream.fileno())
    new.rename(path)
