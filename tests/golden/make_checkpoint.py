# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes a small file with torch.save(), in the form of openai/whisper's checkpoints.

usage: make_checkpoint.py [OUT]        (default: checkpoint.pt beside this script; needs PyTorch)

The tensors have the values 0, 1, 2 and so on, so that tests/runtime/model/torch_file_test.cpp can check them.
"""
import collections
import pathlib
import sys

import torch


def main():
    out = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).with_name('checkpoint.pt'))
    numbers = torch.arange(12, dtype=torch.float32)
    state = collections.OrderedDict(
        single=numbers[:6].clone().reshape(2, 3),
        half=numbers[:6].clone().reshape(3, 2).half(),
        brain=numbers[:4].clone().bfloat16(),
        scalar=torch.tensor(3.0),
        parameter=torch.nn.Parameter(numbers[:2].clone()),
        view=numbers[4:8].reshape(2, 2),
        shared=numbers)
    state._metadata = {'version': 1}  # Module.state_dict() sets this attribute.
    torch.save({'dims': {'n_mels': 80, 'n_audio_head': 8, 'n_text_head': -1}, 'model_state_dict': state}, out)


main()
