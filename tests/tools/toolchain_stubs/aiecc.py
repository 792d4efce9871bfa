# SPDX-License-Identifier: LGPL-2.1-or-later
"""A stand-in for mlir-aie's aiecc. It links each core of the array program, and writes an xclbin with
the names of its kernels.

$AIECC_MEASURES=0 leaves out the checks that aiecc has only had since August 2026, and keeps no calls
in the linked images. $AIECC_LINKS=0 leaves no linked images. $AIECC_MAKES_NOTHING writes no xclbin."""
import json
import os
import pathlib
import re
import shutil
import sys

import calls
import elf_writer

# Options of aiecc (mlir-aie: tools/aiecc/CommandLineOptions.h), without the options for the host's
# program, for Chess and for checkpoints.
SELECTORS = ('input-with-addresses', 'scratchpad-parameters', 'core-elfs', 'npu-insts', 'elf', 'cdo',
             'pdi', 'txn', 'ctrlpkt', 'xclbin', 'full-elf', 'locmap', 'host', 'aiesim')
WITH_VALUE = ('tmpdir', 'output-dir', 'device-name', 'alloc-scheme', 'peano', 'opt-level', 'sequence-name',
              'xclbin-name', 'xclbin-kernel-name', 'xclbin-instance-name', 'xclbin-kernel-id',
              'xclbin-input', 'xclbinutil-path', 'default-stack-size', 'nthreads')
WITHOUT_VALUE = ('verbose', 'v', 'dump-intermediates', 'no-progress', 'no-measure-stack-size')
START_UP = {'_main_init': (880, 64, None)}  # A linked core has 880 bytes more than its object, as on silicon.
CORE_FRAME = 96
PROGRAM_BYTES = 16 * 1024
INPUT_CHANNELS = 2


def parse(arguments):
    """Returns the options and the input file."""
    options, rest, arguments = {'get': set()}, [], list(arguments)
    while arguments:
        word = arguments.pop(0)
        name, equals, value = word.lstrip('-').partition('=')
        if not word.startswith('-'):
            rest.append(word)
        elif name.startswith('get-'):
            if name[4:] not in SELECTORS:  # applyOutputSelectorFlags()
                calls.refuse(f"aiecc: unknown output selector '{word}'; available selectors are: ...")
            options['get'].add(name[4:])
        elif name in WITH_VALUE:
            options[name] = value if equals else arguments.pop(0)
        elif name not in WITHOUT_VALUE:
            # llvm/lib/Support/CommandLine.cpp, ParseCommandLineOptions()
            calls.refuse(f"aiecc: Unknown command line argument '{word}'.  Try: 'aiecc --help'")
    if len(rest) != 1:  # "exactly one input MLIR file" (positionalArgs)
        calls.refuse(f'aiecc: expected one input file, got {len(rest)}')
    return options, pathlib.Path(rest[0])


def check_tools(options):
    peano = pathlib.Path(options.get('peano', '/none'))
    if not peano.is_dir():  # MA tools/aiecc/Actions.h, addInstallPrefix()
        calls.refuse(f'aiecc: --peano directory does not exist: {peano}')
    found = {'opt': peano / 'bin/opt', 'llc': peano / 'bin/llc', 'xclbinutil': shutil.which('xclbinutil')}
    for tool, path in found.items():
        if not path or not os.access(path, os.X_OK):  # Actions.h, ShellCommand::run()
            calls.refuse(f"aiecc: ShellCommand: tool '{tool}' not found in search paths or PATH")


def check_channels(program):
    """MA lib/Dialect/AIE/IR/AIEDialect.cpp: a core has two input channels. Users see this as "requires
    3 input DMA channels" (README of drakosha/whisper-xdna)."""
    for memory in re.findall(r'aie\.mem\(.*?\n *\}', program, re.DOTALL):
        if len(set(re.findall(r'dma_start\(S2MM, (\d+)', memory))) > INPUT_CHANNELS:
            calls.refuse("error: 'aie.mem' op uses more input channels than available on this tile")


