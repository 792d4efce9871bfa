# SPDX-License-Identifier: LGPL-2.1-or-later
"""Transcription of a stream."""
import ctypes
import threading
from typing import Any, Callable, Iterator, List, Mapping, Optional

from ._errors import check, created
from ._library import Handle, WaitingCallback, lib, text_of
from ._options import new_options
from ._samples import Samples, push, view_of
from ._text import SAMPLE_RATE, Segment, Word, take_segments, take_words


class Transcriber:
    """Transcribes one stream of speech into timed text. Engine.transcriber() creates it.

    Thread-safe: calls wait for each other, except cancel(). Call order: ((push | settle)* drain reset?)*. After push(),
    settle() or drain() has raised Error, only reset() makes sense.
    """

    def __init__(self, engine: Any, options: Mapping[str, Any], waiting: Optional[Callable[[], int]] = None):
        self._handle: Any = None
        self._lock = threading.Lock()  # Held during calls of the library.
        # Held while cancel() uses the handle, and while close() frees the handle. Locked after _lock.
        self._life = threading.Lock()
        self._waiting = WaitingCallback(lambda _: waiting()) if waiting is not None else None
        with new_options(options, self._waiting) as made:
            self._handle = created(lib.transcriber_new, engine, made)

    def close(self) -> None:
        """Frees the memory of the stream, after running calls have returned. All later calls raise ValueError, except
        close() and cancel()."""
        with self._lock, self._life:
            if self._handle is not None:
                lib.transcriber_free(self._handle)
            self._handle = None

    def __del__(self):
        if self._handle is not None:
            lib.transcriber_free(self._handle)

    def __enter__(self) -> 'Transcriber':
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def push(self, samples: Samples) -> List[Segment]:
        """Appends samples (16 kHz, mono; float32 from -1 to 1, or int16) and returns the segments that became final.

        Blocks while windows are decoded. The library releases Python's global interpreter lock (GIL) while it runs, so
        transcribers in several threads run in parallel. Raises TypeError (samples of another type), and Error
        (INVALID_ARGUMENT after drain(), CANCELLED, DEVICE_ERROR, TIMEOUT, UNAVAILABLE).
        """
        view = view_of(samples)
        return self._step(lambda handle, out: push(handle, view, out))

    def settle(self) -> List[Segment]:
        """Live streams: decodes the remaining audio and returns its text, which is final. Call this function if no
        audio has arrived for a while and the deadline of a word is near. Other streams: returns no segments. Raises
        the errors of push()."""
        return self._step(lib.transcriber_settle)

    def drain(self) -> List[Segment]:
        """Transcribes the remaining audio and returns its segments. Raises the errors of push()."""
        return self._step(lib.transcriber_drain)

    def reset(self) -> None:
        """Discards audio, text and a pending cancel(). Times then start at 0 again."""
        with self._lock:
            lib.transcriber_reset(self._open())

    def cancel(self) -> None:
        """Makes a running push(), settle() or drain() raise Error (CANCELLED) soon. Later calls of these functions
        raise it immediately, until reset(). Never blocks for long. Does nothing after close()."""
        with self._life:
            lib.transcriber_cancel(self._handle)

    def transcribe(self, samples: Samples) -> Iterator[Segment]:
        """Transcribes a whole recording. Yields each segment as soon as it is final, and then resets the transcriber,
        also if the caller stops early. Raises the errors of push()."""
        return self._transcribe(view_of(samples))

    def _transcribe(self, view: memoryview) -> Iterator[Segment]:
        try:
            for start in range(0, len(view), SAMPLE_RATE):
                yield from self.push(view[start:start + SAMPLE_RATE])
            yield from self.drain()
        finally:
            with self._lock:
                lib.transcriber_reset(self._handle)  # Does nothing after close().

    @property
    def position(self) -> float:
        """The time, in seconds, up to which all text was returned. No later segment starts before it."""
        with self._lock:
            return lib.transcriber_position(self._open()) / SAMPLE_RATE

    @property
    def language(self) -> str:
        """Whisper's code of the given or detected language; '' before detection."""
        with self._lock:
            return text_of(lib.transcriber_language, self._open())

    @property
    def language_probability(self) -> float:
        """The probability of the language among the candidates; 1 if the language was given; 0 before detection."""
        with self._lock:
            return lib.transcriber_language_probability(self._open())

    def draft(self) -> List[Word]:
        """Live streams: returns the words that were recognised but not returned yet. They may still change. Other
        streams: returns no words."""
        with self._lock:
            return take_words(created(lib.transcriber_draft, self._open()))

    def _open(self):
        if self._handle is None:
            raise ValueError('the transcriber is closed')
        return self._handle

    def _step(self, function) -> List[Segment]:
        out = Handle()
        with self._lock:
            check(function(self._open(), ctypes.byref(out)))
        return take_segments(out)
