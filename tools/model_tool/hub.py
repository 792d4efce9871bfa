# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Hugging Face hub: the files of a repository with their checksums, and their addresses."""
import fnmatch
import http.client
import json
import os
import time
import urllib.parse
import urllib.request

from model_tool.pins import parse
from model_tool.places import VOCABULARIES
from model_tool.reporting import Unreachable, UsageError
from model_tool.transfer import (SILENCE_TIMEOUT_S, TRIES_WITHOUT_PROGRESS, USER_AGENT, describe,
                                 is_temporary, seconds_to_wait)

# The files of a CTranslate2 repository that a model needs. preprocessor_config.json is for
# faster-whisper, so that it can use the folder too.
PATTERNS = ('config.json', 'preprocessor_config.json', 'tokenizer.json', 'vocabulary.*',
            'model.bin')
MAX_ANSWER_BYTES = 1 << 20


def endpoint():
    """Returns the address of the hub. Raises UsageError if HF_ENDPOINT is not an HTTP address."""
    text = os.environ.get('HF_ENDPOINT') or 'https://huggingface.co'
    try:
        parts = urllib.parse.urlsplit(text)
        valid = parts.scheme in ('http', 'https') and parts.hostname and text.isascii()
        parts.port  # Raises ValueError if the port is not a number up to 65535.
    except ValueError:
        valid = False
    if not valid:
        raise UsageError(f"HF_ENDPOINT: found '{text}', wanted an address with http:// or https://")
    return text.rstrip('/')


def file_url(repository, revision, name):
    return f'{endpoint()}/' + urllib.parse.quote(f'{repository}/resolve/{revision}/{name}')


def read_answer(url):
    """Returns the body of the answer to a request for JSON at `url`, at most MAX_ANSWER_BYTES. Raises
    Unreachable if the hub sends no answer."""
    request = urllib.request.Request(url, headers=USER_AGENT)
    failures = 0
    while True:
        try:
            with urllib.request.urlopen(request, timeout=SILENCE_TIMEOUT_S) as answer:
                return answer.read(MAX_ANSWER_BYTES)
        except (OSError, http.client.HTTPException, ValueError) as error:
            failures += 1
            if not is_temporary(error) or failures == TRIES_WITHOUT_PROGRESS:
                raise Unreachable(f'{url}: {describe(error)}') from error
            time.sleep(seconds_to_wait(error, failures))


def file_entry(sibling):
    """Returns a file of the hub's answer as an entry of the pins. The hub has the SHA-256 checksum of
    large files, and git's SHA-1 checksum of small files."""
    large = sibling.get('lfs')
    return {'name': sibling['rfilename'], 'bytes': sibling['size'],
            'sum': f'sha256:{large["sha256"]}' if large else f'git-sha1:{sibling["blobId"]}'}


def list_files(repository):
    """Requests the newest revision of `repository` and its files from the hub. Returns Pins."""
    url = f'{endpoint()}/api/models/{urllib.parse.quote(repository)}/revision/main?blobs=true'
    body = read_answer(url)
    try:
        content = json.loads(body)
        entries = [file_entry(sibling) for sibling in content['siblings']
                   if any(fnmatch.fnmatch(sibling['rfilename'], pattern) for pattern in PATTERNS)]
        entries.sort(key=lambda entry: entry['name'] == 'model.bin')  # The largest file comes last.
        pinned = parse({'repository': repository, 'revision': content['sha'], 'files': entries})
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        kind = 'a web page' if body.lstrip()[:1] == b'<' else 'something else'
        raise Unreachable(f'{url}: found {kind}, wanted a list of files ({error!r}). Does this '
                          'network have a login page?') from error
    names = {file.name for file in pinned.files}
    if not {'model.bin', 'config.json'} <= names or names.isdisjoint(VOCABULARIES):
        raise Unreachable(f'{url}: found {", ".join(sorted(names))}, wanted model.bin, config.json '
                          f'and one of {", ".join(VOCABULARIES)}')
    return pinned