def data_region(tile, stack, program):
    """Returns the size in bytes of the largest gap behind the stack and between the buffers (MA pull
    request 3406)."""
    sizes = {'bf16': 2, 'i32': 4, 'f32': 4}
    taken = [(0, stack)] + [(int(begin), int(begin) + int(count) * sizes[kind]) for begin, count, kind in
                            re.findall(rf'aie\.buffer\({tile}\) \{{address = (\d+) : i32[^}}]*\}} : '
                                       r'memref<(\d+)x(\w+)>', program)]
    edges = sorted(taken) + [(64 * 1024, 0)]
    return max(after[0] - before[1] for before, after in zip(edges, edges[1:]))


def deepest(functions, name):
    _, frame, callees = functions[name]
    return (frame or 0) + max((deepest(functions, callee) for callee in callees), default=0)


def check_linked(core, functions, described, stack, region):
    """The messages are those of MA programming_guide/core_data_memory.md. A published log contains
    the first: "section '.text' will not fit in region 'program': overflowed by 224 bytes" (MA pull request
    3618 made the region 16 KiB)."""
    over = sum(size for size, _, _ in functions.values()) - PROGRAM_BYTES
    if over > 0:
        calls.refuse(f"ld.lld: error: section '.text' will not fit in region 'program': overflowed by "
                     f"{over} bytes\naiecc: core {core}: its code exceeds the tile's program memory.")
    if described['data'] > region:  # MA pull request 3406
        calls.refuse(f"ld.lld: error: section '.data' will not fit in region 'data': overflowed by "
                     f"{described['data'] - region} bytes")
    needed = deepest(functions, '_main_init')
    if needed > stack:  # MA pull request 3613
        calls.refuse(f'error: stack_size = {stack} is insufficient: this core needs {needed} bytes')
    if not described['frames']:
        print(f'warning: no stack size information for {len(described["functions"])} function(s) this core '
              f'reaches, so its requirement is at least {needed} bytes and may be higher')


def link(core, kernel, stack, region, program):
    """Returns the linked image of a core."""
    if not kernel.is_file():  # lld/ELF/InputFiles.cpp, readFile()
        calls.refuse(f'ld.lld: error: cannot open {kernel.name}: No such file or directory')
    described = calls.read_object(kernel)
    wanted = re.findall(r'func\.func private @(\w+)\(', program)
    for name in wanted:
        if name not in described['functions']:  # lld/ELF/Relocations.cpp, reportUndefinedSymbol()
            calls.refuse(f'ld.lld: error: undefined symbol: {name}')
    measures = os.environ.get('AIECC_MEASURES') != '0'
    frames = {name: (size, frame if described['frames'] else None, callees)
              for name, (size, frame, callees) in described['functions'].items()}
    own = {core: (600, CORE_FRAME if measures else None, wanted)}
    start = {name: (size, frame, [core]) for name, (size, frame, _) in START_UP.items()}
    functions = {**start, **own, **frames}
    if measures:
        check_linked(core, functions, described, stack, region)
    return elf_writer.write_linked(functions, described['data'], described['generation'], measures)


def link_cores(program, work):
    tiles = re.findall(r'%(core_\d+_\d+) = aie\.core\((%\w+)\)', program)
    linked = re.findall(r'link_with = "([^"]*)", stack_size = (\d+)', program)
    for (core, tile), (kernel, stack) in zip(tiles, linked, strict=True):
        image = link(core, pathlib.Path(kernel), int(stack), data_region(tile, int(stack), program), program)
        if os.environ.get('AIECC_LINKS') != '0':
            folder = work / f'elfs_main_{core}'
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f'elfs_main_{core}.elf').write_bytes(image)


def main():
    calls.record()
    options, source = parse(sys.argv[1:])
    check_tools(options)
    program = source.read_text(encoding='utf8')
    check_channels(program)
    link_cores(program, pathlib.Path(options.get('tmpdir', f'{source.name}.prj')))
    before = options.get('xclbin-input')
    kernels = json.loads(pathlib.Path(before).read_text(encoding='utf8')) if before else []
    kernels.append([options.get('xclbin-kernel-name', 'MLIR_AIE'), options.get('xclbin-kernel-id', '0x901'),
                    options.get('xclbin-instance-name', 'MLIRAIE')])
    if 'xclbin' in options['get'] and not os.environ.get('AIECC_MAKES_NOTHING'):
        pathlib.Path(options.get('xclbin-name', 'aie.xclbin')).write_text(json.dumps(kernels), encoding='utf8')


main()
