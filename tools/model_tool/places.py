# SPDX-License-Identifier: LGPL-2.1-or-later
"""The places in which a model may already be. The library's find_model() searches the same places
in the same order (runtime/model/model_places.cpp); tests/tools/model_places_test.py compares both.

A known name is not searched for in the working directory: the owner of that folder could otherwise
replace the model.
"""
import contextlib
import dataclasses
import os
import pathlib
import pwd

from model_tool.reporting import FetchError
from model_tool.table import QUANTISATIONS, Model

Path = pathlib.Path


@dataclasses.dataclass(frozen=True)
class Found:
    path: Path  # A folder, or a file of OpenAI's or whisper.cpp's.
    owner: str  # The cache, in words.


def home_folder():
    # HOME is unset in systemd services. As in the library, an empty HOME counts as unset.
    if os.environ.get('HOME'):
        return Path(os.environ['HOME'])
    with contextlib.suppress(KeyError):
        if home := pwd.getpwuid(os.getuid()).pw_dir:
            return Path(home)
    raise FetchError('this user has no home folder: XDG_CACHE_HOME or HOME must name one')


def base_folder(variable, default):
    # The XDG base directory specification requires that a relative path is ignored.
    named = Path(os.environ.get(variable, ''))
    return named if named.is_absolute() else home_folder() / default


def cache_folder():
    return base_folder('XDG_CACHE_HOME', '.cache')


def own_cache():
    """Returns the folder in which this program keeps models."""
    return cache_folder() / 'npuwhisper'


def hub_snapshots(repository):
    """Returns the snapshots of `repository` in the Hugging Face cache, branch main's first."""
    home = Path(os.environ.get('HF_HOME') or cache_folder() / 'huggingface')
    hub = Path(os.environ.get('HF_HUB_CACHE') or home / 'hub')
    folder = hub / ('models--' + repository.replace('/', '--'))
    snapshots = sorted((folder / 'snapshots').glob('*'))
    with contextlib.suppress(OSError):
        main = (folder / 'refs' / 'main').read_text(encoding='utf8').strip()
        snapshots.sort(key=lambda snapshot: snapshot.name != main)
    return snapshots


# The files of weights in a folder, with the name of the format. The first of them is used.
WEIGHTS = {
    'model.bin': 'CTranslate2',
    'model.safetensors': 'safetensors',
    'model.safetensors.index.json': 'safetensors',
    'pytorch_model.bin': 'PyTorch',
}


def format_of(path):
    """Returns the name of the format of the model at `path`, or None if no model is there.

    Judges by the names of files only. A folder holds a model if it has config.json and weights;
    CTranslate2's also needs a vocabulary, so that an interrupted download does not count."""
    if path.is_file():
        quantisation = path.stem.rpartition('-')[2]
        ggml = f'ggml {quantisation}' if quantisation in QUANTISATIONS else 'ggml'
        return {'.pt': 'OpenAI', '.bin': ggml}.get(path.suffix)
    if not (path / 'config.json').is_file():
        return None
    weights = next((name for name in WEIGHTS if (path / name).is_file()), None)
    tokens = ('tokenizer.json', 'vocabulary.json', 'vocabulary.txt')
    if weights == 'model.bin' and not any((path / name).is_file() for name in tokens):
        return None
    return WEIGHTS.get(weights)


def ggml_files(folder, model, quantisation):
    ending = f'-{quantisation}.bin' if quantisation else '.bin'
    return [folder / f'{stem}{ending}' for stem in model.ggml]


def named_folder_places(typed, model, quantisation, folder_names):
    """Yields the places in $NPUWHISPER_MODEL_DIR, which may be the folder of the model itself, a
    folder of such folders, or a folder of OpenAI's or whisper.cpp's files."""
    if not os.environ.get('NPUWHISPER_MODEL_DIR'):
        return
    named = Path(os.environ['NPUWHISPER_MODEL_DIR'])
    yield from (named / name for name in folder_names)
    if named.name in folder_names:
        yield named
    if model.openai_sha256 and not quantisation:
        yield named / f'{model.name}.pt'
    for suffix in [quantisation] if quantisation else ['', *QUANTISATIONS]:
        yield from ggml_files(named, model, suffix)


def other_caches(model, quantisation):
    """Yields (path, owner) for the caches of other programs."""
    if not quantisation:
        for repository in (*model.ctranslate2, *([model.original] if model.original else [])):
            for snapshot in hub_snapshots(repository):
                yield snapshot, 'the Hugging Face cache'
        if model.openai_sha256:
            yield cache_folder() / 'whisper' / f'{model.name}.pt', 'the cache of openai-whisper'
    if not model.ggml:
        return
    folders = [(base_folder('XDG_DATA_HOME', '.local/share') / 'pywhispercpp' / 'models',
                'the models of pywhispercpp'),
               *((snapshot, 'the Hugging Face cache')
                 for snapshot in hub_snapshots('ggerganov/whisper.cpp'))]
    for suffix in [quantisation] if quantisation else ['', *QUANTISATIONS]:
        for folder, owner in folders:
            for file in ggml_files(folder, model, suffix):
                yield file, owner


def places(typed, model, quantisation):
    """Yields (path, owner) for each place of `model`, in the order of the search.

    typed: the name that the user gave; it may be an alias, or have a quantisation."""
    own_name = model.name + (f'-{quantisation}' if quantisation else '')
    folder_names = list(dict.fromkeys((typed, own_name)))
    for path in named_folder_places(typed, model, quantisation, folder_names):
        yield path, 'NPUWHISPER_MODEL_DIR'
    for name in folder_names:
        yield own_cache() / name, "npuwhisper's cache"
    yield from other_caches(model, quantisation)


def is_complete(path, model):
    if model.files and model.shape is None:  # The speech detector.
        return all((path / file.name).is_file() for file in model.files)
    return format_of(path) is not None


def find_own(name):
    """Returns where the model with a name that the table does not know is, as a Found, or None."""
    if format_of(Path(name)):
        return Found(Path(name), 'the working directory')
    return find(name, Model(name))


def find(typed, model, quantisation=''):
    """Returns where the model is on this machine as a Found, or None."""
    return next((Found(path, owner) for path, owner in places(typed, model, quantisation)
                 if is_complete(path, model)), None)
