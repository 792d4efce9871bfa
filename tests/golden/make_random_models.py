# SPDX-License-Identifier: LGPL-2.1-or-later
"""Models with the shape of a published Whisper model and random weights, as CTranslate2 folders.

usage: make_random_models.py FOLDER ARCHITECTURE ... [--storage f16|f32] [--seed N]        (needs NumPy)

Writes FOLDER/ARCHITECTURE for each ARCHITECTURE, a name in ARCHITECTURES. The same arguments give the same bytes. The
sizes are those of the published models (Radford et al. 2022, table 1; the config.json of large-v3, large-v3-turbo and
distil-whisper). The tokens have the published numbers and special names, but their spellings are artificial.

The weights keep the values in the usual range, so that an error in any operation changes the result: the inputs of
all products have a variance of about 1, attention concentrates on few positions (a standard deviation of 4 before
softmax), and every block changes the residual stream by about as much as its input. The logits have a standard
deviation of about 3. Positions are larger than embeddings, because otherwise the decoder would repeat one token.
"""
import argparse
import dataclasses
import json
import pathlib
import zlib

import numpy as np

import ct2_file

N_AUDIO_CTX, N_TEXT_CTX = 1500, 448
TEXT_TOKENS = {'multilingual': 50257, 'english': 50256}
LANGUAGES = ('en zh de es ru ko fr ja pt tr pl ca nl ar sv it id hi fi vi he uk el ms cs ro da hu ta no th ur hr bg lt '
             'la mi ml cy sk te fa lv bn sr az sl kn et mk br eu is hy ne mn bs kk sq sw gl mr pa si km sn yo so af oc '
             'ka be tg sd gu am yi lo uz fo ht ps tk nn mt sa lb my bo tl mg as tt haw ln ha ba jw su').split()
TASKS = '<|translate|> <|transcribe|> <|startoflm|> <|startofprev|> <|nospeech|> <|notimestamps|>'.split()


