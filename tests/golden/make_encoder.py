# SPDX-License-Identifier: LGPL-2.1-or-later
"""Independent NumPy reference of Whisper's encoder and decoder, in double precision, and its golden data.

usage: make_encoder.py MODEL_DIR WAV OUT        (needs NumPy; about a minute)
       tests/golden/encoder_base.bin: Whisper base (Systran/faster-whisper-base), and from Debian's
       pocketsphinx-testdata librivox/sense_and_sensibility_01_austen_64kb-0880.wav (LibriVox, public domain)

MODEL_DIR is a CTranslate2 Whisper folder. WAV has 16 kHz, one channel and 16 bits, and is shorter than 30 s. The
reference is written from the paper (Radford et al. 2022) and the layout of the file. It shares no code with the
runtime. It was checked once against CTranslate2 4.8.5 (float32): the encoder output agreed within 1.6e-6 of the
largest magnitude, the prompt logits within 1e-4, and the tokens were the same. The tensors of OUT, in the format of
golden_file.py (n = n_state, weights as the file stores them):

    mel [frames, n_mels]            log-mel of the clip; the window is padded with zeros to 3000 frames
    positions [p]                   encoder positions (of 1500) in the next tensors
    encoder [p, n]                  encoder output, after the last layer norm
    cross_key_0, cross_value_0      [p, n]: keys and values of the cross-attention of the first and the last decoder
    cross_key_last, _value_last     layer, heads side by side, keys not scaled
    prompt [3]                      <|startoftranscript|><|en|><|transcribe|>
    logits_ids, logits [3, 20]      the 20 largest logits after each prompt token, in descending order
    argmax [a]                      the tokens after the prompt and <|notimestamps|> up to <|endoftext|>; each token has
                                    the largest logit of its step, without decoding rules
    argmax_logits [a]               the logits of these tokens
"""
import hashlib
import math
import pathlib
import sys
import wave

import numpy as np

import ct2_file
import golden_file
import make_mel

PROMPT = [50258, 50259, 50359]
END_OF_TEXT, NO_TIMESTAMPS = 50257, 50363


erf = np.vectorize(math.erf, otypes=[np.float64])


def gelu(x):
    return 0.5 * x * (1 + erf(x / math.sqrt(2)))


class Whisper:
    def __init__(self, variables):
        self.w = variables
        self.heads = int(variables['encoder/num_heads'])
        self.layers = sum(name.startswith('decoder/layer_') and name.endswith('attention/linear_2/weight')
                          for name in variables)

    def linear(self, name, x):
        return x @ self.w[name + '/weight'].T + self.w[name + '/bias']

    def norm(self, name, x):
        mean, variance = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
        return ((x - mean) / np.sqrt(variance + 1e-5)) * self.w[name + '/gamma'] + self.w[name + '/beta']

    def conv(self, name, x, stride):
        """Convolves x [time, channels] with a kernel of 3. Pads x with one zero on each side."""
        weight = self.w[name + '/weight']  # [out, in, 3]
        x = np.pad(x, ((1, 1), (0, 0)))
        n = (len(x) - 3) // stride + 1
        return sum(x[k:k + n * stride:stride][:n] @ weight[:, :, k].T for k in range(3)) + self.w[name + '/bias']

    def attend(self, query, key, value, causal=False):
        """Returns the output of attention. All arrays are [time, n_state], with the heads side by side."""
        split = lambda x: x.reshape(len(x), self.heads, -1).transpose(1, 0, 2)
        q, k, v = split(query), split(key), split(value)
        scores = q @ k.transpose(0, 2, 1) / math.sqrt(q.shape[-1])
        if causal:
            scores[:, np.triu(np.ones(scores.shape[1:], bool), 1)] = -np.inf
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        weights = scores / scores.sum(-1, keepdims=True)
        return (weights @ v).transpose(1, 0, 2).reshape(len(query), -1)

    def self_attention(self, name, x, causal):
        fused = self.linear(name + '/linear_0', self.norm(name + '/layer_norm', x))
        return x + self.linear(name + '/linear_1', self.attend(*np.split(fused, 3, axis=-1), causal))

    def feed_forward(self, name, x):
        hidden = gelu(self.linear(name + '/linear_0', self.norm(name + '/layer_norm', x)))
        return x + self.linear(name + '/linear_1', hidden)

    def encode(self, mel):
        x = gelu(self.conv('encoder/conv1', mel, 1))
        x = gelu(self.conv('encoder/conv2', x, 2)) + self.w['encoder/position_encodings/encodings']
        for i in range(self.layers):
            x = self.self_attention(f'encoder/layer_{i}/self_attention', x, causal=False)
            x = self.feed_forward(f'encoder/layer_{i}/ffn', x)
        return self.norm('encoder/layer_norm', x)

    def cross(self, encoded):
        """Returns (keys, values) of the cross-attention for each decoder layer."""
        return [np.split(self.linear(f'decoder/layer_{i}/attention/linear_1', encoded), 2, axis=-1)
                for i in range(self.layers)]

    def decode(self, tokens, cross):
        """Returns the logits after each token: [len(tokens), n_vocab]."""
        embedding = self.w['decoder/embeddings/weight']
        x = embedding[tokens] + self.w['decoder/position_encodings/encodings'][:len(tokens)]
        for i, (key, value) in enumerate(cross):
            name = f'decoder/layer_{i}'
            x = self.self_attention(name + '/self_attention', x, causal=True)
            query = self.linear(name + '/attention/linear_0', self.norm(name + '/attention/layer_norm', x))
            x = x + self.linear(name + '/attention/linear_2', self.attend(query, key, value))
            x = self.feed_forward(name + '/ffn', x)
        return self.norm('decoder/layer_norm', x) @ embedding.T


