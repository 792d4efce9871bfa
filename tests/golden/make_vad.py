# SPDX-License-Identifier: LGPL-2.1-or-later
"""Independent NumPy reference of Silero VAD's network, in double precision, and its golden data.

usage: make_vad.py WEIGHTS WAV [OUT]        (default: vad.bin beside this script; needs NumPy)
       make_vad.py --onnx ONNX WAV          checks this reference (needs onnx and onnxruntime as well)
       tests/golden/vad.bin: silero_vad/data/silero_vad_16k.safetensors of the Python package silero-vad 6.2.3, and
       from Debian's pocketsphinx-testdata librivox/sense_and_sensibility_01_austen_64kb-0880.wav (LibriVox,
       public domain)

The reference is written from that package's tinygrad_model.py; it shares no code with the runtime. WAV has 16 kHz,
one channel and 16 bits. The package's ONNX files hold other weights of the same network. With those of
silero_vad_16k_op15.onnx, this reference and onnxruntime 1.31.1 agree within 4e-7. The tensors of OUT, in the format
of golden_file.py:

    pcm [n]                 the samples, in whole steps: speech, the end of the speech 40 dB quieter, noise, zeros
    probabilities [n / 512] probability of speech in each step
"""
import hashlib
import json
import pathlib
import struct
import sys
import wave

import numpy as np

import golden_file

STEP, CONTEXT, REFLECTED, WINDOW, HOP, BINS = 512, 64, 64, 256, 128, 129
STRIDES = (1, 2, 2, 1)
SPEECH_STEPS, OTHER_STEPS = 64, 16


def read_wav(path):
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (16000, 1, 2)
        return np.frombuffer(file.readframes(file.getnframes()), '<i2').astype(np.float32) / 32768


def read_weights(path):
    data = pathlib.Path(path).read_bytes()
    n, = struct.unpack_from('<Q', data)
    weights = {}
    for name, entry in json.loads(data[8:8 + n]).items():
        if name != '__metadata__':
            begin, end = entry['data_offsets']
            values = np.frombuffer(data, '<f4', (end - begin) // 4, 8 + n + begin)
            weights[name] = values.reshape(entry['shape']).astype(np.float64)
    return weights


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def convolve(x, weight, bias, stride):
    x = np.pad(x, ((0, 0), (1, 1)))
    places = range(0, x.shape[1] - 2, stride)
    return np.maximum(np.stack([np.tensordot(weight, x[:, i:i + 3], 2) + bias for i in places], 1), 0)


def probabilities(weights, pcm):
    hidden = cell = np.zeros(128)
    context, out = np.zeros(CONTEXT), []
    for step in pcm.astype(np.float64).reshape(-1, STEP):
        x = np.pad(np.concatenate([context, step]), (0, REFLECTED), 'reflect')
        context = step[-CONTEXT:]
        frames = np.stack([x[i:i + WINDOW] for i in range(0, len(x) - WINDOW + 1, HOP)], 1)
        spectrum = weights['stft_conv.weight'][:, 0] @ frames
        x = np.hypot(spectrum[:BINS], spectrum[BINS:])
        for i, stride in enumerate(STRIDES, 1):
            x = convolve(x, weights[f'conv{i}.weight'], weights[f'conv{i}.bias'], stride)
        gates = (weights['lstm_cell.weight_ih'] @ x[:, 0] + weights['lstm_cell.bias_ih'] +
                 weights['lstm_cell.weight_hh'] @ hidden + weights['lstm_cell.bias_hh'])
        enter, forget, candidate, leave = np.split(gates, 4)
        cell = sigmoid(forget) * cell + sigmoid(enter) * np.tanh(candidate)
        hidden = sigmoid(leave) * np.tanh(cell)
        out.append(sigmoid(weights['final_conv.weight'].ravel() @ np.maximum(hidden, 0) + weights['final_conv.bias'])[0])
    return np.array(out)


def check(network, pcm):
    import onnx
    import onnxruntime
    initializers = {t.name: onnx.numpy_helper.to_array(t).astype(np.float64)
                    for t in onnx.load(network).graph.initializer}
    names = {'stft_conv.weight': 'stft.forward_basis_buffer', 'final_conv.weight': 'decoder.decoder.2.weight',
             'final_conv.bias': 'decoder.decoder.2.bias'}
    for i in range(4):
        for kind in ('weight', 'bias'):
            names[f'conv{i + 1}.{kind}'] = f'encoder.{i}.reparam_conv.{kind}'
    for part in ('weight_ih', 'weight_hh', 'bias_ih', 'bias_hh'):
        names[f'lstm_cell.{part}'] = f'decoder.rnn.{part}'
    weights = {name: initializers[f'model.{other}'] for name, other in names.items()}
    session = onnxruntime.InferenceSession(str(network), providers=['CPUExecutionProvider'])
    state, context, found = np.zeros((2, 1, 128), np.float32), np.zeros(CONTEXT, np.float32), []
    for step in pcm.reshape(-1, STEP):
        p, state = session.run(None, {'input': np.concatenate([context, step])[None], 'state': state,
                                      'sr': np.array(16000, np.int64)})
        context = step[-CONTEXT:]
        found.append(p[0, 0])
    print('onnxruntime', onnxruntime.__version__, 'largest difference', np.abs(found - probabilities(weights, pcm)).max())


def main():
    arguments = sys.argv[1:]
    is_check = arguments[0] == '--onnx'
    network, wav, *out = map(pathlib.Path, arguments[is_check:])
    speech = read_wav(wav)[:SPEECH_STEPS * STEP]
    other = OTHER_STEPS * STEP
    noise = np.random.default_rng(1).normal(0, 0.1, other).astype(np.float32)
    pcm = np.concatenate([speech, 0.01 * speech[-other:], noise, np.zeros(other, np.float32)])
    if is_check:
        check(network, pcm)
        return
    golden_file.write(out[0] if out else pathlib.Path(__file__).parent / 'vad.bin', {
        'origin': f'tests/golden/make_vad.py, NumPy {np.__version__}, {network.name} (SHA-256 '
                  f'{hashlib.sha256(network.read_bytes()).hexdigest()}), {wav.name}',
        'tolerance': '1e-4 absolute, of probabilities: f32 through 112 steps of the LSTM',
    }, {'pcm': pcm, 'probabilities': probabilities(read_weights(network), pcm)})


if __name__ == '__main__':
    main()
