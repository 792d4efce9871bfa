# SPDX-License-Identifier: LGPL-2.1-or-later
"""Independent NumPy reference of Whisper's log-mel spectrogram, in double precision, and its golden data.

usage: make_mel.py [OUT]        (default: mel_synthetic.bin beside this script; needs NumPy)

The reference is written from the definitions (Slaney's mel scale; STFT of 400 samples every 160 under a periodic
Hann window, reflected at the start, zeros past the end; log10, floor 8 below the maximum, (x + 4) / 4), not from the
C++ code. It was checked once against other implementations. Largest absolute differences:
  bank(80), bank(128) - mel_filters.npz of openai-whisper 20250625:      1.4e-9, 2.4e-9
  bank(80), bank(128) - faster-whisper 1.2.1 filters:           1.0e-9, 1.9e-9 (float32)
  log_mel of LibriVox speech (7.1 s) - faster-whisper 1.2.1 (float32):  3.3e-6 (80), 4.3e-6 (128)
"""
import pathlib
import sys

import numpy as np

import golden_file

RATE, FFT, HOP = 16000, 400, 160


def bank(n_mels):
    """Returns [n_mels, 201]: triangles of area 1 with corners evenly spaced on Slaney's mel scale, 0 to 8000 Hz."""
    step = np.log(6.4) / 27
    top = 15 + np.log(8000 / 1000) / step
    mel = np.linspace(0, top, n_mels + 2)
    hz = np.where(mel < 15, mel * 200 / 3, 1000 * np.exp((mel - 15) * step))
    bins = np.arange(FFT // 2 + 1) * RATE / FFT
    weights = np.zeros((n_mels, len(bins)))
    for m in range(n_mels):
        left, centre, right = hz[m:m + 3]
        weights[m] = np.interp(bins, [left, centre, right], [0, 2 / (right - left), 0])
    return weights


def log_mel(pcm, n_mels):
    """Returns [len(pcm) // 160, n_mels]: the frames that Whisper counts as content, clamped by their own maximum."""
    pcm = np.asarray(pcm, np.float64)
    padded = np.concatenate([pcm, np.zeros(FFT)])
    padded = np.concatenate([padded[FFT // 2:0:-1], padded])
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FFT) / FFT)
    frames = np.stack([padded[i * HOP:i * HOP + FFT] for i in range(len(pcm) // HOP)])
    power = np.abs(np.fft.rfft(frames * hann, axis=1)) ** 2
    log10 = np.log10(np.maximum(power @ bank(n_mels).T, 1e-10))
    return (np.maximum(log10, log10.max() - 8) + 4) / 4


def synthetic():
    """Returns 1.5 s of audio that stresses the front end: a sweep from 40 Hz to 4.2 kHz in the first 0.8 s, noise in all
    bins that falls by 80 dB, full scale, and digital silence. The length is not a whole number of hops."""
    n = 24077
    t = np.arange(n) / RATE
    sweep = 0.5 * np.sin(2 * np.pi * (40 * t + 7900 / (2 * t[-1]) * t ** 2))
    noise = np.random.default_rng(3).uniform(-1, 1, n) * 10 ** (-4 * t / t[-1])
    pcm = np.where(t < 0.8, sweep + 0.4 * noise, noise)
    pcm[9000:9600] = np.sign(pcm[9000:9600])
    pcm[20000:22000] = 0
    return np.clip(np.round(pcm * 32768), -32768, 32767).astype(np.int32)


if __name__ == '__main__':
    out = sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).with_name('mel_synthetic.bin')
    samples = synthetic()
    golden_file.write(out, {
        'origin': f'tests/golden/make_mel.py, NumPy {np.__version__}, double precision, synthetic audio',
        'tolerance': '1e-4 absolute: the project\'s own aim; single precision keeps about 3e-5 at the clamp',
        'scale': 'samples / 32768',
    }, {
        'samples': samples,
        'mel80': log_mel(samples / 32768, 80),
        'mel128': log_mel(samples / 32768, 128),
    })
