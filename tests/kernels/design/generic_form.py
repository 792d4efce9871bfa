# SPDX-License-Identifier: LGPL-2.1-or-later
"""Rewrites a design's text for an MLIR parser that does not support the dialect aie.

Each operation of aie is written in MLIR's generic form, with its words and numbers as attributes in
plain braces. Operations of the other dialects (arith, scf, memref, func) are not changed, except
calls. Calls are renamed, because the parser would search for the callee outside of an unknown
operation. This module compares the types of calls with the declarations instead.
"""

import re

VALUE = r'%[\w#]+'


class UnknownForm(Exception):
    """No rule matches a line: the design contains a new construct."""


def _result(line):
    found = re.match(rf'({VALUE}) = (.*)', line)
    return (f'{found[1]} = ', found[2]) if found else ('', line)


def _attributes(*parts):
    text = ', '.join(part for part in parts if part)
    return f' {{{text}}}' if text else ''


def _channel(prefix, bundle, number):
    return f'{prefix}_bundle = "{bundle}", {prefix}_channel = {number} : i32'


def _descriptor(buffer, kind, offset, length, pattern, attributes):
    more = ''
    if pattern:
        found = re.fullmatch(r' sizes = (\[.*\]) strides = (\[.*\])', pattern)
        if not found:
            raise UnknownForm(f"no rule for a descriptor's '{pattern}'")
        more = f'sizes = {found[1]}, strides = {found[2]}'
    return (f'"aie.dma_bd"({buffer})' +
            _attributes(f'offset = {offset} : i32, len = {length} : i32', more, attributes) +
            f' : ({kind}) -> ()')


# Each rule has the pattern of a line of aie, without the result, and a function that writes the
# line in generic form.
RULES = [
    (r'aie\.tile\((\d+), (\d+)\)(?: \{(.*)\})?',
     lambda column, row, more: '"aie.tile"()' + _attributes(
         f'col = {column} : i32, row = {row} : i32', more or '') + ' : () -> index'),
    (rf'aie\.flow\(({VALUE}), (\w+) : (\d+), ({VALUE}), (\w+) : (\d+)\)',
     lambda a, a_kind, a_n, b, b_kind, b_n: f'"aie.flow"({a}, {b})' + _attributes(
         _channel('source', a_kind, a_n),
         _channel('dest', b_kind, b_n)) + ' : (index, index) -> ()'),
    (rf'aie\.shim_dma_allocation @(\w+) \(({VALUE}), (\w+), (\d+)\)',
     lambda name, tile, direction, n: f'"aie.shim_dma_allocation"({tile}) {{sym_name = "{name}", '
     f'channel_dir = "{direction}", channel_index = {n} : i32}} : (index) -> ()'),
    (rf'aie\.lock\(({VALUE}), (\d+)\) \{{(.*)\}}',
     lambda tile, n, more: f'"aie.lock"({tile})' + _attributes(f'lockID = {n} : i32', more) +
     ' : (index) -> index'),
    (rf'aie\.buffer\(({VALUE})\) \{{(.*)\}} : (memref<.*>)',
     lambda tile, more, kind: f'"aie.buffer"({tile}) {{{more}}} : (index) -> {kind}'),
    (rf'aie\.use_lock\(({VALUE}), (\w+), ({VALUE})\)',
     lambda lock, action, n:
     f'"aie.use_lock"({lock}, {n}) {{action = "{action}"}} : (index, i32) -> ()'),
    (rf'aie\.dma_bd\(({VALUE}) : (memref<[^>]*>) offset = (\d+) len = (\d+)(.*)\) \{{(.*)\}}',
     _descriptor),
    (r'aie\.next_bd (\^\w+)', lambda block: f'"aie.next_bd"()[{block}] : () -> ()'),
    (r'aie\.dma_start\((\w+), (\d+), (\^\w+), (\^\w+)\)',
     lambda direction, n, first, following: f'"aie.dma_start"()[{first}, {following}] '
     f'{{channel_dir = "{direction}", channel_index = {n} : i32}} : () -> i1'),
    (r'aie\.end', lambda: '"aie.end"() : () -> ()'),
]
# Each entry has the pattern of a line that opens a region, and a function. The function returns the
# region's head, the region's own attributes (written when the region closes) and the region's type.
REGIONS = [
    (r'aie\.device\((\w+)\) \{',
     lambda name: ('"aie.device"() ({', f'device = "{name}"', '() -> ()')),
    (rf'aie\.(core|mem|memtile_dma)\(({VALUE})\) \{{',
     lambda what, tile: (f'"aie.{what}"({tile}) ({{', '', '(index) -> index')),
]


def generic_form(design):
    """Returns the design in generic form. Raises UnknownForm, or ValueError for a call that does
    not match its declaration."""
    declared = dict(re.findall(r'func\.func private @(\w+)(\(.*\))', design))
    lines, closing = [], []
    for number, original in enumerate(design.splitlines(), 1):
        try:
            lines.append(_line(original.strip(), closing, declared))
        except (UnknownForm, ValueError) as error:
            raise type(error)(f'line {number}: {error}') from None
    return '\n'.join(lines) + '\n'


def _line(line, closing, declared):
    result, text = _result(line)
    for pattern, write in REGIONS:
        if found := re.fullmatch(pattern, text):
            head, attributes, kind = write(*found.groups())
            closing.append((attributes, kind))
            return result + head
    if found := re.fullmatch(r'\}(?: \{(.*)\})?', text):
        own, kind = closing.pop()
        if kind is None:
            return text
        return '})' + _attributes(own, found[1] or '') + f' : {kind}'
    if found := re.fullmatch(r'func\.call @(\w+)\((.*)\) : (\(.*\)) -> \(\)', text):
        if declared.get(found[1]) != found[3]:
            raise ValueError(
                f'@{found[1]} is called with {found[3]}, declared {declared.get(found[1])}')
        return f'"aie.call"({found[2]}) {{callee = @{found[1]}}} : {found[3]} -> ()'
    if not text.startswith('aie'):
        if text.endswith('{'):
            closing.append(('', None))
        return line
    for pattern, write in RULES:
        if found := re.fullmatch(pattern, text):
            return result + write(*found.groups())
    raise UnknownForm(f"no rule for '{text}'")
