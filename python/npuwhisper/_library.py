# SPDX-License-Identifier: LGPL-2.1-or-later
"""Loads libnpuwhisper and declares the functions of its C interface, npuwhisper/c_api.h."""
import ctypes
import os
import pathlib
from typing import Any

SONAME = 'libnpuwhisper.so.0'


class Handle(ctypes.c_void_p):
    """A pointer to an object of the library. ctypes does not convert subclasses of c_void_p to int."""


Text = ctypes.c_char_p
Length = ctypes.POINTER(ctypes.c_size_t)
Out = ctypes.POINTER(Handle)
WaitingCallback = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p)

# The result and the parameters of each function.
_FUNCTIONS = {
    'version': (Text, []),
    'error_code': (ctypes.c_int32, [Handle]),
    'error_message': (ctypes.c_void_p, [Handle, Length]),
    'error_free': (None, [Handle]),
    'options_new': (Handle, []),
    'options_free': (None, [Handle]),
    'options_set': (Handle, [Handle, Text, Text]),
    'option_name': (Text, [ctypes.c_size_t]),
    'options_set_waiting_callback': (Handle, [Handle, WaitingCallback, ctypes.c_void_p]),
    'find_model': (Handle, [Text, ctypes.POINTER(ctypes.c_void_p), Length]),
    'string_free': (None, [ctypes.c_void_p]),
    'memory_needed': (Handle, [Handle, ctypes.POINTER(ctypes.c_uint64)]),
    'engine_open': (Handle, [Handle, Out]),
    'engine_free': (None, [Handle]),
    'engine_device_kind': (Text, [Handle]),
    'engine_device_name': (ctypes.c_void_p, [Handle, Length]),
    'engine_model_path': (ctypes.c_void_p, [Handle, Length]),
    'engine_has_language': (ctypes.c_bool, [Handle, Text]),
    'words_free': (None, [Handle]),
    'words_count': (ctypes.c_size_t, [Handle]),
    'words_at': (Handle, [Handle, ctypes.c_size_t]),
    'word_start': (ctypes.c_int64, [Handle]),
    'word_end': (ctypes.c_int64, [Handle]),
    'word_text': (ctypes.c_void_p, [Handle, Length]),
    'word_probability': (ctypes.c_float, [Handle]),
    'segments_free': (None, [Handle]),
    'segments_count': (ctypes.c_size_t, [Handle]),
    'segments_at': (Handle, [Handle, ctypes.c_size_t]),
    'segment_start': (ctypes.c_int64, [Handle]),
    'segment_end': (ctypes.c_int64, [Handle]),
    'segment_text': (ctypes.c_void_p, [Handle, Length]),
    'segment_language': (ctypes.c_void_p, [Handle, Length]),
    'segment_words': (Handle, [Handle]),
    'segment_average_log_probability': (ctypes.c_float, [Handle]),
    'segment_no_speech_probability': (ctypes.c_float, [Handle]),
    'segment_compression_ratio': (ctypes.c_float, [Handle]),
    'segment_temperature': (ctypes.c_float, [Handle]),
    'transcriber_new': (Handle, [Handle, Handle, Out]),
    'transcriber_free': (None, [Handle]),
    'transcriber_push_f32': (Handle, [Handle, ctypes.c_void_p, ctypes.c_size_t, Out]),
    'transcriber_push_s16': (Handle, [Handle, ctypes.c_void_p, ctypes.c_size_t, Out]),
    'transcriber_settle': (Handle, [Handle, Out]),
    'transcriber_drain': (Handle, [Handle, Out]),
    'transcriber_reset': (None, [Handle]),
    'transcriber_cancel': (None, [Handle]),
    'transcriber_position': (ctypes.c_int64, [Handle]),
    'transcriber_language': (ctypes.c_void_p, [Handle, Length]),
    'transcriber_language_probability': (ctypes.c_float, [Handle]),
    'transcriber_draft': (Handle, [Handle, Out]),
}


def _path():
    """Returns the path of the library, or the name by which the dynamic linker finds it."""
    named = os.environ.get('NPUWHISPER_LIBRARY')
    if named:
        return named
    try:
        from ._installed import LIBRARY_FOLDER
    except ImportError:  # Only an installation has this file.
        return SONAME
    return str((pathlib.Path(__file__).parent / LIBRARY_FOLDER / SONAME).resolve())


class _Library:
    """The functions of the library, without the prefix npuwhisper_."""

    def __init__(self):
        path = _path()
        try:
            library = ctypes.CDLL(path)
        except OSError as error:
            raise ImportError(f'cannot load libnpuwhisper: {error}; the variable NPUWHISPER_LIBRARY may name '
                              'the file') from error
        for name, (result, parameters) in _FUNCTIONS.items():
            function = getattr(library, f'npuwhisper_{name}')
            function.restype = result
            function.argtypes = parameters
            setattr(self, name, function)


lib: Any = _Library()


def text_of(function, *arguments):
    """Calls a function that returns a string and its length, and returns the string."""
    length = ctypes.c_size_t()
    data = function(*arguments, ctypes.byref(length))
    return ctypes.string_at(data, length.value).decode('utf-8', 'surrogateescape')
