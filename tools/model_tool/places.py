# SPDX-License-Identifier: LGPL-2.1-or-later
"""The places in which a model may already be. The library's find_model() searches the same places
in the same order (runtime/model/model_places.cpp); tests/tools/models_places_test.py compares both.

A known name is not searched for in the working directory: the owner of that folder could otherwise
replace the model.
"""
import contextlib
import dataclasses
import os
import pathlib
import pwd

from model_tool.reporting import FetchError
from model_tool.table import FOLDER_FORMATS, Model

Path = pathlib.Path
MAX_REVISION_BYTES = 200


@dataclasses.dataclass(frozen=True)
class Found:
    path: Path  # A folder, or a file of OpenAI or whisper.cpp.
    owner: str  # The name of the cache, for messages.


def home_folder():
    """Returns the home folder, or None if this user has none."""
    # HOME is unset in systemd services. As in the library, an empty HOME counts as unset.
    if os.environ.get('HOME'):
        return Path(os.environ['HOME'])
    with contextlib.suppress(KeyError):
        if home := pwd.getpwuid(os.getuid()).pw_dir:
            return Path(home)
    return None


def base_folder(variable, default):
    """Returns the folder that `variable` names, or `default` in the home folder, or None."""
    # The XDG base directory specification requires that a relative path is ignored.
    named = Path(os.environ.get(variable, ''))
    if named.is_absolute():
        return named
    home = home_folder()
    return home / default if home else None


def cache_folder():
    return base_folder('XDG_CACHE_HOME', '.cache')


def own_cache():
    """Returns the folder in which this program keeps models. Raises FetchError if there is none."""
    cache = cache_folder()
    if cache is None:
        raise FetchError('this user has no home folder: XDG_CACHE_HOME or HOME must name one')
    return cache / 'npuwhisper'


def with_home(text):
    """Returns the path `text`. As in huggingface_hub, ~ at the beginning is the home folder."""
    home = home_folder()
    if home and (text == '~' or text.startswith('~/')):
        return Path(f'{home}{text[1:]}')
    return Path(text)


def hub_folder():
    """Returns the folder in which huggingface_hub keeps its downloads, or None."""
    for variable, folder in (('HF_HUB_CACHE', ''), ('HUGGINGFACE_HUB_CACHE', ''),
                             ('HF_HOME', 'hub')):
        if named := os.environ.get(variable):
            return with_home(named) / folder
    cache = cache_folder()
    return cache / 'huggingface' / 'hub' if cache else None


