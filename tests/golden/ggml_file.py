# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes a model of make_random_models.py as a whisper.cpp file (layout: runtime/model/ggml_file.h).

q8_0() and q5_0() return the same bytes as the Python package gguf 0.19.0 for the values of make_quants.py.
"""
import struct

import numpy as np

import make_mel
import make_random_models

BLOCK = 32  # Number of values in a quantised block. They belong to one row.
BLOCK_VERSION = 2  # Version of the block format. In this version, the scale of a block is f16.


def q8_0(values):
    """Returns the blocks of `values`, which is [..., n * 32] in f32. A block is f16 scale, i8 q[32]; x = scale * q."""
    blocks = values.reshape(-1, BLOCK)
    scales = np.abs(blocks).max(axis=1, keepdims=True) / 127
    stored = np.zeros(len(blocks), [('scale', '<f2'), ('q', 'i1', BLOCK)])
    stored['scale'] = scales[:, 0]
    stored['q'] = np.rint(blocks / np.where(scales == 0, 1, scales))
    return stored


def q5_0(values):
    """Returns the blocks of `values`, which is [..., n * 32] in f32. A block is f16 scale, u32 high, u8 low[16].

    x = scale * (q - 16) for 5-bit integers q. Bit i of `high` is the highest bit of q[i]. The other bits of q[i] and
    q[i + 16] are the low and the high half of low[i].
    """
    blocks = values.reshape(-1, BLOCK)
    # The value with the largest magnitude becomes q = 0, whatever its sign is.
    largest = np.abs(blocks).argmax(axis=1, keepdims=True)
    scales = np.take_along_axis(blocks, largest, axis=1) / -16
    q = np.floor(blocks / np.where(scales == 0, 1, scales) + np.float32(16.5)).clip(0, 31).astype(np.uint8)
    stored = np.zeros(len(blocks), [('scale', '<f2'), ('high', '<u4'), ('low', 'u1', BLOCK // 2)])
    stored['scale'] = scales[:, 0]
    stored['high'] = np.packbits(q >> 4, axis=1, bitorder='little').view('<u4')[:, 0]
    stored['low'] = (q[:, :BLOCK // 2] & 15) | (q[:, BLOCK // 2:] & 15) << 4
    return stored


# Name -> (number of the file's type, number of the matrices' type, function that converts a matrix from f32).
STORAGES = {'f16': (1, 1, lambda values: values.astype('<f2')),
            'q5_0': (8 + 1000 * BLOCK_VERSION, 6, q5_0),
            'q8_0': (7 + 1000 * BLOCK_VERSION, 8, q8_0)}


def tensors(weights, shape):
    """Yields the tensors as (name, array), with the names of openai/whisper. `weights` is from ct2_file.read()."""
    n = shape.width
    for stack, layers in (('encoder', shape.audio_layers), ('decoder', shape.text_layers)):
        if stack == 'encoder':
            for conv in ('encoder.conv1', 'encoder.conv2'):
                scope = conv.replace('.', '/')
                yield conv + '.weight', weights[scope + '/weight']
                yield conv + '.bias', weights[scope + '/bias'][:, None]
        else:
            yield 'decoder.token_embedding.weight', weights['decoder/embeddings/weight']
        yield f'{stack}.positional_embedding', weights[f'{stack}/position_encodings/encodings']
        final = 'encoder.ln_post' if stack == 'encoder' else 'decoder.ln'
        yield final + '.weight', weights[f'{stack}/layer_norm/gamma']
        yield final + '.bias', weights[f'{stack}/layer_norm/beta']

        for i in range(layers):
            ours, theirs = f'{stack}/layer_{i}', f'{stack}.blocks.{i}'

            def norm(scope, name):
                yield f'{theirs}.{name}.weight', weights[f'{ours}/{scope}/gamma']
                yield f'{theirs}.{name}.bias', weights[f'{ours}/{scope}/beta']

            def linear(scope, *names):
                """Divides the rows of a product among `names`. Yields their weights and biases. Keys have no bias."""
                for part, name in enumerate(names):
                    size = len(weights[f'{ours}/{scope}/bias']) // len(names)
                    rows = slice(part * size, (part + 1) * size)
                    yield f'{theirs}.{name}.weight', weights[f'{ours}/{scope}/weight'][rows]
                    if not name.endswith('key'):
                        yield f'{theirs}.{name}.bias', weights[f'{ours}/{scope}/bias'][rows]

            yield from norm('self_attention/layer_norm', 'attn_ln')
            yield from linear('self_attention/linear_0', 'attn.query', 'attn.key', 'attn.value')
            yield from linear('self_attention/linear_1', 'attn.out')
            if stack == 'decoder':
                yield from norm('attention/layer_norm', 'cross_attn_ln')
                yield from linear('attention/linear_0', 'cross_attn.query')
                yield from linear('attention/linear_1', 'cross_attn.key', 'cross_attn.value')
                yield from linear('attention/linear_2', 'cross_attn.out')
            yield from norm('ffn/layer_norm', 'mlp_ln')
            yield from linear('ffn/linear_0', 'mlp.0')
            yield from linear('ffn/linear_1', 'mlp.2')


def write(path, weights, shape, storage):
    """Writes a file. Its matrices are stored as STORAGES[storage], its convolutions in f16, and all else in f32."""
    file_type, matrix_type, convert = STORAGES[storage]
    text_tokens = shape.text_tokens()
    with open(path, 'wb') as file:
        file.write(struct.pack('<I11i', 0x67676d6c, len(shape.tokens()), make_random_models.N_AUDIO_CTX, shape.width,
                               shape.heads, shape.audio_layers, make_random_models.N_TEXT_CTX, shape.width,
                               shape.heads, shape.text_layers, shape.mels, file_type))
        bank = make_mel.bank(shape.mels).astype('<f4')
        file.write(struct.pack('<2i', *bank.shape) + bank.tobytes())
        file.write(struct.pack('<i', len(text_tokens)))
        for token in text_tokens:
            file.write(struct.pack('<i', len(token)) + token)
        for name, array in tensors(weights, shape):
            values, kind = array.astype('<f4'), 0
            if name.endswith('.weight') and array.ndim == 3:
                values, kind = values.astype('<f2'), 1
            elif name.endswith('.weight') and array.ndim == 2:
                values, kind = convert(values), matrix_type
            file.write(struct.pack(f'<{3 + array.ndim}i', array.ndim, len(name), kind, *reversed(array.shape)) +
                       name.encode())
            file.write(np.ascontiguousarray(values).data)
