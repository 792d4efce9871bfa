# SPDX-License-Identifier: LGPL-2.1-or-later
"""The download of one file over HTTP: continued after interruptions, checked, and synchronised."""
import http.client
import os
import re
import time
import urllib.error
import urllib.request

from model_tool import sums
from model_tool.reporting import FetchError, Progress, Unreachable

SILENCE_TIMEOUT_S = 5  # Limit of the time without any byte from a server.
TRIES_WITHOUT_PROGRESS = 4
FIRST_WAIT_S = 0.5  # Time before the second try. The time doubles before each further try.
MAX_WAIT_S = 30
BLOCK_BYTES = 1 << 18
USER_AGENT = {'User-Agent': 'npuwhisper-models'}


def sync_folder(folder):
    """Writes the names of the files in `folder` to disk, so that they survive a system crash."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def cannot_write(path, error):
    """Returns a FetchError for the OSError `error` of a write to `path`."""
    return FetchError(f"cannot write '{path}': {error.strerror or error}. The folder is "
                      "npuwhisper's cache; XDG_CACHE_HOME can name another place.")


def accept(file, candidate, source):
    """Renames `candidate` to `file.name` in its folder if size and checksum are correct. Otherwise
    removes it and raises Unreachable. Makes the content durable before the rename."""
    difference = sums.compare(candidate, file)
    if difference:
        candidate.unlink()
        raise Unreachable(f'{file.name} from {source} is not the wanted file: {difference}. It has '
                          'been removed: the source has changed, or something on the way changes '
                          'it')
    try:
        with candidate.open('rb+') as stream:
            os.fsync(stream.fileno())
        candidate.rename(candidate.with_name(file.name))
        sync_folder(candidate.parent)
    except OSError as error:
        raise cannot_write(candidate, error) from error


def is_temporary(error):
    """Returns whether `error` is the answer of a server that is overloaded or failed, and may send
    the file later."""
    return isinstance(error, urllib.error.HTTPError) and (
        error.code in (408, 429) or error.code >= 500)


def seconds_to_wait(error, failures):
    """Returns the time before the next try, after `failures` tries without progress.

    error: the error of the last try. If the server's answer has Retry-After, returns this time, but
    at most MAX_WAIT_S."""
    asked = error.headers.get('Retry-After', '') if is_temporary(error) else ''
    if re.fullmatch('[0-9]{1,9}', asked):
        return min(int(asked), MAX_WAIT_S)
    return FIRST_WAIT_S * 2 ** max(failures - 1, 0)


def describe(error):
    if isinstance(error, urllib.error.HTTPError):
        return f'HTTP status {error.code} ({error.reason})'
    return str(getattr(error, 'reason', error))


def announced_bytes(answer):
    """Returns the size of the whole file that `answer` announces, or None."""
    size = (answer.headers.get('Content-Range', '').rpartition('/')[2]
            if answer.status == http.client.PARTIAL_CONTENT
            else answer.headers.get('Content-Length', ''))
    return int(size) if size.isdecimal() else None


def check_answer(answer, url, file):
    """Raises Unreachable if `answer` has another size than `file`, or is a web page. A network with
    a login page sends that page instead of any file."""
    if answer.headers.get_content_type() == 'text/html':
        raise Unreachable(f'{url}: found a web page, wanted the file {file.name}. Does this '
                          'network have a login page?')
    size = announced_bytes(answer)
    if size is not None and size != file.n_bytes:
        raise Unreachable(f'{url}: found a file of {size} bytes, wanted {file.n_bytes}')


def open_part(part, have):
    """Opens the file `part` for writing, without a buffer: at its end if `have`, the number of bytes to
    keep, is above 0. Otherwise, empties the file."""
    try:
        return part.open('ab' if have else 'wb', buffering=0)
    except OSError as error:
        raise cannot_write(part, error) from error


def write(stream, block):
    left = memoryview(block)
    try:
        while left:
            left = left[stream.write(left):]
    except OSError as error:
        raise cannot_write(stream.name, error) from error


def transfer(url, part, file, progress):
    """Requests the missing rest of `file` at `url` once, and appends the received data to `part`."""
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers=USER_AGENT)
    if have:
        request.add_header('Range', f'bytes={have}-')
    with urllib.request.urlopen(request, timeout=SILENCE_TIMEOUT_S) as answer:
        check_answer(answer, url, file)
        # A server that does not support Range sends the whole file again.
        if answer.status != http.client.PARTIAL_CONTENT:
            have = 0
        with open_part(part, have) as stream:
            # read1() returns the data that has arrived. read() would lose this data at the deadline.
            while have <= file.n_bytes and (block := answer.read1(BLOCK_BYTES)):
                write(stream, block)
                have += len(block)
                progress.show(have)


def download(url, file, folder):
    """Downloads `file` into `folder`, continuing the partial file of an earlier attempt.

    Raises Unreachable if the server does not send this file, FetchError if it cannot be stored."""
    part = folder / f'{file.name}.part'

    def stored_bytes():
        return part.stat().st_size if part.exists() else 0

    have = stored_bytes()
    progress = Progress(file.name, have, max(file.n_bytes, 1))
    failures = 0
    while have < file.n_bytes:
        problem = None
        try:
            transfer(url, part, file, progress)
        except (OSError, http.client.HTTPException, ValueError) as error:
            problem = error
            if isinstance(error, urllib.error.HTTPError) and not is_temporary(error):
                raise Unreachable(f'{url}: {describe(error)}') from error
        before, have = have, stored_bytes()
        if have >= file.n_bytes:
            break
        failures = 0 if have > before else failures + 1
        # Gives up immediately on a URL that has never sent data, because the next source may be
        # faster. An overloaded server is tried again.
        gives_up = have == 0 and not is_temporary(problem)
        if failures and (gives_up or failures == TRIES_WITHOUT_PROGRESS):
            reason = describe(problem) if problem else 'the connection was closed too early'
            raise Unreachable(f'{url}: {reason}')
        time.sleep(seconds_to_wait(problem, failures))
    progress.show(have, last=True)
    accept(file, part, url)
