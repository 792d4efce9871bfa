# SPDX-License-Identifier: LGPL-2.1-or-later
"""The table of models, models.json. The library's table is generated from the same file."""
import dataclasses
import difflib
import json
import pathlib

TABLE = pathlib.Path(__file__).parents[1] / 'models.json'
# The quantisations in the names of whisper.cpp's files. The library has the same list
# (runtime/model/model_table.cpp).
QUANTISATIONS = ('q8_0', 'q5_1', 'q5_0', 'q4_1', 'q4_0')


@dataclasses.dataclass(frozen=True)
class FolderFormat:
    """A format of a model's folder, with the names of its weight files."""
    format: str
    file: str  # The weight file if there is only one.
    index: 'str | None' = None  # The file that maps tensors to weight files if there are several.
    shards: 'str | None' = None  # A pattern for the usual names of these weight files.


@dataclasses.dataclass(frozen=True)
class File:
    """A file of a model.

    sum: the checksum with its algorithm, as sums.digest() returns it."""
    name: str
    n_bytes: int
    sum: str


@dataclasses.dataclass(frozen=True)
class Package:
    """A Python package whose wheel holds files of the model (or `model.bin.partN`) in `folder`."""
    requirement: str
    folder: str


@dataclasses.dataclass(frozen=True)
class Shape:
    """The sizes of a Whisper model, named as in the library's ModelConfig."""
    n_mels: int
    n_state: int
    n_audio_layer: int
    n_text_layer: int
    n_vocab: int

    n_audio_ctx = 1500
    n_text_ctx = 448

    def parameters(self):
        """Returns the number of all parameters, as the published checkpoints store them."""
        n = self.n_state
        matrices = (12 * self.n_audio_layer + 16 * self.n_text_layer) * n * n
        convolutions = 3 * (self.n_mels + n) * n
        embeddings = (self.n_vocab + self.n_audio_ctx + self.n_text_ctx) * n
        # Counts the values of biases and layer norms in units of n. Keys have no bias. The
        # convolutions and the last norms have six units.
        vectors = (12 * self.n_audio_layer + 17 * self.n_text_layer + 6) * n
        return matrices + convolutions + embeddings + vectors


@dataclasses.dataclass(frozen=True)
class Model:
    """A row of the table. Only Whisper models have a shape, a memory size, repositories, and files of
    other programs."""
    name: str
    files: tuple = ()  # Files with known checksums. If empty, the hub sends the checksums.
    packages: tuple = ()
    aliases: tuple = ()
    shape: 'Shape | None' = None
    # The peak that the library's Engine::memory_needed() returns with one thread and precision=auto
    # on a CPU with AVX-512 VNNI and BF16, in whole megabytes
    # (tests/runtime/engine/memory_need_test.cpp).
    memory_bytes: 'int | None' = None
    ctranslate2: tuple = ()  # Repositories on the Hugging Face hub. All hold the same model.
    original: 'str | None' = None  # The repository of the authors, in the format of transformers.
    openai_sha256: 'str | None' = None  # Checksum of NAME.pt; None if not published.
    ggml: tuple = ()  # Names of whisper.cpp's files, without the quantisation and .bin.
    # The authors' repository with a file for whisper.cpp; None if there is none.
    ggml_repository: 'str | None' = None
    # The checksums of whisper.cpp's files, by file name.
    ggml_sha1: dict = dataclasses.field(default_factory=dict, hash=False)

    def fetched_bytes(self):
        """Returns the size of the download in bytes. The size is exact if the files are known.
        Otherwise, it is computed from the shape (16 bits for each parameter)."""
        if self.files:
            return sum(file.n_bytes for file in self.files)
        return 2 * self.shape.parameters()


def read_row(row):
    lists = {key: tuple(row.get(key, ())) for key in ('aliases', 'ctranslate2', 'ggml')}
    return Model(
        name=row['name'], **lists,
        files=tuple(File(file['name'], file['bytes'], file['sum'])
                    for file in row.get('files', ())),
        packages=tuple(Package(**package) for package in row.get('packages', ())),
        shape=Shape(**row['shape']) if 'shape' in row else None,
        memory_bytes=row.get('memory_bytes'),
        original=row.get('original'), openai_sha256=row.get('openai_sha256'),
        ggml_repository=row.get('ggml_repository'), ggml_sha1=row.get('ggml_sha1', {}))


def read_table():
    """Returns a dictionary of the models by name, and the formats of folders in the order of the
    search."""
    content = json.loads(TABLE.read_text(encoding='utf8'))
    models = {row['name']: read_row(row) for row in content['whisper'] + content['others']}
    return models, tuple(FolderFormat(**row) for row in content['weights'])


MODELS, FOLDER_FORMATS = read_table()


def find_row(name):
    """Returns the model of this name or alias, or None."""
    return MODELS.get(name) or next(
        (model for model in MODELS.values() if name in model.aliases), None)


def resolve(name):
    """Returns the model and the quantisation that `name` selects; (None, '') if it is unknown.

    Examples: base, turbo, base-q5_1. The quantisation is '' if the name has none."""
    if model := find_row(name):
        return model, ''
    stem, _, quantisation = name.rpartition('-')
    model = find_row(stem)
    if model and model.ggml and quantisation in QUANTISATIONS:
        return model, quantisation
    return None, ''


def known_names():
    """Returns all names with their aliases, as part of a sentence."""
    return ', '.join(model.name + ''.join(f' (alias {alias})' for alias in model.aliases)
                     for model in MODELS.values())


def similar_names(name):
    """Returns the names and aliases that resemble `name`, the most similar first."""
    names = [known for model in MODELS.values() for known in (model.name, *model.aliases)]
    return difflib.get_close_matches(name, names)
