# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs model_probe and CTranslate2 on one window of audio, for the measurements next to this file. Needs NumPy."""
import json
import pathlib
import subprocess
import sys

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tests' / 'golden'))
import make_encoder  # noqa: E402
import make_mel  # noqa: E402

PROGRAM = ROOT / 'build' / 'tests' / 'bench' / 'model_probe' / 'model_probe'


def window(wav, n_mels):
    """Returns the log-mel of the first 30 s: [3000, n_mels], padded with zeros."""
    content = make_mel.log_mel(make_encoder.read_wav(wav)[:480000], n_mels)
    return np.pad(content, ((0, 3000 - len(content)), (0, 0))).astype('<f4')


def run(model, precision, mel_file, sizes, steps, tokens):
    """Returns the results of the CPU device: (features, logits after each token, decoded tokens, kernels).

    The window is in mel_file; sizes are (width, number of tokens in the vocabulary). Decodes `steps` tokens greedily
    after `tokens`, without decoding rules.
    """
    prefix = mel_file.parent / precision
    done = subprocess.run([str(word) for word in (PROGRAM, model, precision, mel_file, prefix, steps, *tokens)],
                          stdout=subprocess.PIPE, check=True)
    found = json.loads(done.stdout)
    features, logits = (np.fromfile(f'{prefix}.{kind}', '<f4').reshape(-1, columns)
                        for kind, columns in zip(('features', 'logits'), sizes))
    return features, logits, found['tokens'], found['kernels']


def with_ctranslate2(model, mel, tokens, steps):
    """Returns the tokens after `tokens`, decoded greedily by CTranslate2 in f32."""
    import ctranslate2
    whisper = ctranslate2.models.Whisper(str(model), device='cpu', compute_type='float32')
    features = ctranslate2.StorageView.from_array(np.ascontiguousarray(mel.T[None]))
    # CTranslate2 decodes at most max_length / 2 tokens.
    found = whisper.generate(features, [tokens], beam_size=1, max_length=2 * steps, suppress_blank=False,
                             suppress_tokens=None)
    return found[0].sequences_ids[0]


def errors(found, wanted):
    """Returns [largest difference / largest magnitude, RMS of the differences / RMS of the values]."""
    difference = found.astype(np.float64) - wanted
    return [float(f'{value:.2e}') for value in (np.abs(difference).max() / np.abs(wanted).max(),
                                                np.sqrt((difference ** 2).mean() / (wanted ** 2).mean()))]
