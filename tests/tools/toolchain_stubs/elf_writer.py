# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes small ELF files of 32 bits, as Peano and its linker do: an object with a section for each
function, and the linked image of a core."""
import struct

EM_AIENGINE = 264
EF_GENERATION = {'aie2': 2, 'aie2p': 3}  # e_flags (MA tools/aiecc/StackSizeAnalysis.cpp)
DATA_ADDRESS = 0x70000
PROGBITS, SYMTAB, STRTAB, RELA, NOBITS = 1, 2, 3, 4, 8
WRITE, ALLOC, EXEC, LINK_ORDER = 1, 2, 4, 0x80
GLOBAL_FUNCTION, GLOBAL_UNKNOWN, LOCAL_SECTION = 0x12, 0x10, 0x03


class ElfWriter:
    """Collects sections and symbols, and returns the file's bytes. The caller adds local symbols
    before global ones."""

    def __init__(self, is_object, generation, machine=EM_AIENGINE):
        self._kind, self._machine = 1 if is_object else 2, machine
        self._flags = EF_GENERATION[generation]
        self._sections = [('', 0, 0, b'', 0, 0, 0, 0, 0)]
        self._symbols, self._symbol_names = [struct.pack('<IIIBBH', 0, 0, 0, 0, 0, 0)], b'\0'

    def section(self, name, kind, flags, content, *, address=0, size=None, link=0, info=0, entry=0):
        """Adds a section and returns its number. size: the size of a section without content in the file."""
        size = len(content) if size is None else size
        self._sections.append((name, kind, flags, content, address, size, link, info, entry))
        return len(self._sections) - 1

    def symbol(self, name, value, size, info, section):
        """Adds a symbol and returns its number."""
        self._symbols.append(struct.pack('<IIIBBH', len(self._symbol_names), value, size, info, 0, section))
        self._symbol_names += name.encode() + b'\0'
        return len(self._symbols) - 1

    def finish(self, n_local):
        """Returns the file. n_local: the number of local symbols, including the empty first one."""
        table = self.section('.symtab', SYMTAB, 0, b''.join(self._symbols), link=len(self._sections) + 1,
                             info=n_local, entry=16)
        self.section('.strtab', STRTAB, 0, self._symbol_names)
        names = b''.join(name[0].encode() + b'\0' for name in self._sections) + b'.shstrtab\0'
        self.section('.shstrtab', STRTAB, 0, names)
        body, rows, name_at = b'', [], 0
        for name, kind, flags, content, address, size, link, info, entry in self._sections:
            link = table if kind == RELA else link
            rows.append((name_at, kind, flags, address, 52 + len(body), size, link, info, 1, entry))
            name_at += len(name) + 1
            body += content
        body += b'\0' * (-len(body) % 4)
        header = b'\x7fELF\x01\x01\x01' + bytes(9) + struct.pack(
            '<HHIIIIIHHHHHH', self._kind, self._machine, 1, 0, 0, 52 + len(body), self._flags, 52, 0, 0,
            40, len(rows), len(rows) - 1)
        return header + body + b''.join(struct.pack('<10I', *row) for row in rows)


def uleb128(value):
    coded = b''
    while value >= 0x80:
        coded += bytes([value & 0x7f | 0x80])
        value >>= 7
    return coded + bytes([value])


def write_object(functions, data_bytes, generation, *, with_frames=True, machine=EM_AIENGINE):
    """Returns an object file.

    functions: {name: (code bytes, frame bytes, names of called functions)}; with_frames: as with
    Peano's option -fstack-size-section."""
    elf = ElfWriter(True, generation, machine)
    texts = {name: elf.section(f'.text.{name}', PROGBITS, ALLOC | EXEC, bytes(size))
             for name, (size, _, _) in functions.items()}
    elf.section('.rodata', PROGBITS, ALLOC, bytes(data_bytes))
    elf.section('.bss', NOBITS, ALLOC | WRITE, b'', size=16)
    local = {name: elf.symbol('', 0, 0, LOCAL_SECTION, number) for name, number in texts.items()}
    numbers = {name: elf.symbol(name, 0, functions[name][0], GLOBAL_FUNCTION, texts[name]) for name in functions}
    for name, (_, _, callees) in functions.items():
        for callee in callees:
            if callee not in numbers:
                numbers[callee] = elf.symbol(callee, 0, 0, GLOBAL_UNKNOWN, 0)
    for name, (_, _, callees) in functions.items():
        rows = b''.join(struct.pack('<IIi', 4 * i, numbers[callee] << 8 | 1, 0)
                        for i, callee in enumerate(callees))
        elf.section(f'.rela.text.{name}', RELA, 0, rows, info=texts[name], entry=12)
    for name, (_, frame, _) in functions.items() if with_frames else ():
        # With a section for each function, compilers also write a section of frame sizes for each function.
        number = elf.section('.stack_sizes', PROGBITS, LINK_ORDER, bytes(4) + uleb128(frame), link=texts[name])
        elf.section('.rela.stack_sizes', RELA, 0, struct.pack('<IIi', 0, local[name] << 8 | 1, 0), info=number,
                    entry=12)
    return elf.finish(1 + len(local))


def write_linked(functions, data_bytes, generation, with_calls=True):
    """Returns the linked image of a core.

    functions: {name: (code bytes, frame bytes or None, names of called functions)}; with_calls: as
    with the linker's option --emit-relocs."""
    elf = ElfWriter(False, generation)
    addresses, position = {}, 0
    for name, (size, _, _) in functions.items():
        addresses[name] = position
        position += size
    text = elf.section('.text', PROGBITS, ALLOC | EXEC, bytes(position))
    elf.section('.data', PROGBITS, ALLOC | WRITE, bytes(data_bytes), address=DATA_ADDRESS)
    frames = b''.join(struct.pack('<I', addresses[name]) + uleb128(frame)
                      for name, (_, frame, _) in functions.items() if frame is not None)
    elf.section('.stack_sizes', PROGBITS, 0, frames)
    numbers = {name: elf.symbol(name, addresses[name], size, GLOBAL_FUNCTION, text)
               for name, (size, _, _) in functions.items()}
    if with_calls:
        rows = b''.join(struct.pack('<IIi', addresses[name] + 4 * i, numbers[callee] << 8 | 1, 0)
                        for name, (_, _, callees) in functions.items() for i, callee in enumerate(callees))
        elf.section('.rela.text', RELA, 0, rows, info=text, entry=12)
    return elf.finish(1)
