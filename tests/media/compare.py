# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compares the output of two media runs: words, times, samples, frames."""
import bisect
import difflib
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / 'e2e'))
from speech_text import words_of  # noqa: E402

SECOND = 1e9
SYNC = 0.5  # seconds by which a caption may begin before or after its first word
SAME_TIME = 1000  # nanoseconds by which demultiplexers may round a time
# Maximum codec delay between the starts of audio and video, in seconds. In Vorbis, the delay is
# 256 samples.
CLIPPED = 0.04
# Seconds by which the picture may differ from the text's times, which lie between two frames.
EDGE = 0.25


def timed_words(transcript):
    """Returns [(word, start in seconds)] of the JSON of npuwhisper-transcribe."""
    return [(word, timed['start']) for segment in transcript['segments']
            for timed in segment['words'] for word in words_of(timed['word'])]


def word_errors(expected, found):
    """Counts words to change, add or remove. A split compound ("cold hearted") is one change."""
    errors = 0
    for kind, a, b, c, d in difflib.SequenceMatcher(None, expected, found,
                                                    autojunk=False).get_opcodes():
        if kind == 'replace' and ''.join(expected[a:b]) == ''.join(found[c:d]):
            errors += 1
        elif kind != 'equal':
            errors += max(b - a, d - c)
    return errors


def words_of_cues(cues):
    return [word for _, _, text in cues for word in words_of(text)]


def late_cues(cues, expected):
    """Describes the cues that do not begin within SYNC of their first word. Ignores cues whose first
    word does not match a word of `expected`, which is from timed_words()."""
    found = []
    for begin, _, text in cues:
        for position, word in enumerate(words_of(text)):
            found.append((word, begin / SECOND if position == 0 else None))
    matcher = difflib.SequenceMatcher(None, [word for word, _ in expected],
                                      [word for word, _ in found], autojunk=False)
    wrong = []
    for block in matcher.get_matching_blocks():
        for i in range(block.size):
            word, begin = found[block.b + i]
            wanted = expected[block.a + i][1]
            if begin is not None and abs(begin - wanted) > SYNC:
                wrong.append(f'{word!r} at {begin:.2f} s, wanted {wanted:.2f} s')
    return wrong


def media_differences(plain, ours, is_overlay=False):
    """Compares `ours` with `plain`, a run without npuwhisper. Returns {name: values found and wanted}."""
    wrong = {}
    for name in ('bytes', 'md5', 'first', 'formats'):
        is_rounded = (name == 'first' and
                      abs(plain['audio'][name] - ours['audio'][name]) <= SAME_TIME)
        if plain['audio'][name] != ours['audio'][name] and not is_rounded:
            wrong[f'audio {name}'] = f'{ours["audio"][name]} found, {plain["audio"][name]} wanted'
    if not plain['video']:
        return wrong  # The file has no video. `ours` shows the black picture.
    if len(plain['video']) != len(ours['video']):
        wrong['frames'] = f'{len(ours["video"])} found, {len(plain["video"])} wanted'
    for number, ((time, upper, lower, _), (our_time, our_upper, our_lower, _)) in enumerate(
            zip(plain['video'], ours['video'])):
        # If the first frame begins before its segment, cccombiner moves the frame's start to the
        # segment's.
        is_clipped = number == 0 and 0 < our_time - time < CLIPPED * SECOND
        if abs(time - our_time) > SAME_TIME and not is_clipped:
            wrong['times'] = f'a frame at {our_time / SECOND} s, wanted at {time / SECOND} s'
            break
        if upper != our_upper or (lower != our_lower and not is_overlay):
            wrong.setdefault('pixels', f'others at {time / SECOND} s')
    return wrong


def covered_frames(plain, ours):
    """Returns [(time, is covered)] for the frames of `ours`. A frame is covered if its lower half
    differs from the lower half of the same frame in `plain`, or if `plain` has no frame at this time.

    Leaves out frames whose upper halves differ. Captions do not change the upper half, so such a frame
    was decoded differently, as libde265 does with some frames in some runs. media_differences() finds
    these frames.
    """
    known = sorted((time, upper, lower) for time, upper, lower, _ in plain)
    times = [time for time, _, _ in known]
    frames = []
    for time, upper, lower, _ in ours:
        at = bisect.bisect_left(times, time - SAME_TIME)
        if at == len(times) or times[at] > time + SAME_TIME:
            frames.append((time, True))
        elif known[at][1] == upper:
            frames.append((time, known[at][2] != lower))
    return frames


def shown(frames):
    """Returns a function of (begin, end) in seconds. The function lists, for each frame in this
    range, whether a caption is shown. `frames` holds (time, is shown)."""
    times = [(time / SECOND, seen) for time, seen in frames if time >= 0]

    def between(begin, end):
        return [seen for time, seen in times if begin <= time <= end]
    return between


def picture_differences(frames, cues):
    """Describes where the picture contradicts the times of the text. `frames`: (time, is shown)."""
    between = shown(frames)
    wrong = []
    last_end = None
    for begin, end, text in [(b / SECOND, e / SECOND, t) for b, e, t in cues]:
        if not all(between(begin + EDGE, end - EDGE)):
            wrong.append(f'{text!r} is not seen from {begin:.2f} to {end:.2f} s')
        if last_end is not None and any(between(last_end + EDGE, begin - EDGE)):
            wrong.append(f'something is seen between {last_end:.2f} and {begin:.2f} s')
        last_end = end
    if last_end is not None and any(between(last_end + EDGE, last_end + 1000)):
        wrong.append(f'something is seen after {last_end:.2f} s')
    return wrong


def closed_caption_differences(frames, cues):
    """Returns a message for each text of which no character is sent within SYNC of its start.
    `frames` holds (time, sent)."""
    between = shown(frames)
    return [f'{text!r} is not sent about {begin / SECOND:.2f} s' for begin, _, text in cues
            if not any(between(begin / SECOND - SYNC, begin / SECOND + SYNC))]
