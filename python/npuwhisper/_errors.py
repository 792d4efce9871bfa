# SPDX-License-Identifier: LGPL-2.1-or-later
"""Errors of the library as exceptions."""
import ctypes
import enum

from ._library import Handle, lib, text_of


class ErrorCode(enum.IntEnum):
    """The kinds of failures."""

    INVALID_ARGUMENT = 1  # The caller's request is invalid.
    NOT_FOUND = 2         # A file, a model or a device does not exist.
    UNAVAILABLE = 3       # A resource cannot be used now: busy, no memory.
    UNSUPPORTED = 4       # This build or machine cannot fulfil the request.
    CORRUPT_MODEL = 5     # A model file is malformed, truncated or inconsistent.
    DEVICE_ERROR = 6      # A device failed during a run.
    TIMEOUT = 7           # A device did not answer in time.
    CANCELLED = 8         # cancel() was called; nothing is wrong.


class Error(Exception):
    """A failure of the library. The message says what failed, the value found and the value wanted."""

    def __init__(self, code: int, message: str):
        super().__init__(message)
        self.code = code  # An ErrorCode, or an int if ErrorCode has no member for the code.


def check(error):
    """Raises Error if `error`, the result of a function, is an error of the library. Frees that error."""
    if not error:
        return
    code = lib.error_code(error)
    message = text_of(lib.error_message, error)
    lib.error_free(error)
    raise Error(ErrorCode(code) if code in list(ErrorCode) else code, message)


def created(function, *arguments):
    """Calls a function whose last parameter receives a new object, and returns the object."""
    out = Handle()
    check(function(*arguments, ctypes.byref(out)))
    return out
