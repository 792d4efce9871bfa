# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measures the code, the stack and the static data of a configuration's cores, and compares them with
their limits."""

import dataclasses
import re

from image_tool.elf import Elf
from image_tool.reporting import BuildError, say

# Program memory of a core (getProgramMemorySize() in mlir-aie's target model).
CODE_BYTES = 16 * 1024
MEMORY_BYTES = 64 * 1024  # Data memory of a core.
ELEMENT_BYTES = {'i8': 1, 'bf16': 2, 'i16': 2, 'i32': 4, 'f32': 4}
# A function in Peano's crt1.o that calls the core's program. Its frame stays on the stack.
START_UP = '_main_init'
# Upper bound in bytes for the stack frame of START_UP. It is used if Peano's object does not contain
# the size. The frame has 32 bytes on AIE2 and 64 bytes on AIE2P (tools/aiecc/StackSizeAnalysis.cpp in
# mlir-aie).
START_UP_FRAME = 64
CORE_ELF = re.compile(r'core_(\d+)_(\d+)\.elf$')


@dataclasses.dataclass
class Limits:
    """The limits of the memory of a core of an array program, in bytes."""
    code: int
    stack: int
    data: int


@dataclasses.dataclass
class Sizes:
    """The sizes of a core's image in bytes.

    unmeasured: names of the functions whose frame sizes are unknown. If there are any, `stack` is a
    lower bound."""
    code: int
    stack: int
    data: int
    unmeasured: set


def largest_gap(taken):
    """Returns the size in bytes of the largest gap in a core's memory. aiecc places static data there.

    taken: the parts (begin, end) that are in use."""
    gap = position = 0
    for begin, end in [*sorted(taken), (MEMORY_BYTES, MEMORY_BYTES)]:
        gap = max(gap, begin - position)
        position = max(position, end)
    return gap


def read_limits(program):
    """Returns the limits of each core of an array program (MLIR), by (column, row)."""
    buffers = {}
    for tile, address, shape, element in re.findall(
            r'aie\.buffer\((%\w+)\) \{address = (\d+) : i32[^}]*\} : memref<([\dx]+)x(\w+)>', program):
        size = ELEMENT_BYTES[element]
        for number in shape.split('x'):
            size *= int(number)
        buffers.setdefault(tile, []).append((int(address), int(address) + size))
    tiles = re.findall(r'= aie\.core\((%\w+)\)', program)
    stacks = [int(size) for size in re.findall(r'link_with = "[^"]*", stack_size = (\d+) : i32', program)]
    places = dict(re.findall(r'(%\w+) = aie\.tile\((\d+, \d+)\)', program))
    limits = {}
    for tile, stack in zip(tiles, stacks, strict=True):
        column, row = places[tile].split(', ')
        data = largest_gap([(0, stack), *buffers.get(tile, [])])
        limits[int(column), int(row)] = Limits(CODE_BYTES, stack, data)
    return limits


def longest_path(frames, calls, root):
    """Returns the stack size in bytes of the deepest chain of calls from `root`, and the functions
    without a known frame size, which count as 0 bytes. Raises BuildError if functions call each other in
    a cycle. Elf.calls() leaves out references of a function to itself, because most of them are jumps of
    loops, so a function that calls itself is not detected."""
    unmeasured, known = set(), {}

    def depth(name, path):
        if name in path:
            raise BuildError(f'the stack of {root} has no limit: {" calls ".join([*path, name])}')
        if name not in known:
            if name not in frames:
                unmeasured.add(name)
            below = [depth(callee, [*path, name]) for callee in sorted(calls.get(name, ()))]
            known[name] = frames.get(name, 0) + max(below, default=0)
        return known[name]

    return depth(root, []), unmeasured


def merge(into, more):
    for name, callees in more.items():
        into.setdefault(name, set()).update(callees)


def measure(linked, kernel):
    """Returns the sizes of a core from its linked image and its kernel's object (both Elf).

    If the linker has removed the relocations, the image does not show the calls. In this case, the
    core's program counts as the caller of each of the kernel's functions."""
    frames = {START_UP: START_UP_FRAME, **kernel.frame_bytes(), **linked.frame_bytes()}
    calls = {}
    merge(calls, kernel.calls())
    merge(calls, linked.calls())
    program = next((f.name for f in linked.functions() if re.fullmatch(r'core_\d+_\d+', f.name)), None)
    if program is None:
        raise BuildError('found no function core_COLUMN_ROW in the linked image of a core')
    if program not in calls:
        calls[program] = {function.name for function in kernel.functions()}
    calls.setdefault(START_UP, set()).add(program)
    stack, unmeasured = longest_path(frames, calls, START_UP)
    return Sizes(linked.code_bytes(), stack, linked.data_bytes(), unmeasured)


def core_images(folder):
    """Returns the paths of the linked images in aiecc's work folder, by the core's (column, row)."""
    found = {}
    # aiecc may link a core twice: first to measure it, then to its final addresses.
    for path in sorted(folder.rglob('*.elf'), key=lambda path: path.stat().st_mtime_ns):
        match = CORE_ELF.search(path.name)
        if match:
            found[int(match[1]), int(match[2])] = path
    return found


def measure_object(kernel):
    """Returns the sizes of a kernel's object, which are lower bounds of those of a core."""
    paths = [longest_path(kernel.frame_bytes(), kernel.calls(), function.name)
             for function in kernel.functions()]
    return Sizes(kernel.code_bytes(), START_UP_FRAME + max((path[0] for path in paths), default=0),
                 kernel.data_bytes(), {"the core's program"}.union(*(path[1] for path in paths)))


