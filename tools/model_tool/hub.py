# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Hugging Face hub: the files of a repository with their sums, and their addresses."""
import fnmatch
import http.client
import json
import os
import urllib.error
import urllib.parse
import urllib.request

from model_tool.pins import parse
from model_tool.reporting import Unreachable
from model_tool.transfer import SILENCE_TIMEOUT_S, USER_AGENT

# The files of a CTranslate2 repository that a model needs. preprocessor_config.json is for
# faster-whisper, so that it can use the folder too.
PATTERNS = ('config.json', 'preprocessor_config.json', 'tokenizer.json', 'vocabulary.*',
            'model.bin')
MAX_ANSWER_BYTES = 1 << 20


def endpoint():
    return (os.environ.get('HF_ENDPOINT') or 'https://huggingface.co').rstrip('/')


def file_url(repository, revision, name):
    return f'{endpoint()}/' + urllib.parse.quote(f'{repository}/resolve/{revision}/{name}')


def read_answer(url):
    """Returns the body of the answer to a request for JSON at `url`."""
    request = urllib.request.Request(url, headers=USER_AGENT)
    try:
        with urllib.request.urlopen(request, timeout=SILENCE_TIMEOUT_S) as answer:
            return answer.read(MAX_ANSWER_BYTES)
    except urllib.error.HTTPError as error:
        raise Unreachable(f'{url}: HTTP status {error.code} ({error.reason})') from error
    except (OSError, http.client.HTTPException) as error:
        raise Unreachable(f'{url}: {getattr(error, "reason", error)}') from error


def file_entry(sibling):
    """Returns a file of the hub's answer as an entry of the pins. The hub knows the SHA-256 sum of
    large files, and git's SHA-1 sum of small ones."""
    large = sibling.get('lfs')
    return {'name': sibling['rfilename'], 'bytes': sibling['size'],
            'sum': f'sha256:{large["sha256"]}' if large else f'git-sha1:{sibling["blobId"]}'}


def list_files(repository):
    """Asks the hub for the newest revision of `repository` and its files. Returns Pins."""
    url = f'{endpoint()}/api/models/{urllib.parse.quote(repository)}/revision/main?blobs=true'
    body = read_answer(url)
    try:
        content = json.loads(body)
        entries = [file_entry(sibling) for sibling in content['siblings']
                   if any(fnmatch.fnmatch(sibling['rfilename'], pattern) for pattern in PATTERNS)]
        entries.sort(key=lambda entry: entry['name'] == 'model.bin')  # The largest file comes last.
        pinned = parse({'repository': repository, 'revision': content['sha'], 'files': entries})
    except (ValueError, TypeError, KeyError) as error:
        kind = 'a web page' if body.lstrip()[:1] == b'<' else 'something else'
        raise Unreachable(f'{url}: found {kind}, wanted a list of files ({error!r}). Does this '
                          'network have a login page?') from error
    names = {file.name for file in pinned.files}
    if not {'model.bin', 'config.json'} <= names:
        raise Unreachable(f'{url}: found {", ".join(sorted(names))}, wanted model.bin and '
                          'config.json')
    return pinned


def newest_pins(repositories):
    """Returns the Pins of the first of `repositories` that the hub has."""
    reasons = []
    for repository in repositories:
        try:
            return list_files(repository)
        except Unreachable as error:
            reasons.append(str(error))
    raise Unreachable('\n  '.join(reasons))
