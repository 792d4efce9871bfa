# SPDX-License-Identifier: LGPL-2.1-or-later
"""A stand-in for Peano's clang++. It preprocesses the unit with the headers that it is given, and
writes an object with the functions that the unit defines for the array program.

$PEANO_CODE, $PEANO_FRAME and $PEANO_DATA set the bytes of each function's code, of its stack frame,
and of the object's constants. $PEANO_FAILS makes the compilation fail."""
import json
import os
import pathlib
import re
import subprocess
import sys

import calls
import elf_writer

# The generation and the value of __AIE_ARCH__ for the triples of both arrays' cores. IRON gives the
# triples in this form (MA python/utils/compile/utils.py).
GENERATIONS = {'aie2-none-unknown-elf': ('aie2', 20), 'aie2p-none-unknown-elf': ('aie2p', 21)}


def value_of(option):
    """Returns the value that follows an option."""
    return sys.argv[sys.argv.index(option) + 1]


def generation():
    targets = [a.split('=', 1)[1] for a in sys.argv if a.startswith('--target=')]
    # LA clang/lib/Basic/Targets.cpp, TargetInfo::CreateTargetInfo().
    if not targets or targets[-1] not in GENERATIONS:
        calls.refuse(f"error: unknown target triple '{targets[-1] if targets else 'none'}'")
    return GENERATIONS[targets[-1]]


def preprocess(architecture):
    """Returns the unit's text with its headers.

    The real compiler predefines __AIENGINE__ (LA clang/lib/Basic/Targets/AIE.cpp). AMD's aie.hpp then
    includes aie_adf.hpp, which includes adf.h. Only Vitis has adf.h, so the error is "'adf.h' file not
    found" (MA pull request 3262)."""
    given = [a for i, a in enumerate(sys.argv[1:], 1)
             if a.startswith(('-D', '-I', '-std=')) or sys.argv[i - 1] == '-I']
    done = subprocess.run(['g++', '-E', '-P', '-D__AIENGINE__=1', f'-D__AIE_ARCH__={architecture}', *given,
                           value_of('-c')], capture_output=True, encoding='utf8', check=False)
    if done.returncode != 0:
        missing = re.search(r'fatal error: (\S+): No such file', done.stderr)
        calls.refuse(f"fatal error: '{missing[1]}' file not found" if missing else done.stderr)
    return done.stdout


def main():
    calls.record()
    if os.environ.get('PEANO_FAILS'):
        calls.refuse('fatal error: error in backend: unable to legalize instruction')
    name, architecture = generation()
    names = re.findall(r'^void (encoder_\w+)\(', preprocess(architecture), re.MULTILINE)
    size, frame = calls.number('PEANO_CODE', 1000), calls.number('PEANO_FRAME', 128)
    functions = {function: (size, frame, []) for function in names}
    described = {'functions': functions, 'data': calls.number('PEANO_DATA', 256), 'generation': name,
                 'frames': '-fstack-size-section' in sys.argv}
    out = elf_writer.write_object(functions, described['data'], name, with_frames=described['frames'])
    pathlib.Path(value_of('-o')).write_bytes(out + calls.MARK + json.dumps(described).encode())


main()