def measure_all(folder, kernel_path, program):
    """Returns (place, sizes, limits) for each core of an array program. `folder` is aiecc's work
    folder. If it contains no linked images, prints a warning and returns the sizes of the kernel's
    object. Raises BuildError if only some cores have linked images."""
    kernel, images, measured = Elf(kernel_path), core_images(folder), []
    if not images:
        say(f'warning: aiecc left no linked images of cores in {folder}: the sizes of '
            f'{kernel_path.name} alone are used, without the core\'s program')
    for place, limits in read_limits(program).items():
        if images and place not in images:
            raise BuildError(f'aiecc left no linked image of core {place} in {folder}')
        sizes = measure(Elf(images[place]), kernel) if images else measure_object(kernel)
        measured.append((place, sizes, limits))
    return measured


def excess(sizes, limits):
    """Returns a message for each limit that a core's image exceeds."""
    return [f'{what}: found {getattr(sizes, what)} bytes, wanted at most {getattr(limits, what)}'
            for what in ('code', 'stack', 'data') if getattr(sizes, what) > getattr(limits, what)]


def check(name, measured):
    """Raises BuildError if a core's image exceeds a limit. A stack that is too large overwrites the
    core's buffers, and nothing reports it at run time."""
    for place, sizes, limits in measured:
        problems = excess(sizes, limits)
        if problems:
            raise BuildError(f'{name}, core {place}: {"; ".join(problems)}')


def largest(measured, what):
    """Returns (size in bytes, limit) of the core with the least free memory for `what`: code, stack or
    data."""
    return min(((getattr(sizes, what), getattr(limits, what)) for _, sizes, limits in measured),
               key=lambda pair: pair[1] - pair[0])


def table(measured_by_name):
    """Returns a table of the configurations' core images. Each size is that of the core with the least
    free memory."""
    rows = [('core image', 'cores', 'code', 'stack', 'static data')]
    for name, measured in measured_by_name.items():
        is_bound = any(sizes.unmeasured for _, sizes, _ in measured)
        cells = ['{:,} of {:,}'.format(*largest(measured, what)) for what in ('code', 'stack', 'data')]
        if is_bound:
            cells[1] = 'at least ' + cells[1]
        rows.append((name, str(len(measured)), *cells))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return '\n'.join('  '.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
                     for row in rows)
