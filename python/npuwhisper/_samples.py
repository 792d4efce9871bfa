# SPDX-License-Identifier: LGPL-2.1-or-later
"""Audio in any object with the buffer protocol, such as a numpy array."""
import array
import ctypes
from typing import TYPE_CHECKING, Any, Dict, Tuple, Union

from ._library import lib

if TYPE_CHECKING:
    import numpy

# One-dimensional samples: float32 (-1 to 1) or int16, 16 kHz, mono.
Samples = Union['numpy.ndarray', 'array.array[float]', 'array.array[int]', memoryview]

# The type of a sample and the function that takes such samples, by format.
_FORMATS: Dict[str, Tuple[Any, Any]] = {
    'f': (ctypes.c_float, lib.transcriber_push_f32),
    'h': (ctypes.c_int16, lib.transcriber_push_s16),
}


def view_of(samples: Samples) -> memoryview:
    """Returns a view of the samples. Raises TypeError if they have another type or more dimensions."""
    view = memoryview(samples)
    if view.format not in _FORMATS or view.ndim != 1:
        raise TypeError(f'samples: found {view.ndim} dimensions of format {view.format!r}, wanted 1 dimension of '
                        "float32 ('f') or int16 ('h')")
    return view


def copy_of(samples: Samples) -> memoryview:
    """Returns a view of a copy of the samples. Raises the errors of view_of()."""
    view: Any = view_of(samples)
    return memoryview(bytearray(view.tobytes())).cast(view.format)


def push(transcriber, view: memoryview, segments):
    """Passes samples to the library's function for their type. `segments` receives the result. Returns the
    function's error object for check()."""
    ctype, function = _FORMATS[view.format]
    row = ctype * len(view)
    # ctypes refers only to writable and contiguous memory. Other samples are copied.
    in_place = view.c_contiguous and not view.readonly
    memory = row.from_buffer(view) if in_place else row.from_buffer_copy(view.tobytes())
    return function(transcriber, memory, len(view), segments)
