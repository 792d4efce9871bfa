# SPDX-License-Identifier: LGPL-2.1-or-later
"""Models, and engines that run them on a device."""
import ctypes
import os
import pathlib
from typing import Any, Callable, Iterator, Optional, Union, Unpack

from ._errors import check, created
from ._library import lib, text_of
from ._options import EngineOptions, TranscriberOptions, new_options
from ._samples import Samples
from ._text import Segment
from ._transcriber import Transcriber


def find_model(name_or_path: Union[str, 'os.PathLike[str]']) -> pathlib.Path:
    """Returns the folder or file of a model. Raises Error (NOT_FOUND)."""
    path, length = ctypes.c_void_p(), ctypes.c_size_t()
    check(lib.find_model(os.fsencode(name_or_path), ctypes.byref(path), ctypes.byref(length)))
    try:
        return pathlib.Path(os.fsdecode(ctypes.string_at(path, length.value)))
    finally:
        lib.string_free(path)


def memory_needed(model: Union[str, 'os.PathLike[str]'] = 'base', **options: Unpack[EngineOptions]) -> int:
    """Returns the memory that an engine and its first stream take, in bytes. Raises the errors of Engine()."""
    n_bytes = ctypes.c_uint64()
    with new_options({'model': os.fsdecode(model), **options}) as made:
        check(lib.memory_needed(made, ctypes.byref(n_bytes)))
    return n_bytes.value


class Engine:
    """A model on a device, for any number of transcribers. Thread-safe.

    Loading a model takes a tenth of a second to seconds. Engines with the same options share their memory, which is
    released with the last engine and transcriber.
    """

    def __init__(self, model: Union[str, 'os.PathLike[str]'] = 'base', **options: Unpack[EngineOptions]):
        """Loads a model by its name or path. Raises Error (INVALID_ARGUMENT, NOT_FOUND, CORRUPT_MODEL, UNSUPPORTED,
        UNAVAILABLE, DEVICE_ERROR)."""
        self._handle: Any = None
        with new_options({'model': os.fsdecode(model), **options}) as made:
            self._handle = created(lib.engine_open, made)

    def __del__(self):
        if self._handle is not None:
            lib.engine_free(self._handle)

    @property
    def device(self) -> str:
        """The kind of the device: 'cpu' or 'npu'."""
        return lib.engine_device_kind(self._handle).decode()

    @property
    def device_name(self) -> str:
        """The product name of the device."""
        return text_of(lib.engine_device_name, self._handle)

    @property
    def model_path(self) -> pathlib.Path:
        """The folder or file from which the model was loaded."""
        return pathlib.Path(text_of(lib.engine_model_path, self._handle))

    def has_language(self, code: str) -> bool:
        """Returns whether the model transcribes the language with Whisper's code `code`, such as 'de'."""
        return lib.engine_has_language(self._handle, code.encode())

    def transcriber(self, waiting: Optional[Callable[[], int]] = None,
                    **options: Unpack[TranscriberOptions]) -> Transcriber:
        """Creates a transcriber for one stream at a time. Raises Error (INVALID_ARGUMENT, NOT_FOUND, UNSUPPORTED,
        UNAVAILABLE, CORRUPT_MODEL, DEVICE_ERROR).

        waiting: a function that returns the number of samples of a live stream that have arrived but were not pushed
        yet. It is called in the thread that calls push(), settle() or drain(). It must not call the transcriber. With
        this function, a stream that is late skips audio.
        """
        return Transcriber(self._handle, options, waiting)

    def transcribe(self, samples: Samples, **options: Unpack[TranscriberOptions]) -> Iterator[Segment]:
        """Transcribes a whole recording. Yields each segment as soon as it is final. Raises the errors of
        transcriber() and of Transcriber.push()."""
        return self.transcriber(**options).transcribe(samples)
