# SPDX-License-Identifier: LGPL-2.1-or-later
"""Independent NumPy reference of word alignment, in double precision, and its golden data.

usage: make_word_aligner.py [OUT]        (default: word_aligner.bin beside this script; needs NumPy)

The reference is written from the description in runtime/whisper/word_aligner.h and speech_evidence.h, not from the
C++ code. The attention is synthetic: each head follows the words of a text with its own lead or lag, spread and noise.
The sound consists of bursts of noise at the words. The reference finds the best path word by word: it tries every
begin and end of each word. The C++ code searches frame by frame.
"""
import pathlib
import sys

import numpy as np

import golden_file

HEADS, POSITIONS, LEAD = 4, 160, 800
STEP, BLOCK = 320, 160
SPOKEN, GAP, MARKED, OUTSIDE = range(4)
UNMARKED_COST = 15.0
# (kind, tokens) of each state: the time before the text, the text "word word-of-two, word [pause] word.", and the time
# after the text.
STATES = [(OUTSIDE, 0), (SPOKEN, 1), (GAP, 0), (SPOKEN, 1), (SPOKEN, 1), (MARKED, 1), (SPOKEN, 1), (GAP, 0),
          (SPOKEN, 1), (MARKED, 1), (OUTSIDE, 1)]
# Positions at which the sound of each state begins and ends: the ground truth for the attention.
LIMITS = [0, 14, 26, 26, 38, 52, 70, 86, 106, 124, 140, 160]


def noise(n):
    """Returns uniform noise in [-1, 1). The C++ test has the same generator (Numerical Recipes, ranqd1)."""
    state, out = 1, np.empty(n, np.float32)
    for i in range(n):
        state = (state * 1664525 + 1013904223) % 2**32
        out[i] = np.float32((state >> 8) / 2**23 - 1)
    return out


def sound(levels):
    """Returns noise. `levels` holds the amplitude for each 10 ms."""
    return noise(len(levels) * BLOCK) * np.repeat(np.float32(levels), BLOCK)


def odds(pcm, samples):
    """Returns the log odds of speech in the 20 ms that begin at each of `samples`."""
    pcm = np.asarray(pcm, np.float64)
    high = pcm - 0.97 * np.concatenate([pcm[:1], pcm[:-1]])
    power = (high**2).reshape(-1, BLOCK).mean(1)
    level = 10 * np.log10((power + np.append(power[1:], power[-1])) / 2 + 1e-10)
    ranked = np.sort(level)
    loud = ranked[int(0.95 * (len(level) - 1))]
    pause = max(ranked[int(0.10 * (len(level) - 1))], loud - 50)
    trust = np.clip((loud - pause - 6) / 12, 0, 1)
    block = np.clip((np.asarray(samples) + BLOCK // 2) // BLOCK, 0, len(level) - 1)
    return 2 * trust * np.clip((level[block] - pause - 0.3 * (loud - pause)) / 6, -1, 1)


def best_path(attention, evidence, n):
    """Returns [n_states, 2]: the first position of each state, and the position after the state."""
    even = 1 / POSITIONS
    sums, row = [], 0
    for kind, tokens in STATES:
        p = np.zeros(n) if kind == SPOKEN else np.full(n, even)
        for _ in range(tokens):
            p = np.maximum(p, attention[:, row].astype(np.float64).mean(0))
            row += 1
        o = {SPOKEN: evidence, GAP: -evidence, MARKED: -evidence, OUTSIDE: np.abs(evidence)}[kind]
        sums.append(np.concatenate([[0], np.cumsum(np.log(p + 0.01 * even) + o)]))
    # value[s, e]: value of the best path through the first s states that ends at position e.
    value, choice = np.full((len(STATES) + 1, n + 1), -np.inf), {}
    value[0, 0] = 0
    for s, (kind, _) in enumerate(STATES):
        for e in range(n + 1):
            options = [(value[s, b] + sums[s][e] - sums[s][b] - (UNMARKED_COST if kind == GAP else 0), b) for b in range(e)]
            if kind != SPOKEN:
                options.append((value[s, e], e))
            if options:
                value[s + 1, e], choice[s, e] = max(options)
    ranges, e = [], n
    for s in range(len(STATES) - 1, -1, -1):
        ranges.append((choice[s, e], e))
        e = choice[s, e]
    return np.array(ranges[::-1], np.int32)


def main():
    out = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent / 'word_aligner.bin')
    random = np.random.default_rng(2)
    rows = [s for s, (_, tokens) in enumerate(STATES) for _ in range(tokens)]
    attention = np.empty((HEADS, len(rows), POSITIONS), np.float32)
    at = np.arange(POSITIONS)
    for head, lag in enumerate([-4, -1, 0, 3]):
        for i, s in enumerate(rows):
            middle = (LIMITS[s] + LIMITS[s + 1]) / 2 + lag - LEAD / STEP
            width = (LIMITS[s + 1] - LIMITS[s]) / 2 + 1
            logits = -((at - middle) / width)**2 * 2 + random.normal(0, 0.7, POSITIONS)
            attention[head, i] = np.exp(logits) / np.exp(logits).sum()
    spoken = np.zeros(POSITIONS)
    for s, (kind, _) in enumerate(STATES):
        if kind == SPOKEN:
            spoken[LIMITS[s]:LIMITS[s + 1]] = 1
    spoken[-8:] = 1  # Someone else speaks after the end.
    levels = np.where(np.repeat(spoken, 2) > 0, random.uniform(0.05, 0.3, 2 * POSITIONS), 0.001).astype(np.float32)
    evidence = odds(sound(levels), at * STEP - STEP // 2 + LEAD)
    heard, deaf = best_path(attention, evidence, POSITIONS), best_path(attention, 0 * evidence, POSITIONS)
    print(np.hstack([np.array(LIMITS)[:-1, None], np.array(LIMITS)[1:, None], heard, deaf]))
    golden_file.write(out, {
        'origin': f'tests/golden/make_word_aligner.py, NumPy {np.__version__}',
        'tolerance': 'none: positions are whole numbers, and no other path comes near the best',
    }, {'attention': attention, 'levels': levels, 'kinds': np.array([k for k, _ in STATES], np.int32),
        'tokens': np.array([n for _, n in STATES], np.int32), 'odds': evidence.astype(np.float32), 'with_sound': heard,
        'without_sound': deaf})


if __name__ == '__main__':
    main()