def byte_spellings():
    """Returns {character: byte}. Each byte is spelled as itself or as a character above U+00FF, as in GPT-2."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(256 + i): byte for i, byte in enumerate(others)}


@dataclasses.dataclass(frozen=True)
class Architecture:
    width: int
    audio_layers: int
    text_layers: int
    english: bool = False
    mels: int = 80
    yue: bool = False  # Whether Cantonese is among the languages.
    heads_known: bool = True  # Whether config.json names alignment heads.

    @property
    def heads(self):
        return self.width // 64

    def tokens(self):
        """Returns the spellings of all tokens."""
        n_text = TEXT_TOKENS['english' if self.english else 'multilingual']
        spellings = [*byte_spellings()]
        spellings += [f'\u0120{i}' for i in range(len(spellings), n_text)]
        languages = LANGUAGES + (['yue'] if self.yue else [])
        spellings += ['<|endoftext|>', '<|startoftranscript|>', *(f'<|{code}|>' for code in languages), *TASKS]
        return spellings + [f'<|{i / 50:.2f}|>' for i in range(N_AUDIO_CTX + 1)]

    def text_tokens(self):
        """Returns the bytes of all text tokens."""
        spellings, table = self.tokens(), byte_spellings()
        return [bytes(table[character] for character in spelling)
                for spelling in spellings[:spellings.index('<|endoftext|>')]]

    def prompt(self):
        """Returns the tokens before the text, without timestamps."""
        tokens = self.tokens()
        names = ['<|startoftranscript|>', '<|notimestamps|>']
        if not self.english:
            names[1:1] = ['<|yue|>' if self.yue else '<|en|>', '<|transcribe|>']
        return [tokens.index(name) for name in names]


ARCHITECTURES = {
    'tiny.en': Architecture(384, 4, 4, english=True),
    'tiny': Architecture(384, 4, 4),
    'base.en': Architecture(512, 6, 6, english=True),
    'base': Architecture(512, 6, 6),
    'small.en': Architecture(768, 12, 12, english=True),
    'small': Architecture(768, 12, 12),
    'medium.en': Architecture(1024, 24, 24, english=True),
    'medium': Architecture(1024, 24, 24),
    'large-v1': Architecture(1280, 32, 32),
    'large-v2': Architecture(1280, 32, 32),
    'large-v3': Architecture(1280, 32, 32, mels=128, yue=True),
    'large-v3-turbo': Architecture(1280, 32, 4, mels=128, yue=True),
    'distil-small.en': Architecture(768, 12, 4, english=True, heads_known=False),
    'distil-medium.en': Architecture(1024, 24, 2, english=True, heads_known=False),
    'distil-large-v2': Architecture(1280, 32, 2, heads_known=False),
    'distil-large-v3': Architecture(1280, 32, 2, mels=128, yue=True, heads_known=False),
    'distil-large-v3.5': Architecture(1280, 32, 2, mels=128, yue=True, heads_known=False),
}


def shapes(shape):
    """Returns {variable: dimensions} of the weights."""
    n, ffn = shape.width, 4 * shape.width
    found = {}

    def add(scope, *dims):
        found[scope + '/weight'], found[scope + '/bias'] = dims, dims[:1]

    def add_norm(scope):
        found[scope + '/gamma'] = found[scope + '/beta'] = (n,)

    def add_stack(stack, layers):
        for i in range(layers):
            layer = f'{stack}/layer_{i}'
            add_norm(f'{layer}/self_attention/layer_norm')
            add(f'{layer}/self_attention/linear_0', 3 * n, n)
            add(f'{layer}/self_attention/linear_1', n, n)
            if stack == 'decoder':
                add_norm(f'{layer}/attention/layer_norm')
                add(f'{layer}/attention/linear_0', n, n)
                add(f'{layer}/attention/linear_1', 2 * n, n)
                add(f'{layer}/attention/linear_2', n, n)
            add_norm(f'{layer}/ffn/layer_norm')
            add(f'{layer}/ffn/linear_0', ffn, n)
            add(f'{layer}/ffn/linear_1', n, ffn)
        add_norm(f'{stack}/layer_norm')

    add('encoder/conv1', n, shape.mels, 3)
    add('encoder/conv2', n, n, 3)
    found['encoder/position_encodings/encodings'] = (N_AUDIO_CTX, n)
    add_stack('encoder', shape.audio_layers)
    found['decoder/embeddings/weight'] = (len(shape.tokens()), n)
    found['decoder/position_encodings/encodings'] = (N_TEXT_CTX, n)
    add_stack('decoder', shape.text_layers)
    return found


def values(name, dims, seed):
    """Returns the random values of a variable in f32. Depends only on the arguments."""
    random = np.random.default_rng([seed, zlib.crc32(name.encode())])
    drawn = random.standard_normal(dims, np.float32)
    if name.endswith('gamma'):
        return 1 + np.float32(0.1) * drawn
    if name.endswith(('beta', 'bias')):
        return np.float32(0.1) * drawn
    if name == 'encoder/position_encodings/encodings':
        return np.float32(0.2) * drawn
    if name == 'decoder/embeddings/weight':
        return np.float32(3 / dims[1] ** 0.5) * drawn
    if name == 'decoder/position_encodings/encodings':
        return drawn
    drawn *= np.float32((dims[0] / drawn.size) ** 0.5)
    if name.endswith('attention/linear_0/weight'):  # Scales the queries and, in self-attention, the keys.
        drawn[:2 * dims[1]] *= 2
    elif name.endswith('/attention/linear_1/weight'):  # Scales the keys of the cross-attention.
        drawn[:dims[1]] *= 2
    return drawn


def write(folder, shape, storage, seed):
    """Writes a CTranslate2 folder."""
    folder.mkdir(parents=True, exist_ok=True)
    dims, flags = shapes(shape), {
        'encoder/num_heads': np.array(shape.heads, '<i2'), 'decoder/num_heads': np.array(shape.heads, '<i2'),
        'decoder/activation': np.array(3, '<i1'), 'decoder/alibi': np.array(0, '<i1'),
        'decoder/alignment_heads': np.array(1, '<i2'), 'decoder/alignment_layer': np.array(-1, '<i2'),
        'decoder/pre_norm': np.array(1, '<i1'), 'decoder/scale_embeddings': np.array(0, '<i1'),
        'decoder/start_from_zero_embedding': np.array(0, '<i1')}

    def variables():
        for name in sorted([*dims, *flags]):
            yield name, flags[name] if name in flags else values(name, dims[name], seed).astype(storage)

    ct2_file.write(folder / 'model.bin', len(dims) + len(flags), variables(),
                   {'decoder/projection/weight': 'decoder/embeddings/weight'})
    tokens = shape.tokens()
    first_language = tokens.index('<|startoftranscript|>') + 1
    config = {'suppress_ids': [], 'suppress_ids_begin': [],
              'lang_ids': list(range(first_language, tokens.index('<|translate|>')))}
    if shape.heads_known:
        config['alignment_heads'] = [[shape.text_layers - 1, head] for head in range(min(6, shape.heads))]
    (folder / 'config.json').write_text(json.dumps(config))
    (folder / 'vocabulary.json').write_text(json.dumps(tokens))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('folder', type=pathlib.Path)
    parser.add_argument('architectures', nargs='+', choices=ARCHITECTURES, metavar='ARCHITECTURE')
    parser.add_argument('--storage', choices=['f16', 'f32'], default='f16')
    parser.add_argument('--seed', type=int, default=1)
    args = parser.parse_args()
    for name in args.architectures:
        write(args.folder / name, ARCHITECTURES[name], '<f2' if args.storage == 'f16' else '<f4', args.seed)


if __name__ == '__main__':
    main()
