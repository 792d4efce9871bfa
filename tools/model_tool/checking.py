# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compares a model on this machine with its known checksums."""
import fnmatch

from model_tool import pins
from model_tool.places import VOCABULARIES, WEIGHTS, cache_folder, own_cache
from model_tool.reporting import FetchError
from model_tool.sums import LENGTHS, compare, is_sum
from model_tool.table import FOLDER_FORMATS, File

# The files that the library reads in the folder of a model.
READ_BY_LIBRARY = (*WEIGHTS, *(row.shards for row in FOLDER_FORMATS if row.shards), 'config.json',
                   'generation_config.json', *VOCABULARIES, 'vocab.json', 'added_tokens.json')


def published_sum(path, model):
    """Returns a list of one File with the checksum of `path`, a file of OpenAI or whisper.cpp. The list is
    empty if the checksum is not known."""
    if path.suffix == '.pt' and model.openai_sha256:
        return [File(path.name, None, f'sha256:{model.openai_sha256}')]
    if path.name in model.ggml_sha1:
        return [File(path.name, None, f'sha1:{model.ggml_sha1[path.name]}')]
    return []


def names_of_blobs(folder):
    """Returns the files of a snapshot in the Hugging Face cache. The cache names each file by its
    checksum: SHA-256 for large files, git's SHA-1 for small files."""
    files = []
    for path in sorted(folder.iterdir()):
        blob = path.resolve()
        algorithm = 'sha256' if len(blob.name) == LENGTHS['sha256'] else 'git-sha1'
        if blob.parent.name == 'blobs' and is_sum(f'{algorithm}:{blob.name}'):
            files.append(File(path.name, None, f'{algorithm}:{blob.name}'))
    return files


def known_sums(path, model):
    """Returns the files of the model at `path` with their checksums. Raises FetchError if no checksums
    are known."""
    if path.is_file():
        files = published_sum(path, model)
    elif model.files and (path / model.files[-1].name).is_file():
        files = list(model.files)
    elif cache_folder() and path == own_cache() / model.name and (pinned := pins.read(model.name)):
        files = list(pinned.files)
    else:
        files = names_of_blobs(path)
    if not files:
        raise FetchError(f"'{path}': no checksums are known for this copy of {model.name}")
    return files


def without_sum(path, files):
    """Returns the names of the files without a known checksum: the library reads these files of the
    model at `path`, but `files` does not contain them."""
    if path.is_file():
        return []
    known = {file.name for file in files}
    return [file.name for file in sorted(path.iterdir()) if file.name not in known and
            any(fnmatch.fnmatch(file.name, pattern) for pattern in READ_BY_LIBRARY)]


def check(path, model):
    """Returns (file name, difference or None) for each file of the model at `path`."""
    folder = path.parent if path.is_file() else path
    files = known_sums(path, model)
    return [*((file.name, compare(folder / file.name, file)) for file in files),
            *((name, 'no checksum is known for this file') for name in without_sum(path, files))]