def is_file(path):
    """Returns whether `path` is a file. Returns False if the path cannot be examined: it is in a
    folder without permission, its name is too long, or it has a null character."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def main_revision(repository):
    """Returns the revision of branch main, which names a snapshot of the folder `repository`; None
    if its file cannot be read, is empty or has more than 200 bytes."""
    path = repository / 'refs' / 'main'
    if not is_file(path):  # Opening a FIFO would wait.
        return None
    try:
        with path.open('rb') as stream:
            text = stream.read(MAX_REVISION_BYTES + 1)
    except OSError:
        return None
    words = text.split()
    return os.fsdecode(words[0]) if words and len(text) <= MAX_REVISION_BYTES else None


def hub_snapshots(repository):
    """Returns the folders of the snapshots of `repository` in the Hugging Face cache. The snapshot of
    branch main is the first."""
    hub = hub_folder()
    if hub is None:
        return []
    folder = hub / ('models--' + repository.replace('/', '--'))
    try:
        snapshots = sorted((folder / 'snapshots').iterdir())
    except (OSError, ValueError):
        return []
    main = main_revision(folder)
    return sorted(snapshots, key=lambda snapshot: snapshot.name != main)


# The format of a folder by the name of its file of weights. If a folder has several of these files,
# the first one in this dictionary counts.
WEIGHTS = {name: row.format for row in FOLDER_FORMATS for name in (row.file, row.index) if name}
# The files of vocabularies in CTranslate2's format. A model needs one of them.
VOCABULARIES = ('vocabulary.json', 'vocabulary.txt', 'tokenizer.json')


def format_of(path):
    """Returns the name of the format of the model at `path`, or None if no model is there.

    Checks only the names of files. A folder is a model if it contains config.json and weights. In
    CTranslate2's format, it must also contain a vocabulary, so that an interrupted download does not
    count."""
    if is_file(path):
        return {'.pt': 'OpenAI', '.bin': 'ggml'}.get(path.suffix)
    if not is_file(path / 'config.json'):
        return None
    weights = next((name for name in WEIGHTS if is_file(path / name)), None)
    if weights == 'model.bin' and not any(is_file(path / name) for name in VOCABULARIES):
        return None
    return WEIGHTS.get(weights)


def ggml_files(folder, model, quantisation):
    """Returns the places of whisper.cpp's files in `folder`. Without `quantisation`, returns only
    files that are not quantised, because quantised weights produce different text."""
    ending = f'-{quantisation}.bin' if quantisation else '.bin'
    return [folder / f'{stem}{ending}' for stem in model.ggml]


def named_folder_places(model, quantisation, folder_names):
    """Yields the places in $NPUWHISPER_MODEL_DIR, which may be the folder of the model itself, a
    folder of such folders, or a folder with files of OpenAI or whisper.cpp."""
    if not os.environ.get('NPUWHISPER_MODEL_DIR'):
        return
    named = Path(os.environ['NPUWHISPER_MODEL_DIR'])
    yield from (named / name for name in folder_names)
    if named.name in folder_names:
        yield named
    if model.openai_sha256 and not quantisation:
        yield named / f'{model.name}.pt'
    yield from ggml_files(named, model, quantisation)


def other_caches(model, quantisation):
    """Yields (path, owner) for each place of `model` in the caches of other programs."""
    cache = cache_folder()
    if not quantisation:
        for repository in (*model.ctranslate2, *([model.original] if model.original else [])):
            for snapshot in hub_snapshots(repository):
                yield snapshot, 'the Hugging Face cache'
        if model.openai_sha256 and cache:
            yield cache / 'whisper' / f'{model.name}.pt', 'the cache of openai-whisper'
    if not model.ggml:
        return
    if data := base_folder('XDG_DATA_HOME', '.local/share'):
        for file in ggml_files(data / 'pywhispercpp' / 'models', model, quantisation):
            yield file, 'the models of pywhispercpp'
    for snapshot in hub_snapshots('ggerganov/whisper.cpp'):
        for file in ggml_files(snapshot, model, quantisation):
            yield file, 'the Hugging Face cache'
    for snapshot in hub_snapshots(model.ggml_repository) if model.ggml_repository else ():
        files = ggml_files(snapshot, model, quantisation)
        # whisper.cpp's converters write ggml-model.bin by default. In this repository, a file with
        # this name can only be this model.
        for file in files if quantisation else [*files, snapshot / 'ggml-model.bin']:
            yield file, 'the Hugging Face cache'


def places(typed, model, quantisation):
    """Yields (path, owner) for each place of `model`, in the order of the search.

    typed: the name that the user gave; it may be an alias, or have a quantisation."""
    own_name = model.name + (f'-{quantisation}' if quantisation else '')
    folder_names = list(dict.fromkeys((typed, own_name)))
    for path in named_folder_places(model, quantisation, folder_names):
        yield path, 'NPUWHISPER_MODEL_DIR'
    if cache_folder():
        for name in folder_names:
            yield own_cache() / name, "npuwhisper's cache"
    yield from other_caches(model, quantisation)


def is_speech_detector(model):
    return model.shape is None and bool(model.files)


def is_complete(path, model):
    if is_speech_detector(model):
        return all(is_file(path / file.name) for file in model.files)
    return format_of(path) is not None


def is_in_format(path, model, wanted):
    """Returns whether the complete model at `path` is in the format `wanted`. None means any
    format. The speech detector has only one format, which always counts."""
    return wanted is None or is_speech_detector(model) or format_of(path) == wanted


def find_own(name, wanted=None):
    """Finds a model with a name that is not in the table. Returns a Found, or None.

    wanted: the format, as in WEIGHTS; None means any."""
    model = Model(name)
    if format_of(Path(name)) and is_in_format(Path(name), model, wanted):
        return Found(Path(name), 'the working directory')
    return find(name, model, wanted=wanted)


def find(typed, model, quantisation='', wanted=None):
    """Finds a model on this machine. Returns a Found, or None.

    wanted: the format, as in WEIGHTS; None means any."""
    return next((Found(path, owner) for path, owner in places(typed, model, quantisation)
                 if is_complete(path, model) and is_in_format(path, model, wanted)), None)
