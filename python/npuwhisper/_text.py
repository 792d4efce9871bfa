# SPDX-License-Identifier: LGPL-2.1-or-later
"""Segments and words of text with times."""
import dataclasses
from typing import List, Tuple

from ._library import lib, text_of

SAMPLE_RATE = 16000


@dataclasses.dataclass(frozen=True)
class Word:
    """A word with its times, in seconds since the start of the stream."""

    start: float
    end: float
    text: str  # The word with its leading space and its punctuation.
    probability: float  # Mean probability of the word's tokens, 0 to 1.


@dataclasses.dataclass(frozen=True)
class Segment:
    """A piece of text with its times, in seconds since the start of the stream."""

    start: float
    end: float
    text: str  # Usually begins with a space.
    language: str  # Whisper's language code, such as 'en'.
    words: Tuple[Word, ...]  # Empty unless the option word_times is set.
    average_log_probability: float
    no_speech_probability: float
    compression_ratio: float
    temperature: float


def _word(handle):
    return Word(start=lib.word_start(handle) / SAMPLE_RATE, end=lib.word_end(handle) / SAMPLE_RATE,
                text=text_of(lib.word_text, handle), probability=lib.word_probability(handle))


def words_of(handle) -> List[Word]:
    """Converts words of the library. Does not free them."""
    return [_word(lib.words_at(handle, i)) for i in range(lib.words_count(handle))]


def _segment(handle):
    return Segment(start=lib.segment_start(handle) / SAMPLE_RATE, end=lib.segment_end(handle) / SAMPLE_RATE,
                   text=text_of(lib.segment_text, handle), language=text_of(lib.segment_language, handle),
                   words=tuple(words_of(lib.segment_words(handle))),
                   average_log_probability=lib.segment_average_log_probability(handle),
                   no_speech_probability=lib.segment_no_speech_probability(handle),
                   compression_ratio=lib.segment_compression_ratio(handle),
                   temperature=lib.segment_temperature(handle))


def take_segments(handle) -> List[Segment]:
    """Converts segments of the library, and frees them."""
    try:
        return [_segment(lib.segments_at(handle, i)) for i in range(lib.segments_count(handle))]
    finally:
        lib.segments_free(handle)


def take_words(handle) -> List[Word]:
    """Converts words of the library, and frees them."""
    try:
        return words_of(handle)
    finally:
        lib.words_free(handle)