def read_wav(path):
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (16000, 1, 2)
        return np.frombuffer(file.readframes(file.getnframes()), '<i2') / 32768


def sha256(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


if __name__ == '__main__':
    model_file, clip, out = pathlib.Path(sys.argv[1]) / 'model.bin', pathlib.Path(sys.argv[2]), sys.argv[3]
    whisper = Whisper({name: array.astype(np.float64) for name, array in ct2_file.read(model_file).items()})
    content = make_mel.log_mel(read_wav(clip), whisper.w['encoder/conv1/weight'].shape[1])
    content = content.astype(np.float32)  # The encoder gets exactly the values that OUT stores.
    encoded = whisper.encode(np.pad(content.astype(np.float64), ((0, 3000 - len(content)), (0, 0))))
    cross = whisper.cross(encoded)

    prompt_logits = whisper.decode(PROMPT, cross)
    top = np.argsort(-prompt_logits, axis=-1)[:, :20]
    tokens, values = PROMPT + [NO_TIMESTAMPS], []
    while tokens[-1] != END_OF_TEXT:
        last = whisper.decode(tokens, cross)[-1]
        tokens.append(int(last.argmax()))
        values.append(last.max())

    # Selects many positions in the speech, few in the zeros after the speech, and the last
    # position.
    speech = len(content) // 2
    at = np.unique(np.r_[0:speech:10, speech:1500:150, 1499])
    golden_file.write(out, {
        'origin': f'tests/golden/make_encoder.py, NumPy {np.__version__}, double precision',
        'model': f'model.bin sha256 {sha256(model_file)}',
        'clip': f'{clip.name} sha256 {sha256(clip)}',
        'tolerance': '1e-3 relative to the largest magnitude: the project\'s aim for f32 arithmetic',
    }, {
        'mel': content,
        'positions': at,
        'encoder': encoded[at],
        'cross_key_0': cross[0][0][at],
        'cross_value_0': cross[0][1][at],
        'cross_key_last': cross[-1][0][at],
        'cross_value_last': cross[-1][1][at],
        'prompt': np.array(PROMPT),
        'logits_ids': top,
        'logits': np.take_along_axis(prompt_logits, top, -1),
        'argmax': np.array(tokens[len(PROMPT) + 1:]),
        'argmax_logits': np.array(values),
    })
