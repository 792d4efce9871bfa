# SPDX-License-Identifier: LGPL-2.1-or-later
"""Live transcription with asyncio."""
import asyncio
import collections
import concurrent.futures
from typing import AsyncIterable, AsyncIterator, Deque, Optional, Unpack

from ._engine import Engine
from ._options import TranscriberOptions
from ._samples import Samples, copy_of
from ._text import Segment


class _Arrivals:
    """Samples that a source has delivered and that were not pushed yet. Belongs to the thread of the event loop, except
    n_samples, which any thread may read."""

    def __init__(self) -> None:
        self.n_samples = 0
        self._views: Deque[memoryview] = collections.deque()
        self._changed = asyncio.Event()
        self._ended = False

    async def read(self, source: AsyncIterable[Samples]) -> None:
        """Stores all samples of the source, until the source ends."""
        try:
            async for samples in source:
                view = copy_of(samples)  # A copy, because the source may reuse its memory.
                self._views.append(view)
                self.n_samples += len(view)
                self._changed.set()
        finally:
            self._ended = True
            self._changed.set()

    async def take(self) -> Optional[memoryview]:
        """Returns the next samples; None after the end of the source."""
        while not self._views and not self._ended:
            self._changed.clear()
            await self._changed.wait()
        if not self._views:
            return None
        view = self._views.popleft()
        self.n_samples -= len(view)
        return view


async def transcribe_live(engine: Engine, source: AsyncIterable[Samples], latency: float = 8.0,
                          **options: Unpack[TranscriberOptions]) -> AsyncIterator[Segment]:
    """Transcribes a live source, such as a microphone. Yields each word or phrase, as a segment, at most `latency`
    seconds after it was spoken.

    The transcription runs in a thread. If it is too slow for the source, it skips audio to return to the live edge.
    With pace='audio', which is for playing files, it skips nothing, and the source may be faster than real time. The
    generator ends after the source has ended and all text was yielded. To end earlier, close the generator (aclose()) or
    cancel its task. Raises the errors of Engine.transcriber() and Transcriber.push(), and those of the source.
    """
    arrivals = _Arrivals()
    options['live_latency'] = round(1000 * latency)
    transcriber = engine.transcriber(lambda: arrivals.n_samples, **options)
    loop = asyncio.get_running_loop()
    pool = concurrent.futures.ThreadPoolExecutor(1, 'npuwhisper')
    reader = asyncio.ensure_future(arrivals.read(source))
    try:
        while (view := await arrivals.take()) is not None:
            for segment in await loop.run_in_executor(pool, transcriber.push, view):
                yield segment
        await reader
        for segment in await loop.run_in_executor(pool, transcriber.drain):
            yield segment
    finally:
        reader.cancel()
        transcriber.cancel()
        await asyncio.gather(reader, return_exceptions=True)
        await loop.run_in_executor(None, pool.shutdown)
        transcriber.close()
