# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests that npuwhisper-transcribe refuses a model that needs more memory than ulimit -v leaves.

The model has the sizes of large-v3. Its file consists of holes, so it takes no space on the disk.
"""
import pathlib
import re
import resource
import struct
import tempfile
import unittest
import wave

import program

# The limit of ulimit -v. The model needs more. Without a model, the program needs much less.
LIMIT_BYTES = 2_000_000_000
N_STATE, N_LAYERS, N_HEADS, N_MELS, N_VOCAB = 1280, 32, 20, 128, 51866
I16, F16 = 2, 4  # CTranslate2's numbers for these data types.


def linear(name, n_out, n_in):
    return [(f'{name}/weight', (n_out, n_in)), (f'{name}/bias', (n_out,))]


def norm(name):
    return [(f'{name}/gamma', (N_STATE,)), (f'{name}/beta', (N_STATE,))]


def layer(name, with_cross_attention):
    """Returns the names and dimensions of a layer's variables."""
    blocks = [('self_attention', [('linear_0', 3 * N_STATE, N_STATE),
                                  ('linear_1', N_STATE, N_STATE)]),
              ('ffn', [('linear_0', 4 * N_STATE, N_STATE), ('linear_1', N_STATE, 4 * N_STATE)])]
    if with_cross_attention:
        blocks.append(('attention', [('linear_0', N_STATE, N_STATE),
                                     ('linear_1', 2 * N_STATE, N_STATE),
                                     ('linear_2', N_STATE, N_STATE)]))
    variables = []
    for block, products in blocks:
        variables += norm(f'{name}/{block}/layer_norm')
        for product, n_out, n_in in products:
            variables += linear(f'{name}/{block}/{product}', n_out, n_in)
    return variables


def variables_of_model():
    convolutions = [('encoder/conv1/weight', (N_STATE, N_MELS, 3)),
                    ('encoder/conv2/weight', (N_STATE, N_STATE, 3))]
    variables = [*convolutions, ('encoder/conv1/bias', (N_STATE,)),
                 ('encoder/conv2/bias', (N_STATE,)),
                 ('encoder/position_encodings/encodings', (1500, N_STATE)),
                 ('decoder/position_encodings/encodings', (448, N_STATE)),
                 ('decoder/embeddings/weight', (N_VOCAB, N_STATE)),
                 *norm('encoder/layer_norm'), *norm('decoder/layer_norm')]
    for number in range(N_LAYERS):
        variables += layer(f'encoder/layer_{number}', False)
        variables += layer(f'decoder/layer_{number}', True)
    return variables


def text(value):
    return struct.pack('<H', len(value) + 1) + value.encode() + b'\0'


def write_model(path):
    """Writes a model.bin whose weights are holes."""
    variables = variables_of_model()
    with open(path, 'wb') as file:
        file.write(struct.pack('<I', 6) + text('WhisperSpec') + struct.pack('<I', 3))
        file.write(struct.pack('<I', len(variables) + 2))
        for name in ('encoder/num_heads', 'decoder/num_heads'):
            file.write(text(name) + struct.pack('<BBIh', 0, I16, 2, N_HEADS))
        for name, dims in variables:
            n_values = 1
            for dim in dims:
                n_values *= dim
            file.write(text(name) + struct.pack(f'<B{len(dims)}I', len(dims), *dims))
            file.write(struct.pack('<BI', F16, 2 * n_values))
            file.seek(2 * n_values, 1)
        file.write(struct.pack('<I', 1))
        file.write(text('decoder/projection/weight') + text('decoder/embeddings/weight'))


def limit_addresses():
    resource.setrlimit(resource.RLIMIT_AS, (LIMIT_BYTES, LIMIT_BYTES))


class MemoryLimit(unittest.TestCase):
    def test_a_model_that_does_not_fit_is_refused(self):
        with tempfile.TemporaryDirectory(prefix='npuwhisper-e2e-') as name:
            folder = pathlib.Path(name)
            write_model(folder / 'model.bin')
            with wave.open(str(folder / 'silence.wav'), 'wb') as recording:
                recording.setparams((1, 2, 16000, 0, 'NONE', ''))
                recording.writeframes(bytes(32000))
            done = program.transcribe('--device', 'cpu', '--n-threads', 1, '--model', folder,
                                      folder / 'silence.wav', preexec_fn=limit_addresses)
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(done.stdout, '')
        message = re.search(r"model '(.*)': memory: found (\d+ MB|\d\.\d GB), what ulimit -v "
                            r"leaves, wanted (\d\.\d) GB; model '([\w.-]+)' fits", done.stderr)
        self.assertIsNotNone(message, done.stderr)
        self.assertEqual(message[1], str(folder))
        self.assertGreater(float(message[3]), LIMIT_BYTES / 1e9)
        self.assertIn(message[4], ('medium', 'large-v3-turbo', 'small', 'base'))


if __name__ == '__main__':
    program.main()
