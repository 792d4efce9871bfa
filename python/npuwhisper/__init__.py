# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whisper speech-to-text with libnpuwhisper.

    import npuwhisper

    engine = npuwhisper.Engine('base')
    for segment in engine.transcribe(samples, language='en'):  # 16 kHz, mono, float32 or int16
        print(segment.start, segment.end, segment.text)

samples may be a numpy array or any other object with the buffer protocol. The package needs only Python and the
library. docs/library.md describes the options.
"""
from ._engine import Engine, find_model, memory_needed
from ._errors import Error, ErrorCode
from ._library import lib as _lib
from ._live import transcribe_live
from ._options import EngineOptions, TranscriberOptions
from ._samples import Samples
from ._text import SAMPLE_RATE, Segment, Word
from ._transcriber import Transcriber

__version__ = _lib.version().decode()
__all__ = ['SAMPLE_RATE', 'Engine', 'EngineOptions', 'Error', 'ErrorCode', 'Samples', 'Segment', 'Transcriber',
           'TranscriberOptions', 'Word', 'find_model', 'memory_needed', 'transcribe_live']
