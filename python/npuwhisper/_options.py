# SPDX-License-Identifier: LGPL-2.1-or-later
"""The options of engines and transcribers."""
import contextlib
import numbers
from typing import Any, Iterable, Iterator, Mapping, Optional, TypedDict, Union

from ._errors import check
from ._library import lib


class EngineOptions(TypedDict, total=False):
    """The options of an engine, besides the model. docs/library.md describes them."""

    device: str
    npu_stages: str
    precision: str
    n_threads: int


class TranscriberOptions(TypedDict, total=False):
    """The options of a transcriber. docs/library.md describes them. None keeps an option's default."""

    language: Optional[str]
    languages: Union[str, Iterable[str], None]
    chinese_script: str
    task: str
    word_times: bool
    beam_size: int
    best_of: int
    patience: float
    length_penalty: float
    batch: int
    temperatures: Iterable[float]
    compression_ratio_threshold: float
    log_prob_threshold: float
    no_speech_threshold: float
    max_initial_timestamp: float
    prompt_reset_on_temperature: float
    initial_prompt: str
    hotwords: Union[str, Iterable[str]]
    replacements: str
    condition_on_previous_text: bool
    suppress_blank: bool
    suppress_non_speech: bool
    seed: int
    vad: str
    vad_threshold: float
    vad_min_speech: int
    vad_min_silence: int
    live_latency: Optional[int]
    pace: str


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return 'true' if value else 'false'
    if isinstance(value, (str, numbers.Real)):
        return str(value)
    return ','.join(map(_text, value))


@contextlib.contextmanager
def new_options(values: Mapping[str, Any], waiting: Any = None) -> Iterator[Any]:
    """Yields an object of the library with these options. Raises Error if a name or a value is wrong.

    waiting: a WaitingCallback, which must live as long as the transcribers that are created with the options.
    """
    options = lib.options_new()
    try:
        for name, value in values.items():
            if value is not None:
                check(lib.options_set(options, name.replace('_', '-').encode(),
                                      _text(value).encode('utf-8', 'surrogateescape')))
        if waiting is not None:
            check(lib.options_set_waiting_callback(options, waiting, None))
        yield options
    finally:
        lib.options_free(options)
